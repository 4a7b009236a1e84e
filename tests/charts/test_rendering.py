"""What is rendered as a whole, and what values change in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from ethinfra.clients import known_clients
from ethinfra.deploy import Rendered
from ethinfra.deploy.rules import Manifests, complaints
from ethinfra.environment import load_environment
from ethinfra.kube import Object
from ethinfra.paths import ROOT
from tests.charts.conftest import ENVIRONMENTS, render

Render = Callable[..., list[Object]]

#: Rules that look beyond one release of the ethereum layer.
WIDER = {
    "namespaces_deny_by_default",
    "namespaces_enforce_pod_security",
    "namespaces_have_limits",
    "pods_find_what_they_mount",
    "priorities_exist",
    "storage_classes_exist",
}

#: Namespaces of what serves several layers.
SHARED = {"chunk-cache", "keda"}

SECRET = {
    "sync.defaults.jwt.generate": False,
    "sync.defaults.jwt.existingSecret": {"name": "engine-jwt", "key": "jwt.hex"},
}

DIGEST = "sha256:" + "ab" * 32


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_rendering_again_gives_the_same_bytes(environment: str, rendered: Callable[[str], list[Rendered]]) -> None:
    """No time, random number or order of a map is in it: drift and "changes nothing" rest on that."""
    again = render(environment)

    assert [(layer.layer, layer.digest) for layer in again] == [
        (layer.layer, layer.digest) for layer in rendered(environment)
    ]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_layer_has_its_namespace(environment: str, manifests: Callable[[str], Manifests]) -> None:
    """Pending layers too, so that nothing runs in them unguarded one day. kube-system is the cluster's.

    What serves several layers has one of its own.
    """
    wanted = {layer.namespace for layer in load_environment(environment).layers} - {"kube-system"}

    assert {one["metadata"]["name"] for one in manifests(environment).of_kind("Namespace")} - SHARED == wanted


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_lie_is_noticed_within_the_readiness_budget(environment: str, manifests: Callable[[str], Manifests]) -> None:
    """The kubelet asks often enough, the last answer's timeout included."""
    budget = load_environment(environment).timeout("readiness")
    probes = [node.container("execution")["readinessProbe"] for node in manifests(environment).nodes]

    assert probes
    assert max(one["failureThreshold"] * (one["periodSeconds"] + one["timeoutSeconds"]) for one in probes) < budget


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_probe_judges_by_the_environments_budget(environment: str, manifests: Callable[[str], Manifests]) -> None:
    limit = f"--max-head-age={load_environment(environment).budget('headAge'):g}"

    assert all(limit in node.container("probe")["args"] for node in manifests(environment).nodes)


def test_the_mnemonic_of_the_funded_accounts_is_in_no_manifest(local: Manifests) -> None:
    network = yaml.safe_load((ROOT / "values" / "networks" / "devnet.yaml").read_text())["network"]

    assert network["fundedAccounts"]["mnemonic"] not in yaml.safe_dump(list(local.objects), width=10_000)


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_peers_on_the_internet_are_outside_of_private_ranges(
    environment: str, manifests: Callable[[str], Manifests]
) -> None:
    """Else a policy for the internet would open the cluster's own networks and the cloud's metadata service."""
    blocks = [
        peer["ipBlock"]
        for policy in manifests(environment).of_kind("NetworkPolicy")
        if policy["metadata"]["name"].endswith("-p2p")
        for rule in [*policy["spec"].get("ingress", []), *policy["spec"].get("egress", [])]
        for peer in [*rule.get("from", []), *rule.get("to", [])]
        if "ipBlock" in peer
    ]

    assert blocks
    private = {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16"}
    assert all(private <= set(block.get("except", [])) for block in blocks)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        SECRET,
        {
            "sync.defaults.consensus.checkpointSyncUrl": "http://geth-beacon.ethereum.svc:3500",
            "sync.defaults.execution.syncMode": "snap",
        },
        {"sync.defaults.placement.antiAffinity": "required", "sync.defaults.placement.spread": "DoNotSchedule"},
        {"serviceMonitor.enabled": True},
        {"network.create.enabled": True, "validators.enabled": True, "validators.bootnode": False},
        {"probe.image.digest": DIGEST, "clients.geth.execution.image.digest": DIGEST},
    ],
    ids=lambda changes: ", ".join(changes) or "nothing",
)
def test_rules_hold_whatever_is_switched(changes: dict[str, Any], ethereum: Render) -> None:
    """What is off by default breaks first, because nobody renders it."""
    assert complaints(Manifests(tuple(ethereum(changes)), known_clients())).keys() <= WIDER


def test_jwt_of_an_existing_secret_is_mounted_and_not_made(ethereum: Render) -> None:
    (node,) = Manifests(tuple(ethereum(SECRET)), known_clients()).nodes
    (volume,) = (one for one in node.spec["volumes"] if one["name"] == "jwt")

    assert volume["secret"]["secretName"] == "engine-jwt"
    assert volume["secret"]["items"] == [{"key": "jwt.hex", "path": "jwt.hex"}]
    assert "jwt" not in {one["name"] for one in node.spec["initContainers"]}


def test_a_digest_pins_an_image_beside_its_tag(ethereum: Render) -> None:
    (node,) = Manifests(tuple(ethereum({"probe.image.digest": DIGEST})), known_clients()).nodes

    assert node.container("probe")["image"] == f"ghcr.io/ethinfra/node-probe:0.1.0@{DIGEST}"


def test_a_node_without_devp2p_keeps_its_consensus_peers_only(ethereum: Render) -> None:
    """The control of the scenario about late nodes rests on this."""
    objects = ethereum({"networkPolicy.devp2p": False})
    (policy,) = (one for one in objects if one["metadata"]["name"] == "geth-p2p" and one["kind"] == "NetworkPolicy")
    opened = {
        port["port"] for way in ("ingress", "egress") for rule in policy["spec"][way] for port in rule.get("ports", [])
    }

    assert opened == {13000, 12000}
    assert not complaints(Manifests(tuple(objects), known_clients())).keys() - WIDER
    (node,) = Manifests(tuple(objects), known_clients()).nodes
    assert node.labels["ethinfra.io/p2p"] == "consensus"


def test_another_genesis_makes_the_pods_anew(ethereum: Render) -> None:
    def mark(changes: dict[str, Any]) -> str:
        (node,) = Manifests(tuple(ethereum(changes)), known_clients()).nodes
        return node.template["metadata"]["annotations"]["ethinfra.io/chain"]

    assert mark({"network.genesis.validators": 32}) != mark({})

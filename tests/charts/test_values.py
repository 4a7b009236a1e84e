"""What the charts refuse. helm checks values against the schemas; each problem is told with the path of its key."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from ethinfra.paths import ROOT
from ethinfra.process import CommandFailed, run
from ethinfra.toolchain import tool

CHARTS = ("ethereum-infrastructure", "infrastructure", "registry")

#: Keys of Kubernetes' own objects inside the values, and of helm; no manual of ours explains them.
NOT_OURS = {
    "matchLabels", "matchExpressions", "ephemeral-storage", "global", "nodeAffinity", "podAffinity", "podAntiAffinity",
    "key", "operator", "value", "values", "effect", "tolerationSeconds",
}  # fmt: skip

#: A name where a map takes any; a number is a place in a list.
ANY = "any"

Path_ = tuple[str | int, ...]

#: None takes a key out that the defaults have.
WRONG: dict[str, list[tuple[str, Any]]] = {
    "ethereum-infrastructure": [
        ("network.name", "Dev_Net"),
        ("network.chainId", 0),
        ("network.preset", "goerli"),
        ("network.genesis.fork", "shanghai"),
        ("network.genesis.beaconConfig.SECONDS_PER_SLOT", 2),
        ("network.fundedAccounts.addresses", ["0x12"]),
        ("sync.replicas", 2),
        ("sync.node", []),
        ("sync.defaults.replicas", -1),
        ("sync.defaults.replica", 2),
        ("sync.defaults.name", "geth"),
        ("sync.defaults.execution.syncMode", ""),
        ("sync.defaults.execution.cacheMiB", "128"),
        ("sync.defaults.execution.extraArgs", ["cache=128"]),
        ("sync.defaults.execution.extraArgs", ["--cache 128"]),
        ("sync.defaults.execution.resources.limits.memory", "-1Gi"),
        ("sync.defaults.execution.resources.requests", {"cpu": "many", "memory": "1Gi"}),
        ("sync.defaults.execution.options.tls", {"form": "secret"}),
        ("sync.defaults.consensus.checkpointSyncUrl", "beacon.example"),
        ("sync.defaults.consensus.feeRecipient", "vitalik.eth"),
        ("sync.defaults.rpc.namespaces", ["eth", "admin"]),
        ("sync.defaults.rpc.namespaces", ["eth", "engine"]),
        ("sync.defaults.rpc.namespaces", []),
        ("sync.defaults.jwt.generate", "yes"),
        ("sync.defaults.jwt.secret", "5e" * 32),
        ("sync.defaults.storage.execution", {"className": "", "size": "1Gi"}),
        ("sync.defaults.storage.consensus.size", None),
        ("sync.defaults.storage.whenDeleted", "Recycle"),
        ("sync.defaults.placement.antiAffinity", "zone"),
        ("sync.defaults.placement.topologyKeys", []),
        ("sync.defaults.gracePeriodSeconds", 10),
        ("sync.defaults.bootnode", True),
        ("sync.defaults.probes.readiness.periodSeconds", None),
        ("sync.nodes", {"geth": {}}),
        ("sync.nodes.0.name", "Geth"),
        ("sync.nodes.0.nmae", "geth"),
        ("sync.nodes.0.network.preset", "goerli"),
        ("sync.nodes.0.execution.resources.limits.memory", "much"),
        ("validators.replicas", 2),
        ("validators.validator.keys", ["0x1"]),
        ("probe.image.tag", "latest"),
        ("probe.image.digest", "sha256:12"),
        ("probe.port", 70000),
        ("imageLock", {"ghcr.io/ethinfra/node-probe:0.1.0": "sha256:12"}),
        ("security.user", 0),
        ("networkPolicy.apiServer.cidr", "the API server"),
        ("networkPolicy.apiServer.ports", []),
        ("networkPolicy.rpcClients.podSelector.matchExpressions", [{"key": "a", "operator": "Is"}]),
        ("clients.geth.execution.image.tag", "latest"),
        ("clients.geth.execution.stopSignal", "SIGKILL"),
        ("clients.geth.execution.ports.rpc", 0),
        ("clients.geth.execution.flags.rcp", ["--http"]),
        ("clients.geth.execution.metricsPath", "/metrics"),
        ("clients.geth.execution.health.path", "health"),
        ("clients.geth.execution.peerPorts.0.protocol", "QUIC"),
        ("clients.geth.execution.options.tls.file", "secret"),
        ("clients.geth.executoin", {}),
        ("nodes", []),
        ("global.network", "devnet"),
    ],
    "infrastructure": [
        ("namespaces.Ethereum", {"podSecurity": "restricted", "defaultDeny": True}),
        ("namespaces.ethereum", {"podSecurity": "restricted"}),
        ("namespaces.ethereum.podSecurity", "none"),
        ("namespaces.ethereum.quota", {"pods": "many"}),
        ("namespaces.ethereum.defaults", {"limits": {}}),
        ("storage.classes.chain-data", {"provisioner": "", "reclaimPolicy": "Delete", "allowVolumeExpansion": True}),
        ("storage.classes.chain-data.reclaimPolicy", "Recycle"),
        ("storage.localVolumes", [{"name": "a", "className": "b", "node": "c", "path": "mnt", "capacity": "1Ti"}]),
        ("dns.podLabels", {"k8s-app": None}),
        ("priorities.chain-critical", {"value": 2000000000, "description": "above the cluster's own"}),
        ("operatorGroups", [""]),
        ("operatorGroup", []),
    ],
    "registry": [
        ("images.registry.repository", "registry"),
        ("images.gateway.tag", "latest"),
        ("images.pullPolicy", "Sometimes"),
        ("imageLock", {"docker.io/library/nginx:1.22.1": ""}),
        ("persistence.storageClassName", ""),
        ("persistence.size", "big"),
        ("secrets.tls", ""),
        ("secrets.password", "hunter2"),
        ("networkPolicy.clientLabels", {"ethinfra.io/registry-client": None}),
        ("networkPolicy.nodeRanges", ["0.0.0.0/0"]),
        ("networkPolicy.nodeRanges", ["10.0.0.1"]),
        ("resources.registry.limits.memory", None),
        ("uploads.purgeAfter", "a day"),
        ("terminationGracePeriodSeconds", 0),
        ("tolerations", [{"effect": "Never"}]),
        ("replicas", 2),
    ],
}


def refusal(chart: str, values: dict[str, Any], folder: Path) -> str:
    """What helm says of values that the schema refuses."""
    file = folder / "values.yaml"
    file.write_text(yaml.safe_dump(values))
    with pytest.raises(CommandFailed) as refused:
        run([tool("helm"), "template", "tried", ROOT / "charts" / chart, "--values", file])
    assert "don't meet the specifications of the schema" in refused.value.output
    return refused.value.output


def nested(path: Path_, value: Any) -> Any:
    for key in reversed(path):
        value = {key: value} if isinstance(key, str) else [value]
    return value


def put(values: Any, path: Path_, value: Any) -> None:
    """Set a value inside maps and lists of one entry, which are made on the way."""
    for key, below in pairwise(path):
        empty: Any = {} if isinstance(below, str) else [{}]
        if isinstance(key, int) and not values[key]:
            values[key] = empty
        values = values.setdefault(key, empty) if isinstance(key, str) else values[key]
    values[path[-1]] = value


def pointer(path: Path_) -> str:
    """As helm names a place in the values."""
    return "".join(f"/{key}" for key in path)


@pytest.mark.parametrize(
    ("chart", "key", "value"),
    [pytest.param(chart, *case, id=f"{chart}: {case[0]}={case[1]}") for chart in CHARTS for case in WRONG[chart]],
)
def test_wrong_value_is_refused_with_the_path_of_its_key(chart: str, key: str, value: Any, tmp_path: Path) -> None:
    path = tuple(int(one) if one.isdigit() else one for one in key.split("."))

    said = refusal(chart, nested(path, value), tmp_path)

    # An unknown or missing key is told as the path of its map and its name.
    told = pointer(path) in said or (f"at '{pointer(path[:-1])}'" in said and f"'{path[-1]}'" in said)
    assert told, said


@pytest.mark.parametrize("chart", CHARTS)
def test_unknown_key_is_refused_at_every_level(chart: str, tmp_path: Path) -> None:
    levels = [path for path, schema in schema_of(chart) if schema.get("type") == "object" and "properties" in schema]
    values: dict[str, Any] = {}
    for path in levels:
        put(values, (*path, "misspelt"), 1)

    said = refusal(chart, values, tmp_path)

    untold = [path for path in levels if f"at '{pointer(path)}': additional" not in said]
    assert untold == []


@pytest.mark.parametrize("chart", CHARTS)
def test_ill_typed_value_is_refused_at_every_key(chart: str, tmp_path: Path) -> None:
    keys = [path for path, schema in schema_of(chart) if not composite(schema) and path]
    values: dict[str, Any] = {}
    for path in keys:
        put(values, path, 1.5 if schema_at(chart, path).get("type") != "number" else "1.5")

    said = refusal(chart, values, tmp_path)

    assert [path for path in keys if f"at '{pointer(path)}'" not in said] == []


@pytest.mark.parametrize("chart", CHARTS)
def test_every_level_of_the_schema_is_closed(chart: str) -> None:
    """A map is either of known keys, or of free ones whose values are described."""

    def open_levels(schema: Any, where: str) -> Iterator[str]:
        if isinstance(schema, dict):
            if schema.get("type") == "object" and "additionalProperties" not in schema:
                yield where
            for key, below in schema.items():
                yield from open_levels(below, f"{where}/{key}")

    # go-ethereum's own format, and Kubernetes'.
    affinity = "/$defs/placement/properties/affinity/properties"
    free = {
        "/$defs/network/properties/genesis/properties/execution",
        "/$defs/network/properties/genesis/properties/formats/additionalProperties",
        *(f"{affinity}/{kind}Affinity" for kind in ("node", "pod")),
        f"{affinity}/podAntiAffinity",
    }
    assert set(open_levels(document(chart), "")) - free == set()


@pytest.mark.parametrize("chart", CHARTS)
def test_every_key_of_the_schema_is_in_the_manual(chart: str) -> None:
    """`values.yaml` has it, or shows it commented out. What is known of a client is described with the client files."""
    manual = (ROOT / "charts" / chart / "values.yaml").read_text()
    unknown = [
        pointer(path)
        for path, _ in schema_of(chart)
        if path and path[0] != "clients" and path[-1] not in {*NOT_OURS, ANY, 0} and not shown(str(path[-1]), manual)
    ]

    assert unknown == []


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (
            {"sync.defaults.jwt.existingSecret.name": "jwt"},
            "sync.nodes[geth].jwt: generate and existingSecret exclude each other",
        ),
        ({"sync.defaults.jwt.generate": False}, "sync.nodes[geth].jwt: generate is false, so existingSecret.name"),
        (
            {"sync.nodes": [{"name": "one", "execution": {"client": "parity"}}]},
            'sync.nodes[one].execution.client: no client "parity"; known: geth, prysm',
        ),
        (
            {"sync.nodes": [{"name": "one", "consensus": {"client": "geth"}}]},
            'sync.nodes[one].consensus.client: client "geth" has no program for "consensus"',
        ),
        ({"sync.nodes": [{"name": "one"}, {"name": "one"}]}, 'sync.nodes: two nodes are named "one"'),
        ({"sync.nodes": []}, "sync.nodes: empty; name at least one node"),
        ({"sync.defaults.execution.syncMode": "light"}, 'syncMode: geth has no "light"; it has archive, full, snap'),
        ({"sync.defaults.gracePeriodSeconds": 30}, "gracePeriodSeconds: 30 is less than the 120"),
        ({"sync.defaults.execution.options": {"tls": {}}}, 'options: geth has no option "tls"; it has none'),
        ({"network.chainId": 5}, "network devnet: chainId is 5, and genesis.execution.config.chainId 32382"),
        ({"network.slotSeconds": 12}, "slotSeconds is 12, and genesis.beaconConfig.SECONDS_PER_SLOT 2"),
        ({"network.genesis.beaconConfig": None}, "genesis.beaconConfig is empty"),
        ({"network.genesis.execution": None}, "genesis.execution is empty"),
        (
            {"network.preset": "hoodi", "network.create.enabled": True},
            "a network that is made here has no preset",
        ),
        (
            {"network.genesis.state.url": "https://example.org/genesis.ssz"},
            "network devnet: bootnodes.execution is empty",
        ),
        (
            {"network.forks": [{"name": "heze", "epoch": 5}]},
            'sync.nodes[geth].execution.client: network devnet has the fork "heze"',
        ),
        (
            {"clients.prysm.consensus.anyPreset": False, "clients.prysm.consensus.presets": {"interop": 32}},
            "sync.nodes[geth].consensus.client: network devnet has 6 slots per epoch, and prysm can have",
        ),
        (
            {"clients.geth.execution.genesisFormat": "parity"},
            'geth reads its genesis in the format "parity"; add network.genesis.formats.parity',
        ),
        ({"network.genesis.tool": "geth"}, 'client "geth" has no program for "genesis"'),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_contradiction_is_refused_with_its_remedy(
    values: dict[str, Any], said: str, ethereum: Callable[..., list[dict[str, Any]]]
) -> None:
    with pytest.raises(CommandFailed) as refused:
        ethereum(values)

    assert said in refused.value.output


def test_weaker_pod_security_needs_a_reason() -> None:
    values = {"namespaces": {"mesh": {"podSecurity": "baseline", "defaultDeny": True}}}
    chart = ROOT / "charts" / "infrastructure"

    with pytest.raises(CommandFailed) as refused:
        run([tool("helm"), "template", "tried", chart, "--values", "-"], stdin=yaml.safe_dump(values))

    assert "namespaces.mesh.reason must say why not restricted" in refused.value.output


@cache
def document(chart: str) -> dict[str, Any]:
    return json.loads((ROOT / "charts" / chart / "values.schema.json").read_text())


def schema_of(chart: str) -> Iterator[tuple[Path_, dict[str, Any]]]:
    """Every key that a schema knows, with what it says of the value; once for all entries of a map or list."""

    def walk(schema: dict[str, Any], path: Path_) -> Iterator[tuple[Path_, dict[str, Any]]]:
        if "$ref" in schema:
            schema = document(chart)["$defs"][schema["$ref"].rpartition("/")[2]]
        yield path, schema
        for key, below in schema.get("properties", {}).items():
            yield from walk(below, (*path, key))
        if isinstance(schema.get("additionalProperties"), dict):
            yield from walk(schema["additionalProperties"], (*path, ANY))
        if isinstance(schema.get("items"), dict):
            yield from walk(schema["items"], (*path, 0))

    return walk(document(chart), ())


def composite(schema: dict[str, Any]) -> bool:
    """Whether there are values inside that the schema describes."""
    return bool(schema.get("properties")) or any(
        isinstance(schema.get(key), dict) for key in ("additionalProperties", "items")
    )


def shown(key: str, manual: str) -> bool:
    """Whether a manual has a key, in a line of its own, in braces or in a comment."""
    return re.search(rf"(^|[ {{`]){re.escape(key)}\b([`:]| [(])", manual, re.M) is not None


def schema_at(chart: str, path: Path_) -> dict[str, Any]:
    return next(schema for known, schema in schema_of(chart) if known == path)

"""What the chart makes of a network: parameters of a public one, and the way to what a given one fetches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from ethinfra.chain.networks import network_values
from ethinfra.clients import known_clients
from ethinfra.deploy.own_parameters import (
    nodes_of,
    other_chains_expected,
    other_networks_flags,
    other_sources_of_finality,
)
from ethinfra.deploy.rules import Manifests
from ethinfra.kube import Object
from ethinfra.paths import ROOT
from ethinfra.process import run
from ethinfra.toolchain import tool
from tests.charts.draft import Draft

HOODI = network_values("hoodi")
SOURCE = HOODI["checkpointSyncUrls"][0]
NODE = "StatefulSet ethereum/geth"


def render(network: str, *changes: str) -> list[Object]:
    """A node of geth and Prysm that follows a network. changes: as for helm's --set"""
    files = ["clients/geth", "clients/prysm", f"networks/{network}"]
    flags = [part for file in files for part in ("--values", ROOT / "values" / f"{file}.yaml")]
    changed = [part for change in ("sync.enabled=true", *changes) for part in ("--set", change)]
    chart = ROOT / "charts" / "ethereum-infrastructure"
    done = run([tool("helm"), "template", "sync", chart, "--namespace", "ethereum", *flags, *changed])
    return [one for one in yaml.safe_load_all(done.stdout) if one]


@pytest.fixture(scope="module")
def hoodi() -> Manifests:
    return Manifests(tuple(render("hoodi")), known_clients())


def everything_said(manifests: Manifests) -> list[str]:
    return [
        *other_networks_flags(manifests, HOODI),
        *other_chains_expected(manifests, HOODI),
        *other_sources_of_finality(manifests, HOODI, SOURCE),
    ]


def test_a_node_of_hoodi_has_its_parameters(hoodi: Manifests) -> None:
    assert len(nodes_of(hoodi, HOODI)) == 1
    assert everything_said(hoodi) == []


def test_nodes_of_other_networks_are_not_its_nodes(hoodi: Manifests) -> None:
    assert nodes_of(hoodi, network_values("sepolia")) == []


def add_flag(draft: Draft) -> None:
    draft.container(NODE, "execution")["args"].append("--sepolia")


def make_genesis(draft: Draft) -> None:
    draft.pod(NODE)["initContainers"].append({"name": "init", "image": "a:1"})


def ask_nobody(draft: Draft) -> None:
    pod = draft.pod(NODE)
    pod["initContainers"] = [one for one in pod["initContainers"] if one["name"] != "checkpoint"]


def swap(container: str, old: str, new: str) -> Callable[[Draft], None]:
    return lambda draft: draft.argument(NODE, container, old, new)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (swap("execution", "--hoodi", "--ipcdisable"), "container execution has not the flag --hoodi"),
        (swap("consensus", "--hoodi", "--mainnet"), "container consensus has the flag --mainnet"),
        (add_flag, "container execution has the flag --sepolia"),
        (make_genesis, "init container init makes a genesis"),
        (swap("probe", "--chain-id=560048", "--chain-id=1"), "--chain-id=1, not 560048"),
        (swap("probe", f"--genesis-hash={HOODI['genesisHash']}", "--min-peers=1"), "--genesis-hash=, not 0xbbe3"),
        (swap("checkpoint", f"--url={SOURCE}", "--url=https://a.example"), f"asks https://a.example, not {SOURCE}"),
        (ask_nobody, f"asks nobody, not {SOURCE}"),
        (
            swap("consensus", f"--checkpoint-sync-url={SOURCE}", "--checkpoint-sync-url=https://a.example"),
            f"container consensus has not the flag --checkpoint-sync-url={SOURCE}",
        ),
    ],
)
def test_a_parameter_of_another_network_is_noticed(
    change: Callable[[Draft], None], said: str, hoodi: Manifests
) -> None:
    draft = Draft(hoodi)
    change(draft)

    assert any(said in sentence for sentence in everything_said(draft.manifests))


def test_a_client_without_flags_for_the_network_is_noticed(hoodi: Manifests) -> None:
    clients: dict[str, Any] = {**known_clients()}
    execution = clients["geth"]["execution"]
    flags = {**execution["flags"], "networks": {}}
    clients["geth"] = {**clients["geth"], "execution": {**execution, "flags": flags}}

    said = other_networks_flags(Manifests(hoodi.objects, clients), HOODI)

    assert any("the client in container execution has no flag for hoodi" in sentence for sentence in said)


def ports_to_anywhere(objects: list[Object]) -> list[int]:
    """TCP ports that policies open towards any address."""
    return [
        port["port"]
        for one in objects
        if one["kind"] == "NetworkPolicy"
        for rule in one["spec"].get("egress", [])
        if rule["to"] == [{"ipBlock": {"cidr": "0.0.0.0/0"}}]
        for port in rule["ports"]
    ]


@pytest.mark.parametrize(
    ("state", "checkpoint", "ports"),
    [
        pytest.param("https://a.example/s", "https://b.example", [443, 80], id="the web's"),
        pytest.param("http://a.example:8080/s", "https://b.example", [443, 80, 8080], id="the state's"),
        pytest.param("http://10.0.0.1:8080/s", "http://b.example:5052", [443, 80, 8080, 5052], id="of both"),
        pytest.param("http://[fd00::1]:81/s", "http://[fd00::2]/", [443, 80, 81], id="behind an IPv6 address"),
        pytest.param("https://a.example:443/s:99", "https://b.example", [443, 80], id="once"),
    ],
)
def test_what_is_fetched_can_be_reached_at_its_port(state: str, checkpoint: str, ports: list[int]) -> None:
    """Of a network in the cluster, whose nodes may go nowhere else."""
    changes = (f"network.genesis.state.url={state}", f"network.checkpointSyncUrls={{{checkpoint}}}")

    assert ports_to_anywhere(render("custom", "network.public=false", *changes)) == ports


def test_a_network_that_is_made_here_fetches_nothing() -> None:
    assert ports_to_anywhere(render("devnet")) == []

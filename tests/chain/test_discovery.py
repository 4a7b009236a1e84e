"""Nodes are found by the chart's labels and asked on the ports that their containers name."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ethinfra.chain.discovery import DeployedNode, enode_id, find_nodes, samples, values_of
from ethinfra.clients import Program
from ethinfra.errors import BadInput, ChainError
from ethinfra.kube import Kube

ID = "5f" * 64


PORTS = {"rpc": 8545, "beacon": 3500, "probe": 9500}
LABELS = {"app.kubernetes.io/name": "archive", "ethinfra.io/client": "geth"}


def pod(name: str, *, phase: str = "Running", going: bool = False, ports: dict[str, int] = PORTS) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "labels": LABELS, **({"deletionTimestamp": "now"} if going else {})},
        "spec": {"containers": [{"ports": [{"name": key, "containerPort": value}]} for key, value in ports.items()]},
        "status": {"phase": phase},
    }


class FakeKube:
    def __init__(self, *pods: dict[str, Any], printed: str = "") -> None:
        self.pods = pods
        self.selectors: list[str] = []
        self.commands: list[tuple[str, ...]] = []
        self.printed = printed

    def list(self, kind: str, namespace: str, *, labels: str) -> list[dict[str, Any]]:
        self.selectors.append(f"{namespace}/{kind}: {labels}")
        return list(self.pods)

    def exec(self, *command: str) -> SimpleNamespace:
        self.commands.append(command)
        return SimpleNamespace(stdout=self.printed)


def test_running_nodes_are_found_in_order():
    kube = FakeKube(
        pod("geth-1"),
        pod("geth-0"),
        pod("geth-2", phase="Pending"),
        pod("geth-3", going=True),
        pod("devnet-genesis-x", ports={}),
    )

    found = find_nodes(cast(Kube, kube), "ethereum", role="sync", labels="app.kubernetes.io/name=geth")

    assert [node.name for node in found] == ["geth-0", "geth-1"]
    assert kube.selectors == ["ethereum/Pod: ethinfra.io/role=sync,app.kubernetes.io/name=geth"]
    assert found[0].ports["beacon"] == 3500
    assert found[0].rpc_service == "archive-rpc"
    assert found[0].execution.can("admin-peers")


def test_node_of_an_unknown_client_says_so():
    node, _ = deployed("", client="get")

    with pytest.raises(BadInput, match=r"unknown client .get."):
        _ = node.execution


def deployed(printed: str, client: str = "geth") -> tuple[DeployedNode, FakeKube]:
    kube = FakeKube(printed=printed)
    labels = {**LABELS, "ethinfra.io/client": client}
    return DeployedNode(cast(Kube, kube), "ethereum", "geth-0", {"rpc": 1, "beacon": 2}, labels), kube


def test_console_prints_json_inside_a_string():
    network = {"remoteAddress": "10.0.0.2:30303", "inbound": False}
    peers = [{"enode": f"enode://{ID}@10.0.0.2:30303", "network": network}]
    node, kube = deployed(json.dumps(json.dumps(peers)))

    (peer,) = node.execution_peers()

    assert (peer.node_id, peer.address, peer.inbound) == (ID, "10.0.0.2:30303", False)
    assert kube.commands[0][:3] == ("ethereum", "geth-0", "execution")
    assert "JSON.stringify(admin.peers)" in kube.commands[0]


@pytest.mark.parametrize("printed", ["", "undefined", "Fatal: Unable to attach to remote geth", '"not json"', "7"])
def test_console_that_fails_is_said(printed: str):
    with pytest.raises(ChainError, match="geth-0: console"):
        deployed(printed)[0].node_id()


def test_enode_address_without_an_id_is_refused():
    assert enode_id(f"enode://{ID}@10.0.0.2:30303?discport=0") == ID
    with pytest.raises(ChainError, match="no enode address"):
        enode_id("enr:-abc")


def test_node_outside_the_client_table_is_known_by_what_is_given():
    program = Program("tried", "execution", {"version": "0.1.0"})

    (node,) = find_nodes(cast(Kube, FakeKube(pod("tried-0"))), "ethereum", execution=program)

    assert node.execution is program


def test_series_is_one_sample_or_all_of_its_name():
    """`sync` counts a stage per label; a stage that is not there is not another one."""
    there = {'sync{stage="finish"}': 7.0, 'sync{stage="headers"}': 9.0, "p2p_peers": 2.0}

    assert values_of('sync{stage="finish"}', there) == [7]
    assert values_of("sync", there) == [7, 9]
    assert values_of("p2p_peers", there) == [2]
    assert values_of('sync{stage="bodies"}', there) == values_of("txpool_pending", there) == []


def test_prometheus_text_is_read():
    page = '# HELP a b\n# TYPE chain_head_block gauge\nchain_head_block 12\np2p_peers{kind="in"} 2.5\n\n'

    assert samples(page) == {"chain_head_block": 12, 'p2p_peers{kind="in"}': 2.5}

"""Demands on nodes: met by honest ones, refused to lying ones with what was seen."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ethinfra.chain.link import HttpLink
from ethinfra.chain.node import Node
from ethinfra.errors import ChainError
from ethinfra.probe.testing.scripted_node import ScriptedNode
from ethinfra.waiting import NotInTime
from tests.probe.conftest import at, running_probe

Scripted = Callable[[str], tuple[Node, ScriptedNode]]


def test_honest_nodes_meet_every_demand(scripted: Scripted):
    one, two = scripted("geth-0")[0], scripted("geth-1")[0]

    start = one.head()
    assert one.must_advance(2, within=10).number >= start.number + 2
    met = one.must_follow_head([two], spread=2, within=10)
    assert one.must_agree([two], met.number, within=10).hash == met.hash
    final = one.finalized()
    assert final is not None
    assert one.must_finalize(final.number, within=10).number > final.number
    assert one.must_reach(start.number, within=10).number >= start.number


def test_frozen_node_does_not_advance(scripted: Scripted):
    node, script = scripted("geth-0")
    script.lie("head-frozen")

    with pytest.raises(NotInTime, match="geth-0 goes from block"):
        node.must_advance(1, within=0.5)
    with pytest.raises(NotInTime, match="finalizes a block above"):
        node.must_finalize(node.finalized().number, within=0.2)


def test_node_behind_does_not_follow(scripted: Scripted):
    (one, script), (two, _) = scripted("geth-0"), scripted("geth-1")
    script.lie("behind-consensus")

    with pytest.raises(NotInTime, match="at most 5 blocks behind geth-1"):
        one.must_follow_head([two], spread=5, within=0.3)


def test_node_on_another_fork_is_as_high_and_does_not_agree(scripted: Scripted):
    """Height alone says nothing."""
    (one, script), (two, _) = scripted("geth-0"), scripted("geth-1")
    script.lie("heads-disagree")

    with pytest.raises(NotInTime, match="have the same block"):
        one.must_follow_head([two], spread=5, within=0.3)


def test_silent_node_fails_the_demand_with_its_silence(scripted: Scripted):
    node, script = scripted("geth-0")
    script.lie("execution-down")

    with pytest.raises(NotInTime, match="geth-0 answers") as refused:
        node.must_advance(1, within=0.3)
    assert "refused" in str(refused.value)


def test_probe_is_asked_for_its_verdict(scripted: Scripted):
    _, script = scripted("geth-0")
    with running_probe(*at(script), "--interval=0.2") as probe:
        links = (HttpLink(url) for url in (script.execution_url, script.consensus_url, probe.url))
        node = Node("geth-0", *links)
        assert node.must_be_ready(within=10).code == "ready"

        script.lie("no-peers")
        assert node.must_not_be_ready("too-few-peers", within=10).reason
        with pytest.raises(NotInTime, match="geth-0 is ready"):
            node.must_be_ready(within=0.2)
        with pytest.raises(NotInTime, match="not ready: wrong-chain"):
            node.must_not_be_ready("wrong-chain", within=0.2)
        node.close()


def test_node_without_a_probe_says_so(scripted: Scripted):
    with pytest.raises(ChainError, match="no node probe"):
        scripted("geth-0")[0].verdict()

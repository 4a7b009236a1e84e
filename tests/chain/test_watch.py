"""A watch tells nodes that stay together from those that do not, and says when it cannot tell."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from ethinfra.chain.node import Node
from ethinfra.chain.watch import HeadWatch, Sample, watch_heads
from ethinfra.errors import ChainError
from ethinfra.probe.testing.scripted_node import ScriptedNode

Scripted = Callable[[str], tuple[Node, ScriptedNode]]


def watched(scripted: Scripted, lie: str) -> HeadWatch:
    (one, _), (two, script) = scripted("geth-0"), scripted("geth-1")
    script.lie(lie)
    return watch_heads([one, two], seconds=0.9, every=0.05)


def test_honest_nodes_stay_together(scripted: Scripted):
    watch = watched(scripted, "honest")

    watch.must_stay_together(3)
    watch.must_not_contradict()
    assert watch.coverage() == {"geth-0": 1.0, "geth-1": 1.0}
    assert all(blocks >= 2 for blocks in watch.advanced().values())


def test_node_that_falls_behind_breaks_the_bound(scripted: Scripted):
    watch = watched(scripted, "behind-consensus")

    with pytest.raises(ChainError, match="at most 3 blocks apart"):
        watch.must_stay_together(3)
    watch.must_not_contradict()


def test_two_forks_contradict_each_other(scripted: Scripted):
    watch = watched(scripted, "heads-disagree")

    watch.must_stay_together(3)
    with pytest.raises(ChainError, match="the same on all nodes"):
        watch.must_not_contradict()
    assert watch.forks()


@pytest.mark.parametrize(
    ("lie", "said"), [("execution-down", "answers to 90%"), ("head-frozen", "chain that advances")]
)
def test_watch_that_saw_nothing_proves_nothing(lie: str, said: str, scripted: Scripted):
    """Silence and standstill would look like perfect agreement."""
    watch = watched(scripted, lie)

    with pytest.raises(ChainError, match=said):
        watch.must_stay_together(3)
    with pytest.raises(ChainError, match=said):
        watch.must_not_contradict()


def test_a_fork_of_heads_alone_is_no_contradiction():
    """Two candidates for one slot happen; only what was final may not differ."""
    watch = HeadWatch(
        ("a", "b"),
        tuple(
            Sample(node, number, 0.0, height, f"0x{node}{height}", 5, "0xfinal")  # type: ignore[arg-type]
            for number, height in enumerate((10, 11))
            for node in ("a", "b")
        ),
    )

    assert len(watch.forks()) == 2
    watch.must_not_contradict()


def test_without_final_blocks_nothing_is_claimed_about_them():
    samples = [Sample("a", number, 0.0, number, f"0x{number}") for number in range(3)]  # type: ignore[arg-type]

    with pytest.raises(ChainError, match="none on a"):
        HeadWatch(("a",), tuple(samples)).must_not_contradict()


def test_record_is_plain_data(scripted: Scripted):
    record = watched(scripted, "honest").as_record()

    assert json.loads(json.dumps(record)) == record
    assert {"node", "clock", "number", "hash"} <= set(record[0])

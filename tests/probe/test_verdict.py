"""The rules at their limits: silent at the limit, objecting one step beyond, and in the order of causes."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from ethinfra.probe.verdict import Code, Limits, liveness, readiness, startup
from ethinfra.probe.view import (
    Block,
    ChainView,
    Consensus,
    Execution,
    ExecutionHead,
    Kind,
    Reference,
    Sync,
    Trouble,
)

NOW = 1_800_000_000.0
HASH, OTHER = "0x" + "aa" * 32, "0x" + "bb" * 32
LIMITS = Limits(chain_id=1, genesis=OTHER, head_age=12, lag=3, distance=4, peers=2, future=5, view_age=10)

GOOD = ChainView(
    execution=Execution(True, None, 1, OTHER, Block(100, HASH, int(NOW) - 2), None, 5, HASH),
    consensus=Consensus(head=ExecutionHead(100, HASH), peers=5),
    clock=NOW,
)


def seen(**changed: Any) -> ChainView:
    """The good view with changes: to the view itself, or to `execution__x`, `consensus__x`, `head__x`."""
    execution, consensus = GOOD.execution, GOOD.consensus
    view: dict[str, Any] = {}
    for name, value in changed.items():
        part, _, field = name.partition("__")
        if part == "execution":
            execution = dataclasses.replace(execution, **{field: value})
        elif part == "consensus":
            consensus = dataclasses.replace(consensus, **{field: value})
        elif part == "head":
            assert execution.head is not None
            execution = dataclasses.replace(execution, head=dataclasses.replace(execution.head, **{field: value}))
        else:
            view[name] = value
    return dataclasses.replace(GOOD, execution=execution, consensus=consensus, **view)


def test_good_view_is_ready():
    verdict = readiness(GOOD, LIMITS)

    assert verdict.ready
    assert verdict.objections == ()
    assert startup(GOOD, LIMITS).ready
    assert liveness(GOOD).ready


@pytest.mark.parametrize(
    ("code", "limit", "beyond"),
    [
        (Code.VIEW_STALE, {"age": 10.0}, {"age": 10.1, "head__timestamp": int(NOW) + 5}),
        (Code.HEAD_STALE, {"head__timestamp": int(NOW) - 12}, {"head__timestamp": int(NOW) - 13}),
        (Code.HEAD_STALE, {"age": 10.0}, {"age": 9.0, "head__timestamp": int(NOW) - 4}),
        (Code.HEAD_IN_FUTURE, {"head__timestamp": int(NOW) + 5}, {"head__timestamp": int(NOW) + 6}),
        (Code.HEAD_FROZEN, {"unchanged_for": 12.0}, {"unchanged_for": 12.1}),
        (Code.HEAD_FROZEN, {"unchanged_for": 7.0, "age": 5.0}, {"unchanged_for": 7.1, "age": 5.0}),
        (Code.TOO_FEW_PEERS, {"execution__peers": 2}, {"execution__peers": 1}),
        (Code.EXECUTION_SYNCING, {"execution__sync": Sync(97, 100)}, {"execution__sync": Sync(96, 100)}),
        (Code.CONSENSUS_BEHIND, {"consensus__distance": 4}, {"consensus__distance": 5}),
        (Code.CONSENSUS_SYNCING, {"consensus__syncing": False}, {"consensus__syncing": True}),
        (
            Code.BEHIND_CONSENSUS,
            {"consensus__head": ExecutionHead(103, OTHER)},
            {"consensus__head": ExecutionHead(104, OTHER)},
        ),
        (
            Code.BEHIND_REFERENCE,
            {"references": (Reference("a", 103), Reference("b", None))},
            {"references": (Reference("a", 90), Reference("b", 104))},
        ),
        (Code.AT_GENESIS, {"head__number": 1, "consensus__head": None}, {"head__number": 0, "consensus__head": None}),
        (
            Code.HEADS_DISAGREE,
            {"consensus__head": ExecutionHead(98, OTHER), "execution__hash_at": OTHER},
            {"consensus__head": ExecutionHead(98, OTHER), "execution__hash_at": HASH},
        ),
        (Code.HEADS_DISAGREE, {}, {"execution__hash_at": None}),
    ],
)
def test_rule_is_silent_at_its_limit_and_objects_beyond(code: Code, limit: dict[str, Any], beyond: dict[str, Any]):
    assert readiness(seen(**limit), LIMITS).ready
    assert [objection.code for objection in readiness(seen(**beyond), LIMITS).objections] == [code]


@pytest.mark.parametrize("sync", [Sync(None, None), Sync(100, None), Sync(None, 100)])
def test_syncing_without_figures_is_syncing(sync: Sync):
    """Erigon's report has stages in place of a current and a highest block."""
    assert readiness(seen(execution__sync=sync), LIMITS).code is Code.EXECUTION_SYNCING


@pytest.mark.parametrize(("peers", "said"), [(None, "an unknown number of peers"), (0, "no peers"), (1, "1 peers")])
def test_too_few_peers_are_counted_in_words(peers: int | None, said: str):
    assert said in readiness(seen(execution__peers=peers), LIMITS).reason


def test_first_node_of_a_network_needs_no_peers():
    limits = dataclasses.replace(LIMITS, peers=0)

    assert readiness(seen(execution__peers=0), limits).ready
    assert readiness(seen(execution__peers=None), limits).ready


def test_cause_comes_before_its_symptoms_and_all_are_told():
    """A frozen consensus client stops the head, too; the operator must hear of the client."""
    silent = Trouble(Kind.UNREACHABLE, "no complete answer within 3s")
    view = seen(consensus__trouble=silent, consensus__head=None, head__timestamp=int(NOW) - 60, unchanged_for=60.0)

    verdict = readiness(view, LIMITS)

    assert verdict.code is Code.CONSENSUS_UNREACHABLE
    assert [one.code for one in verdict.objections] == [Code.CONSENSUS_UNREACHABLE, Code.HEAD_FROZEN, Code.HEAD_STALE]


@pytest.mark.parametrize("kind", list(Kind))
def test_client_in_trouble_is_named_with_what_it_did(kind: Kind):
    trouble = Trouble(kind, "said something")
    execution = readiness(ChainView(Execution(trouble=trouble), GOOD.consensus, NOW), LIMITS)
    consensus = readiness(seen(consensus__trouble=trouble), LIMITS)

    assert execution.code.value == f"execution-{kind.value}"
    assert consensus.code.value == f"consensus-{kind.value}"
    assert "said something" in execution.reason
    assert "said something" in consensus.reason


def test_nothing_but_silence_of_execution_is_a_reason_to_restart():
    hopeless = seen(
        age=1000.0,
        unchanged_for=1000.0,
        consensus__trouble=Trouble(Kind.UNREACHABLE, "gone"),
        execution__peers=0,
        execution__chain_id=2,
        execution__trouble=Trouble(Kind.ERROR, "refused"),
    )

    assert not readiness(hopeless, LIMITS).ready
    assert liveness(hopeless).ready
    assert not liveness(ChainView(Execution(trouble=Trouble(Kind.UNREACHABLE, "refused")), GOOD.consensus, NOW)).ready


def test_before_the_first_look_nothing_is_ready_and_nothing_restarted():
    assert readiness(None, LIMITS).code is Code.STARTING
    assert startup(None, LIMITS).code is Code.STARTING
    assert liveness(None).ready


def test_startup_waits_for_the_right_chain_and_not_for_the_head():
    assert startup(seen(head__number=0, execution__peers=0, consensus__trouble=Trouble(Kind.ERROR, "x")), LIMITS).ready
    assert startup(seen(execution__chain_id=2), LIMITS).code is Code.WRONG_CHAIN
    assert startup(seen(execution__genesis=HASH), LIMITS).code is Code.WRONG_GENESIS

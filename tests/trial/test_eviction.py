"""What counts as an eviction that a disruption budget held back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ethinfra.errors import ClusterError
from ethinfra.kube import Kube
from ethinfra.process import Completed
from ethinfra.trial.eviction import Evicted, evict, evict_in_turn, must_be_replaced, must_have_been_held_back
from ethinfra.waiting import NotInTime

KEPT = (
    "Error from server (TooManyRequests): Cannot evict pod as it would violate the pod's disruption budget. "
    "The disruption budget geth needs 1 healthy pods and has 1 currently"
)
UIDS = {"geth-0": "old", "geth-1": "old"}
HELD = Evicted("geth-0", "geth-1", UIDS, refusals=(KEPT, KEPT), then="ready")


class Api:
    """Answers evictions in turn. What is let go is replaced by a ready pod after so many questions for it."""

    def __init__(self, *answers: str, ready_after: int = 0) -> None:
        self._answers = list(answers)
        self._ready_after = ready_after
        self._evicted: dict[str, int] = {}

    def kubectl(self, *args: str, stdin: str, check: bool) -> Completed:
        assert "policy/v1" in stdin
        assert not check
        said = self._answers.pop(0)
        if not said:
            self._evicted[args[2].split("/")[-2]] = 0
        return Completed(args, int(bool(said)), "", said)

    def get(self, _kind: str, name: str, _namespace: str) -> dict[str, Any]:
        uid, ready = "old", "True"
        if name in self._evicted:
            self._evicted[name] += 1
            uid, ready = "new", str(self._evicted[name] > self._ready_after)
        return {"metadata": {"uid": uid}, "status": {"conditions": [{"type": "Ready", "status": ready}]}}


def kube(*answers: str, ready_after: int = 0) -> Kube:
    api: Any = Api(*answers, ready_after=ready_after)
    found: Kube = api
    return found


def test_refusals_are_counted_until_the_successor_is_ready() -> None:
    evicted = evict_in_turn(kube("", KEPT, KEPT, ""), "ethereum", "geth-0", "geth-1", within=9)

    assert evicted == HELD
    must_have_been_held_back(evicted)


def test_a_budget_that_allows_both_at_once_is_noticed() -> None:
    """The second is let go at once, while the first is still away."""
    evicted = evict_in_turn(kube("", "", ready_after=1), "ethereum", "geth-0", "geth-1", within=9)

    with pytest.raises(ClusterError, match=r"refused 0 times, .* the successor was: not ready yet"):
        must_have_been_held_back(evicted)


def test_a_budget_that_gives_in_too_early_is_noticed() -> None:
    with pytest.raises(ClusterError, match=r"refused 2 times, .* the successor was: not there yet"):
        must_have_been_held_back(replace(HELD, then="not there yet"))


def test_successors_are_waited_for() -> None:
    api = kube("", "", ready_after=2)

    must_be_replaced(api, "ethereum", evict_in_turn(api, "ethereum", "geth-0", "geth-1", within=9), within=9)


def test_a_successor_that_does_not_get_ready_is_named() -> None:
    api = kube("", "", ready_after=99)
    evicted = evict_in_turn(api, "ethereum", "geth-0", "geth-1", within=9)

    with pytest.raises(NotInTime, match="the successor of ethereum/geth-0 is ready"):
        must_be_replaced(api, "ethereum", evicted, within=0.1)


def test_a_first_eviction_that_is_refused_is_an_error() -> None:
    with pytest.raises(ClusterError, match="all replicas are ready"):
        evict_in_turn(kube(KEPT), "ethereum", "geth-0", "geth-1", within=1)


@pytest.mark.parametrize(
    "said",
    [
        'Error from server (Forbidden): pods "geth-0" is forbidden',
        "Error from server (TooManyRequests): the server has received too many requests, please try again later",
    ],
)
def test_another_refusal_than_a_budgets_is_an_error(said: str) -> None:
    """Nobody's right and no load of an API server passes for a budget."""
    with pytest.raises(ClusterError, match=r"Error from server"):
        evict(kube(said), "ethereum", "geth-0")

"""The scenarios about values fail where a chart lets something pass, and where it refuses too much."""

from __future__ import annotations

from itertools import product

import pytest

from ethinfra.errors import BadInput
from ethinfra.matrix import Case, plain_cases, refusal, refused_pairs
from fixtures import values
from fixtures.values import ETHEREUM, MISTAKES, clients_and_network, misjudged_pairs, mistaken, refusals
from steps.values import refused_at


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    return plain_cases()


def test_mistake_that_is_let_pass_fails_the_scenario() -> None:
    with pytest.raises(AssertionError, match="helm said nothing"):
        refused_at([], "sync.nodes[node].jwt", "generate and existingSecret exclude each other")


@pytest.mark.parametrize(
    "said",
    ["sync.nodes: generate and existingSecret exclude each other", "sync.nodes[node].jwt: is not to our taste"],
    ids=["another path", "another reason"],
)
def test_mistake_that_is_refused_otherwise_fails_the_scenario(said: str) -> None:
    with pytest.raises(AssertionError, match="expected"):
        refused_at([said], "sync.nodes[node].jwt", "generate and existingSecret exclude each other")


def test_node_without_a_mistake_is_refused_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """So what is refused is the mistake, and not the node that it is laid over."""
    monkeypatch.setitem(MISTAKES, "nothing wrong", {})

    assert mistaken("nothing wrong") == []


def test_mistake_that_nobody_wrote_down_is_named() -> None:
    with pytest.raises(BadInput, match="bad luck"):
        mistaken("bad luck")


def test_pair_that_is_let_pass_is_named(monkeypatch: pytest.MonkeyPatch, cases: list[Case]) -> None:
    """As if it were known that geth cannot follow hoodi, and the chart did not see it."""
    wrong = next(case for case in cases if (case.network, case.execution) == ("hoodi", "geth"))
    monkeypatch.setattr(values, "plain_cases", lambda: [wrong])
    monkeypatch.setattr(values, "refused_pairs", lambda: [wrong])
    monkeypatch.setattr(values, "refusal", lambda _: "geth has no flags for hoodi")

    (said,) = misjudged_pairs()

    assert said.endswith("rendered, but geth has no flags for hoodi")


def test_pair_that_is_refused_for_nothing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if nobody knew that EthereumJS cannot follow hoodi."""
    wrong = next(case for case in refused_pairs() if (case.network, case.execution) == ("hoodi", "ethereumjs"))
    monkeypatch.setattr(values, "plain_cases", lambda: [wrong])
    monkeypatch.setattr(values, "refused_pairs", list)
    monkeypatch.setattr(values, "refusal", lambda _: "")

    (said,) = misjudged_pairs()

    assert said.startswith("hoodi: ")
    assert "sync.nodes[ethereumjs-lighthouse].execution.client: network hoodi has the fork" in said


def test_refusal_that_does_not_name_the_client_is_not_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = next(case for case in refused_pairs() if (case.network, case.execution) == ("hoodi", "ethereumjs"))
    monkeypatch.setattr(values, "plain_cases", list)
    monkeypatch.setattr(values, "refused_pairs", lambda: [wrong])
    monkeypatch.setattr(values, "refusals", lambda *_: ["sync.nodes[node]: this network is not possible"])

    (said,) = misjudged_pairs()

    assert "refused without naming ethereumjs and hoodi" in said


def test_every_client_is_tried_on_every_network(monkeypatch: pytest.MonkeyPatch, cases: list[Case]) -> None:
    """Whether it can follow the network or not."""
    tried: set[tuple[str, str]] = set()

    def note(*some: Case) -> str:
        tried.update((case.network, name) for case in some for name in (case.execution, case.consensus))
        return ""

    monkeypatch.setattr(values, "_let_pass", note)
    monkeypatch.setattr(values, "_held_up", lambda some: note(*some))

    misjudged_pairs()

    networks = {case.network for case in cases}
    clients = {name for case in cases for name in (case.execution, case.consensus)}
    assert tried == set(product(networks, clients))


def test_reasons_are_those_of_this_case(cases: list[Case]) -> None:
    """A client that cannot follow a network cannot with any other client beside it: one stands for all."""
    for case in cases:
        if reason := refusal(case):
            named = reason.partition(" ")[0]
            others = [one for one in cases if one.network == case.network and named in (one.execution, one.consensus)]
            assert all(refusal(one) for one in others), reason


def test_values_that_a_schema_refuses_are_told_by_their_path() -> None:
    clients, network = clients_and_network("hoodi")

    said = refusals(ETHEREUM, {"sync": {"nodes": [{"name": "node", "replicas": -1}]}}, *clients, network)

    assert [one.partition(":")[0] for one in said] == ["sync/nodes/0/replicas"]

"""The table of lying nodes (NODE-04), each against a real probe process and against the rules one by one."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest

from ethinfra.probe import verdict
from ethinfra.probe.exchange import Endpoint
from ethinfra.probe.observer import Observer
from ethinfra.probe.reference import ReferenceWatch
from ethinfra.probe.testing.lies import HONEST, LIES, Lie
from ethinfra.probe.testing.scripted_node import ScriptedNode
from ethinfra.probe.verdict import RULES, Code, Limits, readiness
from ethinfra.probe.view import ChainView
from ethinfra.waiting import eventually
from tests.probe.conftest import CHAIN, SLOT, Probe, at, running_probe

#: Seconds; blocks have whole seconds as their time, so an honest head is up to 1.5 s old here.
HEAD_AGE = 3.0


@pytest.fixture(scope="module")
def liar() -> Iterator[ScriptedNode]:
    with ScriptedNode(CHAIN, slot=SLOT) as scripted:
        yield scripted


@pytest.fixture(scope="module")
def honest_reference() -> Iterator[ScriptedNode]:
    with ScriptedNode(CHAIN, slot=SLOT) as scripted:
        yield scripted


@pytest.fixture(scope="module")
def probe(liar: ScriptedNode, honest_reference: ScriptedNode) -> Iterator[Probe]:
    """One probe that lives through all lies, as it does in a pod."""
    with running_probe(
        *at(liar),
        f"--genesis-hash={liar.chain.hash(0)}",
        f"--max-head-age={HEAD_AGE}",
        "--max-lag=5",
        "--max-distance=5",
        "--min-peers=1",
        f"--reference={honest_reference.execution_url}",
        "--interval=0.1",
        "--timeout=1",
    ) as running:
        yield running


@pytest.mark.parametrize("lie", [lie for lie in LIES.values() if lie is not HONEST], ids=lambda lie: lie.name)
def test_lying_node_is_rejected_and_its_honest_twin_is_not(lie: Lie, probe: Probe, liar: ScriptedNode):
    """The same node, by the same probe: ready, then not ready for exactly this reason, then ready again."""
    probe.must_say("ready")
    assert probe.asked("/readyz").status == 200

    liar.lie(lie.name)
    try:
        said = probe.must_say(lie.code.value)
        assert said.status == 503
        assert said.body["ready"] is False
        assert said.body["reason"]
        assert probe.asked("/livez").status == (200 if lie.live else 503)
        assert probe.asked("/startupz").status == (200 if lie.started else 503)
    finally:
        liar.lie("honest")

    probe.must_say("ready")
    assert probe.asked("/livez").status == 200
    assert probe.asked("/startupz").status == 200


@pytest.mark.parametrize("lie", [lie for lie in LIES.values() if lie is not HONEST], ids=lambda lie: lie.name)
def test_one_rule_catches_the_lie(lie: Lie, monkeypatch: pytest.MonkeyPatch, honest_reference: ScriptedNode):
    """Control: without the rule that gives the reason the lie passes, so it is this rule that works."""
    with ScriptedNode(CHAIN, slot=SLOT) as node, looking_at(node, honest_reference) as look:
        assert readiness(look(), limits(node)).ready
        node.lie(lie.name)
        # The time that a frozen head needs is not waited for here.
        view = dataclasses.replace(look(), unchanged_for=2 * HEAD_AGE if lie.code is Code.HEAD_FROZEN else 0)
        if lie.code is not Code.BEHIND_REFERENCE:
            # Which would see through the lies about the height, too.
            view = dataclasses.replace(view, references=())
        assert readiness(view, limits(node)).code is lie.code

        guilty = [rule for rule in RULES if (said := rule(view, limits(node))) and said.code is lie.code]
        assert len(guilty) == 1
        monkeypatch.setattr(verdict, "RULES", tuple(rule for rule in RULES if rule not in guilty))

        assert readiness(view, limits(node)).ready


@pytest.mark.parametrize(
    ("name", "relaxed"),
    [
        ("head-stale", {"head_age": 1e6}),
        ("head-frozen", {"head_age": 1e6}),
        ("head-in-future", {"future": 1e6}),
        ("behind-consensus", {"lag": 1000}),
        ("behind-reference", {"lag": 1000}),
        ("consensus-behind", {"distance": 1000}),
        ("execution-syncing", {"lag": 1000}),
        ("no-peers", {"peers": 0}),
        ("peers-unknown", {"peers": 0}),
        ("wrong-chain", {"chain_id": CHAIN + 1}),
        ("wrong-genesis", {"genesis": None}),
    ],
)
def test_relaxed_limit_lets_the_lie_pass(name: str, relaxed: dict[str, float], honest_reference: ScriptedNode):
    """Control: the limit is really the one that is compared with."""
    with ScriptedNode(CHAIN, slot=SLOT) as node, looking_at(node, honest_reference) as look:
        node.lie(name)
        view = dataclasses.replace(look(), unchanged_for=2 * HEAD_AGE if name == "head-frozen" else 0)

        assert not readiness(view, limits(node)).ready
        assert readiness(view, dataclasses.replace(limits(node), **relaxed)).ready


def test_every_reason_has_a_lie():
    """A reason that no lie provokes is one that no test has seen; the three exceptions are the probe's own state."""
    own = {Code.STARTING, Code.SHUTTING_DOWN, Code.VIEW_STALE}
    assert {lie.code for lie in LIES.values()} == set(Code) - own


def limits(node: ScriptedNode) -> Limits:
    return Limits(CHAIN, genesis=node.chain.hash(0), head_age=HEAD_AGE, lag=5, distance=5, peers=1)


class looking_at:  # noqa: N801 - reads as a verb where it is used
    """Look at a node without a process in between; yields the function that looks."""

    def __init__(self, node: ScriptedNode, reference: ScriptedNode) -> None:
        endpoint = Endpoint.parse(reference.execution_url)
        self._watch = ReferenceWatch(endpoint, chain_id=CHAIN, interval=0.1, timeout=5)
        self._observer = Observer(
            Endpoint.parse(node.execution_url), Endpoint.parse(node.consensus_url), limits(node), timeout=1
        )

    def __enter__(self):
        self._watch.start()
        eventually("the reference is seen", lambda: self._watch.seen().number is not None, within=10, every=0.02)
        return self._look

    def __exit__(self, *_: object) -> None:
        self._watch.stop()

    def _look(self) -> ChainView:
        return dataclasses.replace(self._observer.look(), references=(self._watch.seen(),))

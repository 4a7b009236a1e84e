"""The rules: whether a node has started, may serve requests, and should be restarted.

Three pure functions of a view. Each rule of readiness is a function of its own that says what it objects to, so that
`RULES` reads as the table of contents; its order puts causes before symptoms, because the first objection is the one
that an operator sees. All of them are reported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from ethinfra.probe.view import ChainView, Kind, Trouble


class Code(StrEnum):
    """Why. A value never changes its meaning: alerts, scenarios and `docs/node-probe.md` go by it."""

    READY = "ready"
    STARTING = "starting"
    SHUTTING_DOWN = "shutting-down"
    VIEW_STALE = "view-stale"
    EXECUTION_UNREACHABLE = "execution-unreachable"
    EXECUTION_MALFORMED = "execution-malformed"
    EXECUTION_ERROR = "execution-error"
    WRONG_CHAIN = "wrong-chain"
    WRONG_GENESIS = "wrong-genesis"
    CONSENSUS_UNREACHABLE = "consensus-unreachable"
    CONSENSUS_MALFORMED = "consensus-malformed"
    CONSENSUS_ERROR = "consensus-error"
    CONSENSUS_WITHOUT_EXECUTION = "consensus-without-execution"
    TOO_FEW_PEERS = "too-few-peers"
    AT_GENESIS = "at-genesis"
    EXECUTION_SYNCING = "execution-syncing"
    CONSENSUS_SYNCING = "consensus-syncing"
    CONSENSUS_BEHIND = "consensus-behind"
    CONSENSUS_OPTIMISTIC = "consensus-optimistic"
    HEAD_IN_FUTURE = "head-in-future"
    HEAD_FROZEN = "head-frozen"
    HEAD_STALE = "head-stale"
    BEHIND_CONSENSUS = "behind-consensus"
    HEADS_DISAGREE = "heads-disagree"
    BEHIND_REFERENCE = "behind-reference"


@dataclass(frozen=True)
class Limits:
    """What is still good enough.

    head_age: seconds; also how long the head's number may stay the same
    lag:      blocks behind the consensus client or a reference: by so much a head may go back for a client that comes
              from another node
    distance: slots that the consensus client is behind the clock; missed slots count, so it is no measure of others
    peers:    of the execution client, at least; 0 for the first node of a network
    future:   seconds that a head may be ahead of this machine's clock
    view_age: seconds; an older view says nothing about now
    """

    chain_id: int
    genesis: str | None = None
    head_age: float = 120
    lag: int = 5
    distance: int = 5
    peers: int = 1
    future: float = 5
    view_age: float = 20


@dataclass(frozen=True)
class Objection:
    """One rule that a view breaks, with a sentence for people."""

    code: Code
    reason: str


@dataclass(frozen=True)
class Ready:
    """Nothing to object to."""

    objections: tuple[Objection, ...] = ()
    ready: bool = True
    code: Code = Code.READY
    reason: str = "every rule holds"


@dataclass(frozen=True)
class NotReady:
    """At least one objection; the first is the reason."""

    objections: tuple[Objection, ...]
    ready: bool = False

    @property
    def code(self) -> Code:
        return self.objections[0].code

    @property
    def reason(self) -> str:
        return self.objections[0].reason


Verdict = Ready | NotReady

#: Before the first look has ended.
STARTING = NotReady((Objection(Code.STARTING, "the probe has not finished its first look yet"),))
#: From SIGTERM on.
SHUTTING_DOWN = NotReady((Objection(Code.SHUTTING_DOWN, "the probe was told to stop"),))


def readiness(view: ChainView | None, limits: Limits) -> Verdict:
    """Decide whether this node may serve requests. Whether it should be restarted is another question: `liveness`."""
    if view is None:
        return STARTING
    return _verdict(objection for rule in RULES if (objection := rule(view, limits)))


def liveness(view: ChainView | None) -> Verdict:
    """Decide whether the execution client answers at all.

    Never about lag, peers or the consensus client: a restart cures none of them and loses the progress of a sync. Nor
    about the age of the view: that the probe does not look is no fault of the client.
    """
    if view is None or view.execution.answered:
        return Ready(reason="the execution client answers")
    return _verdict([_trouble(view.execution.trouble, "execution client", _EXECUTION)])


def startup(view: ChainView | None, limits: Limits) -> Verdict:
    """Decide whether the execution client has come up, on the right chain."""
    if view is None:
        return STARTING
    rules = (_view_is_recent, _execution_answers, _right_chain, _right_genesis)
    return _verdict(objection for rule in rules if (objection := rule(view, limits)))


def _verdict(objections: Iterator[Objection] | list[Objection]) -> Verdict:
    found = tuple(objections)
    return NotReady(found) if found else Ready()


def _view_is_recent(view: ChainView, limits: Limits) -> Objection | None:
    if view.age <= limits.view_age:
        return None
    return Objection(Code.VIEW_STALE, f"last look was {view.age:.0f}s ago, limit {limits.view_age:.0f}s")


_EXECUTION = {
    Kind.UNREACHABLE: Code.EXECUTION_UNREACHABLE,
    Kind.MALFORMED: Code.EXECUTION_MALFORMED,
    Kind.ERROR: Code.EXECUTION_ERROR,
}
_CONSENSUS = {
    Kind.UNREACHABLE: Code.CONSENSUS_UNREACHABLE,
    Kind.MALFORMED: Code.CONSENSUS_MALFORMED,
    Kind.ERROR: Code.CONSENSUS_ERROR,
}


def _trouble(trouble: Trouble | None, who: str, codes: dict[Kind, Code]) -> Objection:
    said = trouble or Trouble(Kind.MALFORMED, "nothing that could be read")
    return Objection(codes[said.kind], f"{who}: {said.text}")


def _execution_answers(view: ChainView, _: Limits) -> Objection | None:
    trouble = view.execution.trouble
    return _trouble(trouble, "execution client", _EXECUTION) if trouble else None


def _right_chain(view: ChainView, limits: Limits) -> Objection | None:
    seen = view.execution.chain_id
    if seen is None or seen == limits.chain_id:
        return None
    return Objection(Code.WRONG_CHAIN, f"execution client is on chain {seen}, expected {limits.chain_id}")


def _right_genesis(view: ChainView, limits: Limits) -> Objection | None:
    seen = view.execution.genesis
    if limits.genesis is None or seen is None or seen == limits.genesis:
        return None
    return Objection(Code.WRONG_GENESIS, f"genesis block is {seen}, expected {limits.genesis}")


def _consensus_answers(view: ChainView, _: Limits) -> Objection | None:
    trouble = view.consensus.trouble
    return _trouble(trouble, "consensus client", _CONSENSUS) if trouble else None


def _consensus_has_execution(view: ChainView, _: Limits) -> Objection | None:
    if not view.consensus.execution_offline:
        return None
    return Objection(Code.CONSENSUS_WITHOUT_EXECUTION, "consensus client says that its execution client is offline")


def _enough_peers(view: ChainView, limits: Limits) -> Objection | None:
    if limits.peers == 0 or view.execution.trouble:
        return None
    seen = view.execution.peers
    if seen is not None and seen >= limits.peers:
        return None
    count = "an unknown number of peers" if seen is None else "no peers" if seen == 0 else f"{seen} peers"
    return Objection(Code.TOO_FEW_PEERS, f"execution client has {count}, at least {limits.peers} needed")


def _past_genesis(view: ChainView, _: Limits) -> Objection | None:
    head = view.execution.head
    if head is None or head.number > 0:
        return None
    return Objection(Code.AT_GENESIS, "execution client is at block 0")


def _execution_in_sync(view: ChainView, limits: Limits) -> Objection | None:
    sync = view.execution.sync
    if sync is None:
        return None
    if sync.current is None or sync.highest is None:
        return Objection(Code.EXECUTION_SYNCING, "execution client is syncing")
    # geth says "syncing" also while it only indexes transactions at the head (SyncProgress.Done).
    if sync.highest - sync.current <= limits.lag:
        return None
    return Objection(Code.EXECUTION_SYNCING, f"execution client is syncing, at {sync.current} of {sync.highest}")


def _consensus_follows(view: ChainView, _: Limits) -> Objection | None:
    """A client that syncs asks for blocks in batches, and is told of none: near the head it stands still between two.
    Prysm waits 15 s then (v7.1.2, initial-sync/blocks_queue.go)."""
    if not view.consensus.syncing:
        return None
    said = f"consensus client says that it is syncing, {view.consensus.distance} slots behind the clock"
    return Objection(Code.CONSENSUS_SYNCING, said)


def _consensus_in_time(view: ChainView, limits: Limits) -> Objection | None:
    if view.consensus.trouble or view.consensus.distance <= limits.distance:
        return None
    said = f"consensus client is {view.consensus.distance} slots behind the clock, limit {limits.distance}"
    return Objection(Code.CONSENSUS_BEHIND, said)


def _consensus_verified(view: ChainView, _: Limits) -> Objection | None:
    if not view.consensus.optimistic:
        return None
    return Objection(Code.CONSENSUS_OPTIMISTIC, "consensus client follows a head that execution has not verified")


def _head_not_in_future(view: ChainView, limits: Limits) -> Objection | None:
    age = view.head_age
    if age is None or age >= -limits.future:
        return None
    return Objection(
        Code.HEAD_IN_FUTURE,
        f"head is {-age:.0f}s in the future, limit {limits.future:.0f}s: this clock is behind, or the block lies",
    )


def _head_recent(view: ChainView, limits: Limits) -> Objection | None:
    age, head = view.head_age, view.execution.head
    if age is None or head is None or age <= limits.head_age:
        return None
    return Objection(Code.HEAD_STALE, f"head {head.number} is {age:.0f}s old, limit {limits.head_age:.0f}s")


def _head_moves(view: ChainView, limits: Limits) -> Objection | None:
    head, still = view.execution.head, view.unchanged_for + view.age
    if head is None or still <= limits.head_age:
        return None
    return Objection(Code.HEAD_FROZEN, f"head has been {head.number} for {still:.0f}s, limit {limits.head_age:.0f}s")


def _follows_consensus(view: ChainView, limits: Limits) -> Objection | None:
    lag = view.lag
    if lag is None or lag <= limits.lag:
        return None
    return Objection(
        Code.BEHIND_CONSENSUS, f"execution head is {lag} blocks behind the consensus client's, limit {limits.lag}"
    )


def _heads_agree(view: ChainView, _: Limits) -> Objection | None:
    theirs, ours = view.consensus.head, view.execution.head
    # While execution is behind it has no block at that height, which is lag and not a disagreement.
    if theirs is None or ours is None or theirs.number > ours.number or view.execution.hash_at == theirs.hash:
        return None
    return Objection(
        Code.HEADS_DISAGREE,
        f"block {theirs.number} is {theirs.hash} for the consensus client, {view.execution.hash_at} for execution",
    )


def _follows_reference(view: ChainView, limits: Limits) -> Objection | None:
    lag, best = view.reference_lag, view.best_reference
    if lag is None or best is None or lag <= limits.lag:
        return None
    return Objection(Code.BEHIND_REFERENCE, f"head is {lag} blocks behind {best.name}, limit {limits.lag}")


RULES: tuple[Callable[[ChainView, Limits], Objection | None], ...] = (
    _view_is_recent,
    _execution_answers,
    _right_chain,
    _right_genesis,
    _consensus_answers,
    _consensus_has_execution,
    _enough_peers,
    _past_genesis,
    _execution_in_sync,
    _consensus_follows,
    _consensus_in_time,
    _consensus_verified,
    _head_not_in_future,
    _head_moves,
    _head_recent,
    _follows_consensus,
    _heads_agree,
    _follows_reference,
)

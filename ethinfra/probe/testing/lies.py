"""The lies, as data: unit tests, scenarios and `docs/node-probe.md` go through the same table.

A lie that is about one rule is true in everything else, so that only this rule can catch it.
"""

from __future__ import annotations

from dataclasses import dataclass

from ethinfra.probe.verdict import Code


@dataclass(frozen=True)
class Lie:
    """A way to look healthy without being so.

    tells: what the node does
    code:  the reason that the probe must give; READY for the honest node
    live:  whether the execution client must still count as alive
    started: whether it must count as started
    """

    name: str
    tells: str
    code: Code
    live: bool = True
    started: bool = True


HONEST = Lie("honest", "answers correctly, at the head", Code.READY)

_TABLE = (
    HONEST,
    # The head.
    Lie("head-frozen", "stops its head, in both clients, and keeps its ports open", Code.HEAD_FROZEN),
    Lie("head-repeated", "gives the same head over and over, each time with a fresh timestamp", Code.HEAD_FROZEN),
    Lie("head-stale", "moves its head, but through blocks of an hour ago", Code.HEAD_STALE),
    Lie("head-in-future", "has a head whose time has not come yet", Code.HEAD_IN_FUTURE),
    Lie("synced-at-genesis", "says eth_syncing: false at block 0", Code.AT_GENESIS),
    Lie("execution-syncing", "has a recent head, and says itself that it is far from done", Code.EXECUTION_SYNCING),
    Lie("behind-consensus", "follows its consensus client at a distance", Code.BEHIND_CONSENSUS),
    Lie("behind-reference", "is behind other nodes, both clients alike", Code.BEHIND_REFERENCE),
    Lie("heads-disagree", "has other blocks than its consensus client", Code.HEADS_DISAGREE),
    # The network.
    Lie("wrong-chain", "follows another chain", Code.WRONG_CHAIN, started=False),
    Lie("wrong-genesis", "follows a chain of the same id with another genesis", Code.WRONG_GENESIS, started=False),
    Lie("no-peers", "has no peers", Code.TOO_FEW_PEERS),
    Lie("peers-unknown", "answers an error when asked for its peers", Code.TOO_FEW_PEERS),
    # The consensus client.
    Lie("consensus-down", "has lost its consensus client", Code.CONSENSUS_UNREACHABLE),
    Lie("consensus-hung", "has a consensus client that never answers", Code.CONSENSUS_UNREACHABLE),
    Lie("consensus-error", "has a consensus client that answers 503", Code.CONSENSUS_ERROR),
    Lie("consensus-error-200", "has a consensus client that answers 200 around an error", Code.CONSENSUS_ERROR),
    Lie("consensus-html", "has a web page in place of its consensus client", Code.CONSENSUS_MALFORMED),
    Lie("consensus-syncing", "has a consensus client that is still syncing", Code.CONSENSUS_SYNCING),
    Lie("consensus-behind", "has a consensus client far behind the clock", Code.CONSENSUS_BEHIND),
    Lie("consensus-optimistic", "has a consensus client that follows unverified blocks", Code.CONSENSUS_OPTIMISTIC),
    Lie("consensus-alone", "has a consensus client that misses execution", Code.CONSENSUS_WITHOUT_EXECUTION),
    # The answers.
    Lie("execution-down", "refuses connections", Code.EXECUTION_UNREACHABLE, live=False, started=False),
    Lie("hung-socket", "accepts connections and never answers", Code.EXECUTION_UNREACHABLE, live=False, started=False),
    Lie("slow-drip", "answers a byte at a time, for ever", Code.EXECUTION_UNREACHABLE, live=False, started=False),
    Lie("hang-up", "closes every connection unanswered", Code.EXECUTION_UNREACHABLE, live=False, started=False),
    Lie("error-body", "answers HTTP 200 with an error in the body", Code.EXECUTION_ERROR, started=False),
    Lie("error-for-batch", "answers HTTP 503 with one JSON-RPC error", Code.EXECUTION_ERROR, started=False),
    Lie("html-page", "answers HTTP 200 with a web page", Code.EXECUTION_MALFORMED, live=False, started=False),
    Lie("empty-body", "answers HTTP 200 with nothing in it", Code.EXECUTION_MALFORMED, live=False, started=False),
    Lie("wrong-id", "answers somebody else's question", Code.EXECUTION_MALFORMED, live=False, started=False),
    Lie("cut-off", "ends its answers in the middle", Code.EXECUTION_MALFORMED, live=False, started=False),
    Lie("flood", "answers without end", Code.EXECUTION_MALFORMED, live=False, started=False),
    Lie("no-result", "answers null where a block belongs", Code.EXECUTION_MALFORMED, started=False),
)

#: By name. The first is no lie: every table of lies needs its honest counterpart.
LIES = {lie.name: lie for lie in _TABLE}

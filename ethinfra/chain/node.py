"""One node of a deployment: execution client, consensus client and node probe of one pod."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ethinfra.chain.beacon import Beacon
from ethinfra.chain.jsonrpc import Block, JsonRpc
from ethinfra.chain.link import Link
from ethinfra.chain.quantities import BlockNumber
from ethinfra.errors import ChainError
from ethinfra.waiting import eventually


@dataclass(frozen=True)
class ProbeVerdict:
    """What the node probe says. reason: for people; code: one of `ethinfra.probe.verdict.Code`."""

    ready: bool
    code: str
    reason: str


class Node:
    """A node that can be asked, and that demands can be made on.

    look_at: the command that an operator types next; the hint in what `must_…` raises
    """

    def __init__(self, name: str, rpc: Link, beacon: Link, probe: Link | None = None, *, look_at: str = "") -> None:
        self.name = name
        self.rpc = JsonRpc(rpc)
        self.beacon = Beacon(beacon)
        self._probe = probe
        self._look_at = look_at

    def __repr__(self) -> str:
        return f"Node({self.name})"

    def close(self) -> None:
        """Give back its port-forwards; a later question opens them again."""
        for link in (self.rpc.link, self.beacon.link, self._probe):
            if link is not None:
                link.close()

    def differing_fields(self, method: str) -> frozenset[str]:  # noqa: ARG002 - for nodes whose client is known
        """Fields of an answer that its client is known to fill otherwise than others."""
        return frozenset()

    def head(self) -> Block:
        """The execution client's latest block."""
        return self.rpc.head()

    def finalized(self) -> Block | None:
        """The execution client's last final block; None before the first."""
        return self.rpc.finalized()

    def verdict(self) -> ProbeVerdict:
        """What its node probe says about readiness."""
        if self._probe is None:
            raise ChainError(f"{self.name} has no node probe")
        answer = self._probe.send("GET", "/readyz")
        try:
            said: dict[str, Any] = json.loads(answer.body)
            return ProbeVerdict(said["ready"], said["code"], said["reason"])
        except (ValueError, KeyError, TypeError) as reason:
            seen = f"HTTP {answer.status}: {answer.body[:120]!r}"
            raise ChainError(f"{self.name}: node probe", expected="a verdict", seen=seen) from reason

    def must_advance(self, by: int = 1, *, within: float) -> Block:
        """Demand so many new blocks, from the first answer on; the new head."""
        start = eventually(f"{self.name} answers", self.head, until=lambda _: True, within=within, hint=self._look_at)
        goal = start.number + by
        return eventually(
            f"{self.name} goes from block {start.number} to {goal}",
            self.head,
            until=lambda head: head.number >= goal,
            within=within,
            hint=self._look_at,
        )

    def must_reach(self, height: int, *, within: float) -> Block:
        """Demand a head at that height or above; the head."""
        return eventually(
            f"{self.name} reaches block {height}",
            self.head,
            until=lambda head: head.number >= height,
            within=within,
            hint=self._look_at,
        )

    def must_finalize(self, beyond: int = 0, *, within: float) -> Block:
        """Demand a final block above that height; that block."""

        def final(seen: Block | None) -> bool:
            return seen is not None and seen.number > beyond

        found = eventually(
            f"{self.name} finalizes a block above {beyond}",
            self.finalized,
            until=final,
            within=within,
            hint=self._look_at,
        )
        assert found is not None
        return found

    def must_follow_head(self, others: Sequence[Node], *, spread: int, within: float) -> Block:
        """Demand a head that is at most so many blocks behind the best of the others, on the same chain.

        Returns a block that this node and all others have, with the same hash.
        """

        def look() -> tuple[Block, int]:
            best = max(other.head().number for other in others)
            return self.head(), best

        head, _ = eventually(
            f"{self.name} is at most {spread} blocks behind {', '.join(other.name for other in others)}",
            look,
            until=lambda seen: seen[1] - seen[0].number <= spread,
            within=within,
            hint=self._look_at,
        )
        return self.must_agree(others, head.number, within=within)

    def must_agree(self, others: Sequence[Node], height: int, *, within: float) -> Block:
        """Demand that all have the same block at that height. It may take a moment: the best block can still change."""
        nodes = [self, *others]
        wanted = BlockNumber(height)

        def look() -> dict[str, str]:
            return {node.name: str(node.rpc.block(wanted)) for node in nodes}

        eventually(
            f"{', '.join(node.name for node in nodes)} have the same block {height}",
            look,
            until=lambda seen: len(set(seen.values())) == 1 and "None" not in seen.values(),
            within=within,
            hint=self._look_at,
        )
        found = self.rpc.block(wanted)
        if found is None:
            raise ChainError(f"{self.name} lost block {height} while it was compared")
        return found

    def must_be_ready(self, *, within: float) -> ProbeVerdict:
        """Demand the probe's consent to traffic."""
        return eventually(
            f"{self.name} is ready",
            self.verdict,
            until=lambda verdict: verdict.ready,
            within=within,
            hint=self._look_at,
        )

    def must_not_be_ready(self, code: str, *, within: float) -> ProbeVerdict:
        """Demand that the probe refuses traffic, and for this reason."""
        return eventually(
            f"{self.name} is not ready: {code}",
            self.verdict,
            until=lambda verdict: not verdict.ready and verdict.code == code,
            within=within,
            hint=self._look_at,
        )

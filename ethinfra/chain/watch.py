"""Samples the heads of all nodes for a while, and tells whether they stayed together and never contradicted each other.

Heads may differ for a moment: a block travels, a slot has two candidates. What was final on two nodes may not.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from threading import Event

from ethinfra.chain.jsonrpc import Block, RpcError, as_block
from ethinfra.chain.node import Node
from ethinfra.chain.quantities import BlockNumber, Hash32
from ethinfra.errors import ChainError

#: Of all samples of a node, the share that must have been answered for a claim about it.
COVERAGE = 0.9


@dataclass(frozen=True)
class Sample:
    """One node at one time. clock: Unix seconds. Heights are None where it gave no answer; `trouble` says why."""

    node: str
    round: int
    clock: float
    number: BlockNumber | None = None
    hash: Hash32 | None = None
    final_number: BlockNumber | None = None
    final_hash: Hash32 | None = None
    trouble: str = ""


@dataclass(frozen=True)
class Contradiction:
    """Two nodes had different blocks at one height."""

    number: BlockNumber
    hashes: dict[str, str]


@dataclass(frozen=True)
class HeadWatch:
    """All samples of a watch, in rounds: one sample of every node at nearly the same time."""

    nodes: tuple[str, ...]
    samples: tuple[Sample, ...]

    def spread(self) -> int:
        """The largest distance between two heads in one round, over the rounds in which all nodes answered."""
        rounds: dict[int, list[int]] = {}
        for sample in self.samples:
            if sample.number is not None:
                rounds.setdefault(sample.round, []).append(sample.number)
        complete = [heights for heights in rounds.values() if len(heights) == len(self.nodes)]
        return max((max(heights) - min(heights) for heights in complete), default=0)

    def advanced(self) -> dict[str, int]:
        """Blocks that each node's head moved in the whole time."""
        heights = {name: [s.number for s in self._of(name) if s.number is not None] for name in self.nodes}
        return {name: max(seen) - seen[0] if seen else 0 for name, seen in heights.items()}

    def forks(self) -> list[Contradiction]:
        """Heights at which heads had different hashes. No fault by itself."""
        return self._contradictions([(s.node, s.number, s.hash) for s in self.samples])

    def contradictions(self) -> list[Contradiction]:
        """Heights at which final blocks had different hashes. Never to be."""
        return self._contradictions([(s.node, s.final_number, s.final_hash) for s in self.samples])

    def coverage(self) -> dict[str, float]:
        """The share of samples that each node answered."""
        return {
            name: sum(s.number is not None for s in mine) / len(mine) if (mine := self._of(name)) else 0.0
            for name in self.nodes
        }

    def must_stay_together(self, spread: int) -> None:
        """Demand that the heads moved, and were never further apart than so many blocks.

        A node that was mostly silent, or a chain that stood still, makes the claim void and fails too.
        """
        self._must_be_conclusive()
        if (seen := self.spread()) > spread:
            raise ChainError("heads of the nodes", expected=f"at most {spread} blocks apart", seen=f"{seen} apart")

    def must_not_contradict(self) -> None:
        """Demand that no two nodes had different blocks at one final height, and that there were such heights."""
        self._must_be_conclusive()
        silent = [name for name in self.nodes if not any(s.final_hash for s in self._of(name))]
        if silent:
            raise ChainError("final blocks of the nodes", expected="some on each", seen=f"none on {', '.join(silent)}")
        for found in self.contradictions():
            raise ChainError(f"final block {found.number}", expected="the same on all nodes", seen=str(found.hashes))

    def as_record(self) -> list[dict[str, object]]:
        """Plain data, for the run record and the report's picture."""
        return [asdict(sample) for sample in self.samples]

    def _must_be_conclusive(self) -> None:
        for name, share in self.coverage().items():
            if share < COVERAGE:
                troubles = sorted({s.trouble.splitlines()[-1].strip() for s in self._of(name) if s.trouble})
                seen = f"{share:.0%}; {'; '.join(troubles)[:300]}"
                raise ChainError(f"watch of {name}", expected=f"answers to {COVERAGE:.0%} of the questions", seen=seen)
        for name, blocks in self.advanced().items():
            if blocks < 1:
                raise ChainError(f"watch of {name}", expected="a chain that advances", seen="the same head throughout")

    def _of(self, name: str) -> list[Sample]:
        return [sample for sample in self.samples if sample.node == name]

    def _contradictions(self, seen: list[tuple[str, BlockNumber | None, Hash32 | None]]) -> list[Contradiction]:
        heights: dict[BlockNumber, dict[str, set[str]]] = {}
        for name, height, found in seen:
            if height is not None and found is not None:
                heights.setdefault(height, {}).setdefault(found, set()).add(name)
        return [
            Contradiction(height, {found: ", ".join(sorted(names)) for found, names in hashes.items()})
            for height, hashes in sorted(heights.items())
            if len(hashes) > 1
        ]


def watch_heads(nodes: Sequence[Node], *, seconds: float, every: float = 1.0) -> HeadWatch:
    """Ask all nodes at once, again and again, for so long."""
    samples: list[Sample] = []
    started, pause = time.monotonic(), Event()
    with ThreadPoolExecutor(len(nodes), thread_name_prefix="watch") as pool:
        number = 0
        while (begun := time.monotonic()) - started < seconds:
            samples += pool.map(lambda node, at=number: _sample(node, at), nodes)
            number += 1
            # Nothing is waited for: the pace of the samples, whatever a round took.
            pause.wait(max(begun + every - time.monotonic(), 0))
    return HeadWatch(tuple(node.name for node in nodes), tuple(samples))


def _sample(node: Node, number: int) -> Sample:
    clock = time.time()
    calls = [("eth_getBlockByNumber", [tag, False]) for tag in ("latest", "finalized")]
    try:
        latest, final = node.rpc.batch(calls)
        if isinstance(latest, RpcError):
            raise latest
        head = as_block(latest, node.name)
        # An error here means that nothing is final yet.
        last: Block | None = None if final is None or isinstance(final, RpcError) else as_block(final, node.name)
    except ChainError as reason:
        return Sample(node.name, number, clock, trouble=str(reason))
    return Sample(
        node.name,
        number,
        clock,
        head.number,
        head.hash,
        last.number if last else None,
        last.hash if last else None,
    )

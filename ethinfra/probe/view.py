"""What was seen of a node at one time. Facts only; whether they are good enough is `verdict`'s question.

A field is None where the client gave no answer to that question. Hashes are lower-case hex with `0x`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """How a client failed to answer."""

    UNREACHABLE = "unreachable"  # refused, reset, or silent until the deadline
    MALFORMED = "malformed"  # it answered, but not in its protocol
    ERROR = "error"  # it answered in its protocol that it cannot


@dataclass(frozen=True)
class Trouble:
    """Why a client's state is not known."""

    kind: Kind
    text: str


@dataclass(frozen=True)
class Block:
    """An execution block. timestamp: Unix seconds, the time of its slot."""

    number: int
    hash: str
    timestamp: int


@dataclass(frozen=True)
class Sync:
    """The execution client says that it is syncing. None where it did not say how far."""

    current: int | None
    highest: int | None


@dataclass(frozen=True)
class Execution:
    """The execution client.

    answered: any well-formed JSON-RPC answer came, be it an error
    trouble:  why one of the fields below is missing that no verdict can do without
    hash_at:  hash of its canonical block at the height of the consensus client's head
    """

    answered: bool = False
    trouble: Trouble | None = None
    chain_id: int | None = None
    genesis: str | None = None
    head: Block | None = None
    sync: Sync | None = None
    peers: int | None = None
    hash_at: str | None = None


@dataclass(frozen=True)
class ExecutionHead:
    """The execution block that the consensus client's head carries."""

    number: int
    hash: str


@dataclass(frozen=True)
class Consensus:
    """The consensus client. distance: slots between its head and the wall clock, as it says itself."""

    trouble: Trouble | None = None
    syncing: bool = False
    optimistic: bool = False
    execution_offline: bool = False
    distance: int = 0
    head_slot: int = 0
    head: ExecutionHead | None = None
    peers: int | None = None


@dataclass(frozen=True)
class Reference:
    """Another node whose head is believed. number: None while it does not answer or is of another chain."""

    name: str
    number: int | None
    note: str = ""


@dataclass(frozen=True)
class ChainView:
    """All that was seen in one look.

    clock:         Unix seconds of this machine when the look ended
    age:           seconds since then
    duration:      seconds that the look took
    unchanged_for: seconds since the head's number last changed, by the probe's own clock
    """

    execution: Execution
    consensus: Consensus
    clock: float
    references: tuple[Reference, ...] = ()
    age: float = 0
    duration: float = 0
    unchanged_for: float = 0

    @property
    def head_age(self) -> float | None:
        """Seconds since the slot of the execution client's head; negative if it lies in the future."""
        head = self.execution.head
        return None if head is None else self.clock + self.age - head.timestamp

    @property
    def lag(self) -> int | None:
        """Blocks between the consensus client's head and the execution client's; never negative."""
        theirs, ours = self.consensus.head, self.execution.head
        return None if theirs is None or ours is None else max(theirs.number - ours.number, 0)

    @property
    def best_reference(self) -> Reference | None:
        """The reference that is furthest ahead."""
        known = [one for one in self.references if one.number is not None]
        return max(known, key=lambda one: one.number or 0, default=None)

    @property
    def reference_lag(self) -> int | None:
        """Blocks between the furthest reference and the execution client's head; never negative."""
        best, ours = self.best_reference, self.execution.head
        return None if best is None or best.number is None or ours is None else max(best.number - ours.number, 0)

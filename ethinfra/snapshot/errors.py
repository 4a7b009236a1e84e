"""What can go wrong with a snapshot, said to the operator.

    SnapshotError
    ├── SnapshotUnusable        this snapshot cannot be used here; another may be (restore goes on to the one before)
    │   ├── InvalidSnapshot     what is stored contradicts itself, or is of a version that this program does not know
    │   │   └── ChunkMismatch   bytes are not those that a digest names
    │   ├── MissingContent      a manifest names something that the store does not have
    │   └── Incompatible        of another network, client, database or owner; `reasons` has a sentence each
    ├── NoSuchSnapshot          no tag of that name, or none that was promoted
    ├── NoUsableSnapshot        every one that was tried was refused; `refusals` by id
    ├── DirectoryInUse          the directory holds data that nobody allowed to replace, or somebody works in it
    ├── SourceChanged           a file changed while it was read: the client was not stopped
    └── OutOfSpace              on this machine, or at the registry

A registry that refuses or does not answer is RegistryRefused or RegistryUnreachable (`ethinfra.registry.client`).
"""

from __future__ import annotations

import errno
from collections.abc import Mapping, Sequence
from pathlib import Path

from ethinfra.errors import BadInput, EthinfraError

#: `prune` decides by age and cannot be given a snapshot: see docs/snapshots.md, "When something is wrong".
_INSTEAD = "use another snapshot; delete this one's tags"


class SnapshotError(EthinfraError):
    """The root of this package's errors."""


class SnapshotUnusable(SnapshotError):
    """This snapshot cannot be used; an older one may be."""


class InvalidSnapshot(SnapshotUnusable):
    """What is stored is no snapshot, or contradicts itself."""


class ChunkMismatch(InvalidSnapshot):
    """Bytes are not those that the digest names. digest: of the raw chunk, `sha256:…`."""

    def __init__(self, digest: str, *, where: str, seen: str) -> None:
        self.digest = digest
        super().__init__(
            f"damaged chunk: {where}",
            expected=digest,
            seen=seen,
            todo="use another snapshot; `verify` names all damaged chunks of this one",
        )


def damaged_manifest(where: str, *, expected: str, seen: str) -> InvalidSnapshot:
    """The error of a store whose manifest has not the digest under which it is stored."""
    return InvalidSnapshot(
        f"manifest {where} is damaged",
        expected=expected,
        seen=seen,
        todo=_INSTEAD,
    )


class MissingContent(SnapshotUnusable):
    """A manifest names something that the store does not have. digest: `sha256:…` of what is missing."""

    def __init__(self, digest: str, *, where: str) -> None:
        self.digest = digest
        super().__init__(
            f"{where} is incomplete",
            expected=f"{digest} to be stored",
            seen="the store has none of that digest",
            todo=_INSTEAD,
        )


class Incompatible(SnapshotUnusable):
    """The snapshot is sound but not for this node; nothing was written. reasons: a sentence each."""

    def __init__(self, snapshot: str, reasons: Sequence[str]) -> None:
        self.reasons = tuple(reasons)
        super().__init__(
            f"snapshot {snapshot} does not fit this node; nothing was written",
            seen="\n".join(reasons),
            todo="choose another: `list` shows network, client and version of each",
        )


class NoSuchSnapshot(SnapshotError):
    """There is no snapshot of that name, or none that was promoted."""


class NoUsableSnapshot(SnapshotError):
    """Every snapshot that was tried was refused. refusals: the reason by the snapshot's id, newest first; also
    RegistryRefused."""

    def __init__(self, where: str, refusals: Mapping[str, EthinfraError]) -> None:
        self.refusals = dict(refusals)
        super().__init__(
            f"no snapshot of {where} can be used",
            expected=f"one of the newest {len(refusals)} to be sound and to fit",
            seen="\n".join(f"{name}: {reason}" for name, reason in refusals.items()),
            todo="make a new one; nothing that was refused is marked as restored",
        )


class DirectoryInUse(SnapshotError):
    """The directory holds data that nobody allowed to replace, or another process works in it."""


class SourceChanged(SnapshotError):
    """A file changed while it was read. The client was not stopped, so the copy would be of no moment."""


class OutOfSpace(SnapshotError):
    """No room. needed and free in bytes, where they are known."""

    def __init__(self, where: str, *, needed: int | None = None, free: int | None = None, seen: str = "") -> None:
        self.needed = needed
        self.free = free
        super().__init__(
            f"no room in {where}",
            expected=f"{needed:,} bytes free" if needed is not None else "",
            seen=seen or (f"{free:,} bytes free" if free is not None else ""),
            todo="make room and run it again: it goes on where it was",
        )


#: Exit codes of every program of this package.
FAILED, BAD_INPUT, OUT_OF_SPACE, REGISTRY, DEFECT = 1, 2, 3, 4, 70


def exit_code(error: BaseException) -> int:
    """The exit code that tells an error's kind to whoever started the program.

    1 refused or failed, 2 bad input, 3 out of space, 4 the registry does not answer or refuses, 70 a defect of ours.
    """
    from ethinfra.registry.client import RegistryRefused, RegistryUnreachable

    if isinstance(error, OutOfSpace) or (isinstance(error, RegistryRefused) and error.full):
        return OUT_OF_SPACE
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return OUT_OF_SPACE
    if isinstance(error, BadInput):
        return BAD_INPUT
    tried = tuple(error.refusals.values()) if isinstance(error, NoUsableSnapshot) else (error,)
    if all(isinstance(one, (RegistryRefused, RegistryUnreachable)) for one in tried):
        return REGISTRY
    return FAILED if isinstance(error, (EthinfraError, OSError)) else DEFECT


def no_room(reason: OSError, where: Path | str) -> SnapshotError | OSError:
    """The error to raise for a failed write: OutOfSpace where that was the reason, else the same error."""
    if reason.errno in (errno.ENOSPC, errno.EDQUOT):
        return OutOfSpace(str(where), seen=reason.strerror or "")
    return reason

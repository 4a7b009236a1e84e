"""Files and bytes of a database, and what is left of them after zstd."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import zstandard

#: What a snapshot of geth includes (values/clients/geth.yaml), and names in it that belong to the process.
INCLUDED = ("geth/chaindata", "geth/triedb")
_LOCKS = frozenset({"LOCK", "FLOCK"})

_BLOCK = 1 << 20


@dataclass(frozen=True)
class Report:
    """freezer: bytes below `ancient`. ratio: compressed bytes by bytes, `tar | zstd -3` without tar's own."""

    files: int
    bytes: int
    freezer: int
    blocks: int
    ratio: float

    def __str__(self) -> str:
        return (
            f"{self.blocks} blocks, {self.files} files, {self.bytes / 2**20:.0f} MiB "
            f"({100 * self.freezer / max(1, self.bytes):.0f} % in the freezer), "
            f"zstd -3 leaves {100 * self.ratio:.0f} %"
        )


def files(folder: Path) -> dict[Path, int]:
    """Sizes of what a snapshot of this data directory includes, by path within it.

    A file that a running client removes meanwhile is left out.
    """
    found = {}
    for included in INCLUDED:
        for path in sorted((folder / included).rglob("*")):
            try:
                if path.is_file() and path.name not in _LOCKS:
                    found[path.relative_to(folder)] = path.stat().st_size
            except FileNotFoundError:
                continue
    return found


def fresh(before: dict[Path, int], after: dict[Path, int]) -> int:
    """Bytes of new files, and those by which others have grown; what was written over in place is not seen."""
    return sum(max(0, size - before.get(path, 0)) for path, size in after.items())


def total(folder: Path) -> int:
    """Bytes of all of them."""
    return sum(files(folder).values())


def compressed(paths: Iterable[Path]) -> int:
    """Bytes that `zstd -3` makes of the files, one after the other in one stream."""
    stream = zstandard.ZstdCompressor(level=3, threads=-1).compressobj()
    size = 0
    for path in paths:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                size += len(stream.compress(block))
    return size + len(stream.flush())

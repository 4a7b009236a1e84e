"""Databases for measuring snapshots: of a chain that a real geth made, or files like those of one.

The latter are made from a seed, in no time and of any size; half of them shrinks, half does not:

    geth/chaindata/*.sst                     2 MB each, written once
    geth/chaindata/ancient/chain/*.cdat      four that only grow
    geth/triedb/merkle.journal               one that is written anew each time
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.chain_data import ensure
from ethinfra.process import run
from ethinfra.progress import Progress

#: Bytes that are random or not as a whole.
_PIECE = 256 << 10


@dataclass(frozen=True)
class Data:
    """make: fills an empty directory; change: what a database of it does while 1 % of its bytes are replaced."""

    name: str
    make: Callable[[Path], None]
    change: Callable[[Path], None]


#: By how much a chain grows so that about a hundredth of its database's bytes change; measured (`ChainData.grow`).
_GROWTH = 0.004


def of_a_chain(size: int, progress: Progress) -> Data:
    """A real geth's, at least of that size; made once, which takes minutes. size: bytes"""
    made = ensure(size, progress)

    def copy(top: Path) -> None:
        (top / "geth").mkdir()
        for part in ("chaindata", "triedb"):
            run(["cp", "-a", "--reflink=auto", made.folder / "geth" / part, top / "geth"], within=600)

    return Data("of a chain", copy, lambda top: made.go_on_in(top, _GROWTH, progress))


def like_a_database(size: int, seed: int = 1) -> Data:
    """size: bytes, about."""
    return Data("made at random", lambda top: _make(top, size, seed), lambda top: _change(top, size // 100, seed + 1))


def _make(top: Path, size: int, seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311
    database, freezer = top / "geth/chaindata", top / "geth/chaindata/ancient/chain"
    for folder in (freezer, top / "geth/triedb"):
        folder.mkdir(parents=True)
    for number in range(max(size * 6 // 10 // 2_000_000, 1)):
        _write(database / f"{number:06}.sst", 2_000_000 + rng.randrange(5000), rng)
    for name in ("bodies", "hashes", "headers", "receipts"):
        _write(freezer / f"{name}.0000.cdat", size * 4 // 10 // 4, rng)
    _write(top / "geth/triedb/merkle.journal", size // 200, rng)


def _change(top: Path, size: int, seed: int) -> None:
    """Compaction replaces tables, freezers grow."""
    rng = random.Random(seed)  # noqa: S311
    database = top / "geth/chaindata"
    tables = sorted(database.glob("*.sst"))
    for number in range(max(size * 6 // 10 // 2_000_000, 1)):
        tables[number * 7 % len(tables)].unlink(missing_ok=True)
        _write(database / f"{900000 + number}.sst", 2_000_000, rng)
    for path in database.glob("ancient/chain/*.cdat"):
        _write(path, size * 4 // 10 // 4, rng)


def _write(path: Path, size: int, rng: random.Random) -> None:
    """Append."""
    with path.open("ab") as file:
        while size > 0:
            piece = min(size, _PIECE)
            file.write(rng.randbytes(piece) if rng.random() < 0.5 else _records(piece, rng))
            size -= piece


def _records(size: int, rng: random.Random) -> bytes:
    """Accounts by their hash: a key and a root that nothing foretells, and a frame around them that repeats."""
    count = size // 128 + 1
    noise = rng.randbytes(72 * count)
    return b"".join(
        noise[at : at + 40] + b"\xf8\x44\x80\x8a" + bytes(20) + b"\xa0" + noise[at + 40 : at + 72] + b"\x80" * 31
        for at in range(0, 72 * count, 72)
    )[:size]

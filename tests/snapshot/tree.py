"""Directories that look like a database's, made at random from a seed, and what is done to them between two
snapshots."""

from __future__ import annotations

import os
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ethinfra.snapshot.model import (
    Block,
    Client,
    Database,
    Description,
    Finalized,
    Network,
    Owner,
    Producer,
)

#: Small enough that a small tree has many chunks.
CHUNK = 8192
GENESIS = "0x" + "11" * 32
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def hash_of(number: int) -> str:
    return f"0x{number:064x}"


def description(block: int = 100, **changed: object) -> Description:
    """Of a geth on a devnet. Newer blocks were snapshotted later."""
    parts: dict[str, object] = {
        "client": Client("geth", "1.17.5"),
        "network": Network("devnet", 32382, GENESIS),
        "block": Block(block, hash_of(block), hash_of(block + 1000), 1_700_000_000 + block),
        "finalized": Finalized(max(block - 64, 0), hash_of(max(block - 64, 0))),
        "database": Database("path", ("geth/chaindata", "geth/triedb"), ("geth/nodekey", "*/LOCK")),
        "owner": Owner(os.geteuid(), os.getegid()),
        "producer": Producer("test", "0"),
        "created": NOON + timedelta(seconds=block),
    }
    return Description(**{**parts, **changed})  # type: ignore[arg-type]


def content(rng: random.Random, size: int) -> bytes:
    """Half of it shrinks, half does not; some is a hole."""
    parts, left = [], size
    while left > 0:
        piece = min(left, rng.choice((100, 5000, CHUNK, 3 * CHUNK)))
        kind = rng.random()
        parts.append(rng.randbytes(piece) if kind < 0.5 else bytes(piece) if kind < 0.6 else (b"block" * piece)[:piece])
        left -= piece
    return b"".join(parts)


def make(top: Path, seed: int) -> Path:
    """A data directory with a database, and what belongs to this node alone."""
    rng = random.Random(seed)  # noqa: S311
    for folder in ("geth/chaindata/ancient/chain", "geth/chaindata/empty", "geth/triedb", "keystore"):
        (top / folder).mkdir(parents=True)
    for number in range(rng.randrange(3, 9)):
        write(
            top / f"geth/chaindata/{number:06}.sst", content(rng, rng.choice((1, CHUNK - 1, CHUNK, CHUNK + 1, 40_000)))
        )
    for name in ("bodies", "receipts"):
        write(
            top / f"geth/chaindata/ancient/chain/{name}.0000.cdat", content(rng, rng.randrange(5 * CHUNK, 20 * CHUNK))
        )
    write(top / "geth/chaindata/CURRENT", b"MANIFEST-000001\n", 0o640)
    write(top / "geth/chaindata/none", b"")
    write(top / "geth/chaindata/LOCK", b"")
    write(top / "geth/triedb/merkle.journal", content(rng, rng.randrange(1, 3 * CHUNK)), 0o600)
    write(top / "geth/nodekey", b"secret")
    write(top / "keystore/key", b"secret")
    return top


def mutate(top: Path, seed: int) -> None:
    """What a database does while blocks come in: files end and begin, freezers grow, a few bytes change in place."""
    rng = random.Random(seed)  # noqa: S311
    database = top / "geth/chaindata"
    tables = sorted(database.glob("*.sst"))
    rng.choice(tables).unlink()
    write(database / f"{900000 + seed}.sst", content(rng, rng.randrange(1, 4 * CHUNK)))
    for path in database.glob("ancient/chain/*.cdat"):
        with path.open("ab") as file:
            file.write(content(rng, rng.randrange(1, 2 * CHUNK)))
    journal = top / "geth/triedb/merkle.journal"
    raw = bytearray(journal.read_bytes())
    raw[rng.randrange(len(raw))] ^= 1
    write(journal, bytes(raw[: rng.randrange(1, len(raw) + 1)]), 0o600)


def write(path: Path, data: bytes, mode: int = 0o644) -> None:
    path.write_bytes(data)
    path.chmod(mode)


def database_of(top: Path) -> dict[str, tuple[int, bytes | None]]:
    """Mode and bytes of everything that a snapshot of the tree holds."""
    found: dict[str, tuple[int, bytes | None]] = {}
    for below in ("geth/chaindata", "geth/triedb"):
        for path in (top / below, *(top / below).rglob("*")):
            if path.name != "LOCK":
                data = None if path.is_dir() else path.read_bytes()
                found[str(path.relative_to(top))] = (path.stat().st_mode & 0o777, data)
    return found

"""A chunk cache as tests use it: what is taken from it, how an entry goes bad, and replicas that restore through it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from ethinfra.snapshot.cache import ChunkCache
from ethinfra.snapshot.chunks import Data
from ethinfra.snapshot.compatibility import Expected
from ethinfra.snapshot.promote import promote
from ethinfra.snapshot.push import push
from ethinfra.snapshot.restore import restore_newest
from tests.snapshot import tree
from tests.snapshot.memory_store import MemoryStore

MEGABYTE = 1 << 20


def digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def entry(cache: ChunkCache, data: bytes) -> Path:
    """Where the cache has that chunk, if it has it."""
    name = digest(data).hex()
    return cache.directory / name[:2] / name


def take(cache: ChunkCache, data: bytes) -> bool:
    """Whether it had to be fetched."""
    fetched = []

    def fetch() -> Data:
        fetched.append(data)
        return data

    with cache.take(digest(data), len(data), fetch) as taken:
        assert taken.descriptor is not None
        assert os.pread(taken.descriptor, len(data), 0) == data
    return bool(fetched)


DAMAGE: dict[str, Callable[[Path], object]] = {
    "other bytes": lambda path: path.write_bytes(bytes(tree.CHUNK - 1) + b"x"),
    "too short": lambda path: path.write_bytes(b"short"),
    "link": lambda path: path.symlink_to("/nonexistent"),
    "pipe": os.mkfifo,
    "folder": Path.mkdir,
}


def damage(cache: ChunkCache, how: str) -> Path:
    path = next(path for path in cache.directory.glob("??/*") if path.stat().st_size == tree.CHUNK)
    path.unlink()
    DAMAGE[how](path)
    return path


class Restores:
    """A promoted snapshot, and replicas on one machine that restore it."""

    def __init__(self, store: MemoryStore, source: Path, top: Path, cache: ChunkCache) -> None:
        self.store, self.source, self.top, self.cache = store, source, top, cache
        promote(store, push(source, store, tree.description(), chunk_size=tree.CHUNK).id)

    def replica(self, name: str) -> Path:
        volume = self.top / name
        volume.mkdir()
        self.restored = restore_newest(self.store, volume, Expected(), cache=self.cache)
        assert tree.database_of(volume) == tree.database_of(self.source)
        return volume

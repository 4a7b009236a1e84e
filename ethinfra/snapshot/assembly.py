"""A restore's chunks, put into place by many threads: those that are there, those of the node's cache, the store's."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ethinfra.snapshot import space
from ethinfra.snapshot.cache import ChunkCache, Taken
from ethinfra.snapshot.chunks import fetch, zeros
from ethinfra.snapshot.directory import (
    Target,
)
from ethinfra.snapshot.errors import (
    OutOfSpace,
    no_room,
)
from ethinfra.snapshot.model import Chunk, File, Owner, chunk_count
from ethinfra.snapshot.parallel import each
from ethinfra.snapshot.progress import Transfer, amount
from ethinfra.snapshot.reader import Snapshot
from ethinfra.snapshot.reflink import can_reflink, share
from ethinfra.snapshot.store import Data, SnapshotStore
from ethinfra.snapshot.whole import read_all


@dataclass(frozen=True)
class Counts:
    """Chunks by where they came from; fetched_bytes as they were stored. Holes are neither stored nor written.

    As text: what every restore says at its end, and what is read out of a pod's log (`ethinfra.trial.serving`).
    """

    kept: int = 0
    shared: int = 0
    copied: int = 0
    fetched: int = 0
    holes: int = 0
    fetched_bytes: int = 0

    def __str__(self) -> str:
        return (
            f"chunks: {self.kept} were there, {self.shared} shared with the cache, {self.copied} copied from it, "
            f"{self.fetched} fetched ({amount(self.fetched_bytes)})"
        )


class Assembly:
    """The files of one restore, while their chunks come."""

    def __init__(
        self,
        store: SnapshotStore,
        directory: Path,
        snapshot: Snapshot,
        owner: Owner,
        cache: ChunkCache | None,
        progress: Transfer,
    ) -> None:
        self.directory = directory
        self.snapshot = snapshot
        self.owner = owner
        self.cache = cache
        self.progress = progress
        self.shares = cache is not None and _shares(directory, cache)
        self._beside = cache is not None and space.one_file_system(directory, cache)
        self._left = snapshot.config.size
        self._workers = 0
        self._store = store
        self._local = threading.local()
        self._lock = threading.Lock()
        self._counts: dict[str, int] = {}
        self._targets: list[Target] = []

    def counts(self) -> Counts:
        return Counts(**self._counts)

    def run(self, workers: int) -> None:
        """Afterwards all files are in place, whole; none is left open, whatever happened."""
        self._workers = workers
        try:
            each(self._work(), self._place, workers)
        finally:
            for target in self._targets:
                target.abandon()

    def _work(self) -> Iterator[tuple[Target, File, Chunk]]:
        config = self.snapshot.config
        for file in config.files:
            target = Target(self.directory, file, chunk_count(file.size, config.chunk_size), self.owner)
            self._targets = [*(one for one in self._targets if one.open), target]
            for chunk in file.chunks(config.chunk_size):
                yield target, file, chunk

    def _place(self, item: tuple[Target, File, Chunk]) -> None:
        """Afterwards the chunk's bytes are in its file."""
        target, file, chunk = item
        fetched = 0
        if target.before > chunk.offset and self._is_there(target, chunk):
            self._count(kept=1)
        elif not target.before and chunk.size == self.snapshot.config.chunk_size and chunk.raw == zeros(chunk.size):
            self._count(holes=1)
        elif self.cache is not None:
            fetched = self._from_cache(self.cache, target, file, chunk)
        else:
            target.write(self._fetched(file, chunk), chunk.offset)
            fetched = chunk.stored
        target.ended()
        with self._lock:
            self._left -= chunk.size
        self.progress.add(chunk.size, fetched)

    def _is_there(self, target: Target, chunk: Chunk) -> bool:
        view = self._buffer()[: chunk.size]
        return target.read(view, chunk.offset) and hashlib.sha256(view).digest() == chunk.raw

    def _from_cache(self, cache: ChunkCache, target: Target, file: File, chunk: Chunk) -> int:
        """Bytes that had to be fetched. An entry that turns out to be damaged is replaced."""
        while True:
            with cache.take(chunk.raw, chunk.size, lambda: self._fetched(file, chunk), keep=self._may_keep()) as taken:
                fetched = chunk.stored if taken.data is not None else 0
                if taken.trusted and self._shared(taken, target, chunk):
                    self._count(shared=not fetched)
                    return fetched
                data = taken.data
                if data is None and taken.descriptor is not None:
                    data = self._checked(taken.descriptor, chunk)
                if data is None:
                    cache.remove(chunk.raw)
                    self.progress.note(f"a damaged chunk was removed from the cache: {chunk.raw.hex()}")
                    continue
                if not taken.trusted and taken.data is None:
                    cache.trust(chunk.raw)
                if not self._shared(taken, target, chunk):
                    target.write(data, chunk.offset)
                self._count(copied=not fetched)
                return fetched

    def _may_keep(self) -> bool:
        """Whether the cache may grow: not where it takes the room that the snapshot needs."""
        if self.shares or not self._beside:
            return True
        return space.leaves_room(self.snapshot.config, self.directory, self._left, self._workers)

    def _shared(self, taken: Taken, target: Target, chunk: Chunk) -> bool:
        """Whether the target has the entry's blocks now."""
        if taken.descriptor is None or not self.shares:
            return False
        try:
            self.shares = share(taken.descriptor, target.descriptor, chunk.offset)
        except OSError as reason:
            if isinstance(no_room(reason, self.directory), OutOfSpace):
                raise
            return False  # the disk's error; who copies learns whether it is the entry's
        return self.shares

    def _checked(self, descriptor: int, chunk: Chunk) -> Data | None:
        """The bytes of a cache's entry, None if they cannot be read or are not what its name says."""
        view = self._buffer()[: chunk.size]
        try:
            whole = read_all(descriptor, view, 0)
        except OSError:
            return None
        return view if whole and hashlib.sha256(view).digest() == chunk.raw else None

    def _fetched(self, file: File, chunk: Chunk) -> Data:
        where = f"snapshot {self.snapshot.id}, {file.path} at {chunk.offset}"
        data = fetch(self._store, chunk, where)
        self._count(fetched=1, fetched_bytes=chunk.stored)
        return data

    def _buffer(self) -> memoryview:
        if not hasattr(self._local, "buffer"):
            self._local.buffer = memoryview(bytearray(self.snapshot.config.chunk_size))
        buffer: memoryview = self._local.buffer
        return buffer

    def _count(self, **more: int) -> None:
        with self._lock:
            for name, count in more.items():
                self._counts[name] = self._counts.get(name, 0) + int(count)


def _shares(directory: Path, cache: ChunkCache) -> bool:
    try:
        return can_reflink(directory, cache.directory)
    except OSError:  # a cache that cannot be written to may still be read
        return True

"""Whether a stored snapshot is whole, without restoring it."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from ethinfra.snapshot.chunks import fetch
from ethinfra.snapshot.errors import SnapshotUnusable
from ethinfra.snapshot.model import Chunk, File
from ethinfra.snapshot.parallel import each, worker_count
from ethinfra.snapshot.progress import Transfer
from ethinfra.snapshot.reader import read_snapshot
from ethinfra.snapshot.store import SnapshotStore, named


@dataclass(frozen=True)
class Verified:
    """problems: a text for each chunk that is missing or damaged; bytes: of the chunks, as they are stored."""

    id: str
    digest: str
    chunks: int
    bytes: int
    seconds: float
    problems: tuple[str, ...]


def verify(
    store: SnapshotStore,
    reference: str,
    *,
    quick: bool = False,
    workers: int = 0,
    progress: Transfer | None = None,
) -> Verified:
    """Read every chunk of a snapshot and compare its digest; all that is wrong is told, not only the first.

    quick: only ask whether each is there and has its size
    SnapshotUnusable if manifest or config are not valid, NoSuchSnapshot if there is none.
    """
    started = time.monotonic()
    progress = progress or Transfer()
    snapshot = read_snapshot(store, reference)
    # The same bytes may be stored twice, compressed in two ways.
    distinct: dict[tuple[bytes, bytes], tuple[File, Chunk]] = {}
    for file, chunk in snapshot.config.chunks():
        distinct.setdefault((chunk.raw, chunk.layer), (file, chunk))
    progress.begin(f"verifying {snapshot.id}", sum(chunk.size for _, chunk in distinct.values()))
    problems: list[str] = []
    lock = threading.Lock()

    def look(item: tuple[File, Chunk]) -> None:
        file, chunk = item
        where = f"{file.path} at {chunk.offset}"
        try:
            problem = _quickly(store, chunk, where) if quick else ""
            if not quick:
                fetch(store, chunk, where)
        except SnapshotUnusable as found:
            problem = str(found)
        if problem:
            with lock:
                problems.append(problem)
        progress.add(chunk.size, 0 if quick else chunk.stored)

    each(distinct.values(), look, worker_count(workers, snapshot.config.chunk_size))
    stored = sum(chunk.stored for _, chunk in distinct.values())
    return Verified(
        snapshot.id, snapshot.digest, len(distinct), stored, time.monotonic() - started, tuple(sorted(problems))
    )


def _quickly(store: SnapshotStore, chunk: Chunk, where: str) -> str:
    size = store.blob_size(named(chunk.layer))
    if size is None:
        return f"{where}: layer {named(chunk.layer)} is not there"
    return f"{where}: layer {named(chunk.layer)} has {size} bytes, not {chunk.stored}" if size != chunk.stored else ""

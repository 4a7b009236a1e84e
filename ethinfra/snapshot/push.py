"""Make a snapshot of a directory and put it into a store.

    scan ─ read what is not known ─ send chunks ─ config ─ shards ─ manifest, as `candidate-<id>`

A file that is the same as when its parent was made (same volume, inode, times, size) is not read; a chunk whose digest
the parent knows is not compressed; one that the store has is not sent. The tag comes last, so a push that ends early
leaves nothing but chunks, and the next one finds them.
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ethinfra.errors import BadInput
from ethinfra.snapshot import manifest
from ethinfra.snapshot.chunks import DEFAULT_LEVEL, Codec
from ethinfra.snapshot.document import parse, serialize
from ethinfra.snapshot.errors import InvalidSnapshot, NoSuchSnapshot, SourceChanged
from ethinfra.snapshot.ids import is_id, make_id
from ethinfra.snapshot.listing import State, promoted, shard_tag, tag_of
from ethinfra.snapshot.manifest import MAX_LAYERS, Descriptor, Layer
from ethinfra.snapshot.model import DEFAULT_CHUNK_SIZE, Config, Description, Directory, File, Identity, pack
from ethinfra.snapshot.parallel import each, worker_count
from ethinfra.snapshot.progress import Transfer
from ethinfra.snapshot.reader import UNREADABLE, Snapshot, of_this_one_alone, read_snapshot
from ethinfra.snapshot.selection import Found, Selection, scan
from ethinfra.snapshot.store import MissingBlobs, SnapshotStore, digest_of, named

#: How often what a garbage collection took in between is sent again.
_ROUNDS = 3


@dataclass(frozen=True)
class Pushed:
    """digest: of the manifest; bytes: of all files; read_bytes, sent_bytes: of them from disk, and of layers to the
    store;
    parent: the digest of the snapshot that chunks were shared with."""

    id: str
    tag: str
    digest: str
    files: int
    bytes: int
    chunks: int
    read_bytes: int
    sent_bytes: int
    sent_chunks: int
    seconds: float
    parent: str | None


def push(
    source: Path,
    store: SnapshotStore,
    description: Description,
    *,
    name: str | None = None,
    volume: str = "",
    identities: Mapping[str, Identity] | None = None,
    chunk_size: int = 0,
    level: int = DEFAULT_LEVEL,
    workers: int = 0,
    max_layers: int = MAX_LAYERS,
    annotations: Mapping[str, str] | None = None,
    progress: Transfer | None = None,
) -> Pushed:
    """Store the files of `source` that the description's database includes, as a candidate.

    name:       the snapshot's id; by default of block and time. One that is there already is left as it is, unless it
                cannot be read
    volume:     which volume the files are of; with it, what has not changed since the parent is not read again
    identities: of the files by path, where `source` is a copy of the volume; by default those of `source` itself
    chunk_size: bytes; 0 for the parent's, or the default
    level:      of zstd
    workers:    0 for as many as cores and memory allow
    max_layers: chunks above which the manifest is split
    SourceChanged if a file changes meanwhile, BadInput for what no snapshot can hold, before anything is read.
    """
    started = time.monotonic()
    name = name or make_id(description.block.number, description.created)
    _must_be_readable(name, Config(description, chunk_size or DEFAULT_CHUNK_SIZE, (), ()))
    progress = progress or Transfer()
    there = _there(store, name, progress)
    if there is not None:
        return there
    parent = _parent(store, progress)
    size = chunk_size or (parent.config.chunk_size if parent else DEFAULT_CHUNK_SIZE)
    task = _Push(source, store, Codec(size, level), size, parent, progress)
    directories, found = scan(source, Selection(description.database.include, description.database.exclude))
    if not any(file.size for file in found):
        raise BadInput(f"{source} has no data", expected=f"files of {', '.join(description.database.include) or 'any'}")
    progress.begin(f"pushing {name}", sum(file.size for file in found))
    known = identities if identities is not None else {file.path: Identity(*file.identity) for file in found}
    threads = worker_count(workers, size)
    task.read(found, known, volume, threads)
    about = dict(annotations or {})
    digest = ""
    for attempt in range(_ROUNDS):
        config = task.config(description, directories, known, volume)
        try:
            digest = _finish(store, config, name, about, task, started, max_layers)
            break
        except MissingBlobs:
            if attempt == _ROUNDS - 1:
                raise
            progress.note("the registry has removed chunks meanwhile; sending them again")
            task.send_missing(threads)
    return Pushed(
        name,
        tag_of(name, State.CANDIDATE),
        digest,
        len(found),
        config.size,
        sum(1 for _ in config.chunks()),
        task.read_bytes,
        task.sent_bytes,
        task.sent_chunks,
        time.monotonic() - started,
        config.parent,
    )


def _must_be_readable(name: str, config: Config) -> None:
    """BadInput for what no reader would accept. It is said before hours of reading, not after."""
    if not is_id(name):
        raise BadInput(f"id {name!r} of a snapshot", expected="a block's number of at most ten digits, and a time")
    try:
        parse(serialize(config))
    except InvalidSnapshot as wrong:
        raise BadInput("no reader would accept this snapshot", seen=wrong.seen) from wrong


def _there(store: SnapshotStore, name: str, progress: Transfer) -> Pushed | None:
    """The snapshot of that id, if one was pushed before, whatever has become of it.

    Shards are tagged by the id alone: pushed once more they would lose their tags, and a promoted one its chunks.
    """
    started = time.monotonic()
    for state in (State.PROMOTED, State.FAILED, State.CANDIDATE):
        tag = tag_of(name, state)
        try:
            found = read_snapshot(store, tag)
        except NoSuchSnapshot:
            continue
        except UNREADABLE as reason:
            if not of_this_one_alone(reason, store):
                raise
            progress.note(f"{tag} is made anew: {reason}")
            continue
        config, chunks = found.config, sum(1 for _ in found.config.chunks())
        seconds = time.monotonic() - started
        return Pushed(name, tag, found.digest, len(config.files), config.size, chunks, 0, 0, 0, seconds, config.parent)
    return None


def _parent(store: SnapshotStore, progress: Transfer) -> Snapshot | None:
    """The newest promoted snapshot. One that cannot be used, or is gone meanwhile, is no reason to make none."""
    newest = promoted(store)[:1]
    try:
        return read_snapshot(store, tag_of(newest[0].id, State.PROMOTED)) if newest else None
    except UNREADABLE as reason:
        progress.note(f"no chunks are shared with {newest[0].id}: {reason}")
        return None


def _finish(
    store: SnapshotStore,
    config: Config,
    name: str,
    annotations: Mapping[str, str],
    task: _Push,
    started: float,
    max_layers: int,
) -> str:
    """Store config, shards and manifest; returns the manifest's digest."""
    raw = serialize(config)
    # A config that nobody can read is never sent. For 200,000 chunks that takes 0.3 s, and 40 MB while it lasts.
    parse(raw)
    descriptor = Descriptor(digest_of(raw), len(raw))
    if store.blob_size(descriptor.digest) != descriptor.size:
        store.put_blob(descriptor.digest, raw)
    about = {
        **annotations,
        manifest.ANNOTATION_ID: name,
        manifest.ANNOTATION_BLOCK: str(config.description.block.number),
        manifest.ANNOTATION_BYTES: str(config.size),
        manifest.ANNOTATION_SENT: str(task.sent_bytes),
        manifest.ANNOTATION_SECONDS: f"{time.monotonic() - started:.1f}",
        manifest.ANNOTATION_CREATED: manifest.moment_text(config.description.created),
        manifest.ANNOTATION_PUSHED: manifest.moment_text(datetime.now(UTC)),
    }
    layers: dict[bytes, Layer] = {}
    for _, chunk in config.chunks():
        layers.setdefault(chunk.layer, Layer(chunk.layer, chunk.stored, chunk.plain))
    digest = ""
    for document in manifest.documents(descriptor, list(layers.values()), about, max_layers):
        tag = tag_of(name, State.CANDIDATE) if document.shard is None else shard_tag(name, document.shard)
        store.put_manifest(tag, document.raw, document.media_type)
        digest = document.digest
    return digest


class _Push:
    """What is known about the chunks while they are read and sent."""

    def __init__(
        self,
        source: Path,
        store: SnapshotStore,
        codec: Codec,
        chunk_size: int,
        parent: Snapshot | None,
        progress: Transfer,
    ) -> None:
        self._source = source
        self._store = store
        self._codec = codec
        self._chunk_size = chunk_size
        self._parent = parent
        self._progress = progress
        self._lock = threading.Lock()
        #: Layer and stored size of a chunk by its raw digest.
        self._located: dict[bytes, tuple[bytes, int]] = {}
        self._claimed: set[bytes] = set()
        #: Raw digests of a file's chunks, by its place in `_found`.
        self._raws: list[bytearray] = []
        self._readings: list[_Reading] = []
        self._found: list[Found] = []
        self.read_bytes = self.sent_bytes = self.sent_chunks = 0
        if parent is not None:
            for _, chunk in parent.config.chunks():
                self._located[chunk.raw] = (chunk.layer, chunk.stored)

    def read(self, found: list[Found], known: Mapping[str, Identity], volume: str, workers: int) -> None:
        """Afterwards every chunk of every file is in the store."""
        self._found = found
        self._raws = [bytearray(32 * -(-file.size // self._chunk_size)) for file in found]
        self._send(self._work(self._unchanged(known, volume)), workers)

    def config(
        self, description: Description, directories: list[Directory], known: Mapping[str, Identity], volume: str
    ) -> Config:
        """The document about what was read."""
        files = tuple(
            File(file.path, file.size, file.mode, self._table(raws), known.get(file.path) if volume else None)
            for file, raws in zip(self._found, self._raws, strict=True)
        )
        parent = self._parent.digest if self._parent else None
        return Config(description, self._chunk_size, tuple(directories), files, parent, volume)

    def send_missing(self, workers: int) -> None:
        """Send every chunk again that the store does not have any more, or not whole."""
        lost: set[bytes] = set()

        def look(raw: bytes) -> None:
            layer, stored = self._located[raw]
            if self._store.blob_size(named(layer)) != stored:
                lost.add(raw)

        each({raw for raws in self._raws for raw in _split(raws)}, look, workers)
        for raw in lost:
            del self._located[raw]
        self._claimed -= lost
        self._send(self._work_again(lost), workers)

    def _send(self, work: Iterator[_Item], workers: int) -> None:
        """Afterwards every chunk of the work is in the store, and no file is open."""
        try:
            each(work, self._chunk, workers)
        finally:
            for reading in self._readings:
                reading.close()

    def _table(self, raws: bytearray) -> bytes:
        return pack((raw, *self._located[raw]) for raw in _split(raws))

    def _unchanged(self, known: Mapping[str, Identity], volume: str) -> dict[str, File]:
        """The parent's files that are still the same, by path."""
        parent = self._parent.config if self._parent else None
        if parent is None or not volume or parent.volume != volume or parent.chunk_size != self._chunk_size:
            return {}
        return {file.path: file for file in parent.files if file.source and file.source == known.get(file.path)}

    def _work(self, unchanged: Mapping[str, File]) -> Iterator[_Item]:
        """The chunks of all files that are to be read."""
        for number, file in enumerate(self._found):
            same = unchanged.get(file.path)
            if same is not None and same.size == file.size:
                self._raws[number][:] = b"".join(chunk.raw for chunk in same.chunks(self._chunk_size))
                self._progress.add(file.size)
                continue
            reading = self._open(file, -(-file.size // self._chunk_size))
            for offset in range(0, file.size, self._chunk_size):
                yield reading, number, offset, True
            if not file.size:
                reading.close()

    def _work_again(self, lost: Collection[bytes]) -> Iterator[_Item]:
        """The chunks with these raw digests."""
        for number, file in enumerate(self._found):
            places = [at for at, raw in enumerate(_split(self._raws[number])) if raw in lost]
            if places:
                reading = self._open(file, len(places))
                for at in places:
                    yield reading, number, at * self._chunk_size, False

    def _open(self, file: Found, chunks: int) -> _Reading:
        reading = _Reading(self._source, file, chunks)
        self._readings = [*(one for one in self._readings if one.open), reading]
        return reading

    def _chunk(self, item: _Item) -> None:
        reading, number, offset, counts = item
        size = min(self._chunk_size, reading.file.size - offset)
        data = self._codec.read(reading.descriptor, offset, size, reading.file.path)
        raw = hashlib.sha256(data).digest()
        at = offset // self._chunk_size * 32
        self._raws[number][at : at + 32] = raw
        sent = 0
        if self._claim(raw):
            stored = self._codec.store(data, raw)
            digest = named(stored.layer)
            if self._store.blob_size(digest) != len(stored.data):
                self._store.put_blob(digest, stored.data)
                sent = len(stored.data)
            self._located[raw] = (stored.layer, len(stored.data))
        with self._lock:
            self.read_bytes += size
            self.sent_bytes += sent
            self.sent_chunks += sent > 0
        if counts:
            self._progress.add(size, sent)
        reading.ended()

    def _claim(self, raw: bytes) -> bool:
        """Whether the caller has to store the chunk: nobody knows it, and nobody is storing it."""
        with self._lock:
            if raw in self._located or raw in self._claimed:
                return False
            self._claimed.add(raw)
            return True


class _Reading:
    """A source file while it is read: open from its first chunk to its last. chunks: how many are read of it."""

    def __init__(self, source: Path, file: Found, chunks: int) -> None:
        self.file = file
        self._path = source / file.path
        self._left = chunks
        self._lock = threading.Lock()
        self.open = False
        try:
            self.descriptor = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            raise self._changed("it is gone") from None
        self.open = True

    def close(self) -> None:
        if self.open:
            self.open = False
            os.close(self.descriptor)

    def ended(self) -> None:
        """One chunk is read. After the last one the file must still be what it was before the first."""
        with self._lock:
            self._left -= 1
            last = self._left == 0
        if not last:
            return
        status = os.fstat(self.descriptor)
        self.close()
        seen = (status.st_ino, status.st_mtime_ns, status.st_ctime_ns)
        if status.st_size != self.file.size or seen != self.file.identity:
            raise self._changed(f"size, inode or times are others than before: {status.st_size} bytes, {seen}")

    def _changed(self, seen: str) -> SourceChanged:
        return SourceChanged(
            f"{self._path} changed while it was read",
            expected="a client that is stopped, or a copy that nobody writes to",
            seen=seen,
            todo="stop the client, or push from a copy",
        )


#: A chunk that is to be read: its file, the file's number, the offset, and whether it is progress or a repetition.
_Item = tuple[_Reading, int, int, bool]


def _split(raws: bytearray) -> Iterator[bytes]:
    """The raw digests of a file's chunks."""
    return (bytes(raws[at : at + 32]) for at in range(0, len(raws), 32))

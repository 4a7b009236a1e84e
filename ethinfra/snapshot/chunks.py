"""One chunk: read from a file, stored, fetched, checked.

A chunk is stored in zstd where that pays, else as it is. Most of a database is compressed by the client already: a
freezer's blocks shrink by six percent more, for half of the time that a push takes. A sample tells.
"""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass
from functools import cache

import zstandard

from ethinfra.snapshot.errors import ChunkMismatch, MissingContent, SourceChanged
from ethinfra.snapshot.model import Chunk
from ethinfra.snapshot.store import Data, SnapshotStore, digest_of, named
from ethinfra.snapshot.whole import read_all

#: Of zstd. Measured: see docs/snapshot-format.md, "Compression".
DEFAULT_LEVEL = 1

#: A chunk is stored compressed if that takes at most this part of its size. Level 1 is for speed, the others for size.
_PAYS_FAST, _PAYS = 0.9, 0.97
#: Bytes of a sample, and how many are taken.
_SAMPLE, _SAMPLES = 16 << 10, 4


@dataclass(frozen=True)
class Stored:
    """A chunk as it is stored."""

    layer: bytes
    data: Data


class Codec:
    """Reads and compresses chunks, each thread with its own buffers."""

    def __init__(self, chunk_size: int, level: int = DEFAULT_LEVEL) -> None:
        self._chunk_size = chunk_size
        self._level = level
        self._pays = _PAYS_FAST if level == 1 else _PAYS
        self._local = threading.local()

    def read(self, descriptor: int, offset: int, size: int, path: str) -> memoryview:
        """The bytes of a chunk, valid until this thread reads the next. SourceChanged if the file has become
        shorter."""
        if not hasattr(self._local, "buffer"):
            self._local.buffer = memoryview(bytearray(self._chunk_size))
        view: memoryview = self._local.buffer[:size]
        if not read_all(descriptor, view, offset):
            raise SourceChanged(f"{path} became shorter while it was read", todo="stop the client first")
        return view

    def store(self, data: memoryview, raw: bytes) -> Stored:
        """The stored form of a chunk with that raw digest."""
        if self._shrinks(data):
            compressed = self._compressor(self._level).compress(data)
            if len(compressed) <= self._pays * len(data):
                return Stored(hashlib.sha256(compressed).digest(), compressed)
        return Stored(raw, data)

    def _shrinks(self, data: memoryview) -> bool:
        if len(data) <= 2 * _SAMPLE * _SAMPLES:
            return True
        step = (len(data) - _SAMPLE) // (_SAMPLES - 1)
        fast = self._compressor(1)
        sizes = [len(fast.compress(data[start : start + _SAMPLE])) for start in range(0, step * _SAMPLES, step)]
        # Small pieces shrink less than the whole.
        return sum(sizes) <= (self._pays + 0.02) * _SAMPLE * _SAMPLES

    def _compressor(self, level: int) -> zstandard.ZstdCompressor:
        known: dict[int, zstandard.ZstdCompressor] | None = getattr(self._local, "compressors", None)
        if known is None:
            known = self._local.compressors = {}
        if level not in known:
            known[level] = zstandard.ZstdCompressor(level=level)
        return known[level]


_decompressors = threading.local()


def fetch(store: SnapshotStore, chunk: Chunk, where: str) -> Data:
    """A chunk's bytes from the store, checked against its raw digest. MissingContent or ChunkMismatch."""
    stored = store.blob(named(chunk.layer), chunk.stored)
    if stored is None:
        raise MissingContent(named(chunk.layer), where=where)
    digest = named(chunk.raw)
    if len(stored) != chunk.stored:
        seen = f"{len(stored)} bytes" if len(stored) < chunk.stored else "more"
        raise ChunkMismatch(digest, where=where, seen=f"{seen} where {chunk.stored} are recorded")
    data = stored if chunk.plain else _decompressed(stored, chunk, where)
    if hashlib.sha256(data).digest() != chunk.raw:
        raise ChunkMismatch(digest, where=where, seen=_what_is_wrong(stored, chunk))
    return data


def _decompressed(stored: bytes, chunk: Chunk, where: str) -> bytes:
    digest = named(chunk.raw)
    try:
        # The frame says how much comes out; nothing is made room for before that is what was recorded.
        promised = zstandard.frame_content_size(stored)
        if promised != chunk.size:
            raise ChunkMismatch(
                digest, where=where, seen=f"a frame of {promised} bytes where {chunk.size} are recorded"
            )
        if not hasattr(_decompressors, "one"):
            _decompressors.one = zstandard.ZstdDecompressor(max_window_size=1 << 27)
        data: bytes = _decompressors.one.decompress(stored, allow_extra_data=False)
    except zstandard.ZstdError as reason:
        raise ChunkMismatch(digest, where=where, seen=_what_is_wrong(stored, chunk, str(reason))) from reason
    return data


def _what_is_wrong(stored: bytes, chunk: Chunk, why: str = "") -> str:
    if digest_of(stored) != named(chunk.layer):
        return f"the store's bytes of layer {named(chunk.layer)} are damaged: {digest_of(stored)}"
    return why or f"layer {named(chunk.layer)} is sound but holds other bytes: the config is wrong about it"


@cache
def zeros(size: int) -> bytes:
    """The raw digest of so many zero bytes: what a hole in a file reads as."""
    return hashlib.sha256(bytes(size)).digest()

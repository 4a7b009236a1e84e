"""What a snapshot is made of.

    Config
    ├── Description     of what chain, block, client, database and owner the data is; who made the snapshot, when
    ├── directories     path and mode
    └── files           path, size, mode, chunks; where the snapshot's maker allows it, the identity of the source file

A *chunk* is `chunk_size` bytes of one file at a multiple of `chunk_size`; the last one of a file is shorter. It has a
*raw* digest, of the file's bytes, and is stored in a *layer*, whose digest is of the stored bytes. If both are the same
the chunk is stored as it is, else in zstd. Digests are 32 bytes.

A config of a terabyte has hundreds of thousands of chunks. They are kept packed, 68 bytes each.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

#: Chunks begin at multiples of it, because file systems share whole blocks between files.
BLOCK = 4096
#: Bytes. Measured: see docs/snapshot-format.md, "Chunk size".
DEFAULT_CHUNK_SIZE = 8 << 20
LARGEST_CHUNK_SIZE = 64 << 20

_ROW = struct.Struct(">32s32sI")
#: Bytes of one chunk in `File.table`.
ROW_SIZE = _ROW.size


class Chunk(NamedTuple):
    """A run of bytes of one file. offset, size: in the file; stored: bytes of its layer."""

    raw: bytes
    layer: bytes
    stored: int
    offset: int
    size: int

    @property
    def plain(self) -> bool:
        """Stored as it is, not compressed."""
        return self.raw == self.layer


class Identity(NamedTuple):
    """How a file on a volume is recognised as unchanged, together with its size. Times in nanoseconds."""

    inode: int
    mtime: int
    ctime: int


@dataclass(frozen=True)
class Directory:
    """path: relative, with `/`; mode: permission bits."""

    path: str
    mode: int


@dataclass(frozen=True)
class File:
    """path: relative, with `/`; size: bytes; mode: permission bits; table: its chunks, packed (`pack`)."""

    path: str
    size: int
    mode: int
    table: bytes = field(repr=False)
    source: Identity | None = None

    def rows(self) -> Iterator[tuple[bytes, bytes, int]]:
        """Raw digest, layer digest and stored size of each chunk."""
        return _ROW.iter_unpack(self.table)

    def chunks(self, chunk_size: int) -> Iterator[Chunk]:
        for number, (raw, layer, stored) in enumerate(self.rows()):
            offset = number * chunk_size
            yield Chunk(raw, layer, stored, offset, min(chunk_size, self.size - offset))


def pack(rows: Iterable[tuple[bytes, bytes, int]]) -> bytes:
    """Rows of raw digest, layer digest and stored size, as `File.table` holds them."""
    return b"".join(_ROW.pack(*row) for row in rows)


def chunk_count(size: int, chunk_size: int) -> int:
    return -(-size // chunk_size)


@dataclass(frozen=True)
class Client:
    """The execution client that wrote the database: `geth`, `1.17.5`."""

    name: str
    version: str


@dataclass(frozen=True)
class Network:
    """genesis_hash: of execution block 0, `0x…`."""

    name: str
    chain_id: int
    genesis_hash: str


@dataclass(frozen=True)
class Block:
    """The head that a client restored from the snapshot answers with. timestamp: seconds since the epoch."""

    number: int
    hash: str
    state_root: str
    timestamp: int


@dataclass(frozen=True)
class Finalized:
    """The last final block when the copy was taken."""

    number: int
    hash: str


@dataclass(frozen=True)
class Database:
    """scheme: how states are stored, empty where the client has only one way. include, exclude: what of the data
    directory the snapshot is made of (`ethinfra.snapshot.selection`)."""

    scheme: str
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()


@dataclass(frozen=True)
class Owner:
    uid: int
    gid: int


@dataclass(frozen=True)
class Producer:
    """Who made the snapshot. revision: of the source, as far as it is known."""

    revision: str
    version: str


@dataclass(frozen=True)
class Description:
    """Everything that the maker of a snapshot says about it. created: with time zone, whole seconds."""

    client: Client
    network: Network
    block: Block
    finalized: Finalized | None
    database: Database
    owner: Owner
    producer: Producer
    created: datetime


@dataclass(frozen=True)
class Config:
    """The whole document. parent: manifest digest of the snapshot that chunks were reused of; volume: which one the
    identities of the files are of, empty if none."""

    description: Description
    chunk_size: int
    directories: tuple[Directory, ...]
    files: tuple[File, ...]
    parent: str | None = None
    volume: str = ""

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)

    def chunks(self) -> Iterator[tuple[File, Chunk]]:
        """All chunks, file by file."""
        for file in self.files:
            for chunk in file.chunks(self.chunk_size):
                yield file, chunk

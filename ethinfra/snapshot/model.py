"""What a snapshot says about itself: the config document, written and read strictly.

    Config
    ├── Description     of what chain, block, client, database and owner the data is; who made the snapshot, when
    ├── directories     path and mode
    └── files           path, size, mode, chunks; where the snapshot's maker allows it, the identity of the source file

A *chunk* is `chunk_size` bytes of one file at a multiple of `chunk_size`; the last one of a file is shorter. It has a
*raw* digest, of the file's bytes, and is stored in a *layer*, whose digest is of the stored bytes. If both are the same
the chunk is stored as it is, else in zstd. Digests are 32 bytes in memory and hexadecimal in the document.

A config of a terabyte has hundreds of thousands of chunks. They are kept packed, 68 bytes each, and are packed while
the document is parsed, so that reading one takes about three times its size in memory, not ten.
"""

from __future__ import annotations

import json
import re
import struct
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple, TypeVar

from ethinfra.snapshot.errors import InvalidSnapshot

SCHEMA_VERSION = 1

#: Chunks begin at multiples of it, because file systems share whole blocks between files.
BLOCK = 4096
#: Bytes. Measured: see docs/snapshot-format.md, "Chunk size".
DEFAULT_CHUNK_SIZE = 8 << 20
LARGEST_CHUNK_SIZE = 64 << 20

#: Names that a directory of data never hands on: what restores and jobs keep there themselves.
OWN_NAMES = ".ethinfra-"

_ROW = struct.Struct(">32s32sI")
_LARGEST_FILE = 1 << 50


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

    def chunks(self, chunk_size: int) -> Iterator[Chunk]:
        for number, (raw, layer, stored) in enumerate(_ROW.iter_unpack(self.table)):
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


def serialize(config: Config) -> bytearray:
    """The document's bytes; the same for the same config."""
    about = config.description
    head: dict[str, Any] = {
        "schemaVersion": SCHEMA_VERSION,
        "client": {"name": about.client.name, "version": about.client.version},
        "network": {
            "name": about.network.name,
            "chainId": about.network.chain_id,
            "genesisHash": about.network.genesis_hash,
        },
        "block": {
            "number": about.block.number,
            "hash": about.block.hash,
            "stateRoot": about.block.state_root,
            "timestamp": about.block.timestamp,
        },
        "finalized": about.finalized and {"number": about.finalized.number, "hash": about.finalized.hash},
        "database": {
            "scheme": about.database.scheme,
            "include": list(about.database.include),
            "exclude": list(about.database.exclude),
        },
        "owner": {"uid": about.owner.uid, "gid": about.owner.gid},
        "producer": {"revision": about.producer.revision, "version": about.producer.version},
        "created": about.created.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "parent": config.parent,
        "volume": config.volume,
        "chunkSize": config.chunk_size,
        "directories": [{"path": one.path, "mode": one.mode} for one in config.directories],
    }
    document = bytearray(json.dumps(head, separators=(",", ":")).encode()[:-1] + b',"files":[')
    # File by file: the rows of all files as Python objects would take ten times the document's size.
    for number, file in enumerate(config.files):
        document += b",\n" if number else b"\n"
        document += _file_bytes(file)
    document += b"\n]}\n"
    return document


def _file_bytes(file: File) -> bytes:
    entry: dict[str, Any] = {"path": file.path, "size": file.size, "mode": file.mode}
    if file.source is not None:
        entry["source"] = list(file.source)
    entry["chunks"] = [[raw.hex(), layer.hex(), stored] for raw, layer, stored in _ROW.iter_unpack(file.table)]
    return json.dumps(entry, separators=(",", ":")).encode()


def parse(raw: bytes | bytearray) -> Config:
    """The config of a document. InvalidSnapshot unless everything in it is as this version of the format says."""
    try:
        document = json.loads(raw, object_pairs_hook=_object)
        return _config(_Fields(document, "config"))
    except _Wrong as wrong:
        raise InvalidSnapshot("the snapshot's config is not valid", seen=str(wrong)) from None
    except (ValueError, RecursionError) as reason:
        raise InvalidSnapshot("the snapshot's config is no JSON document", seen=str(reason)) from reason


class _Wrong(Exception):
    """A sentence on what is wrong in the document."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of the document. Chunks are packed as soon as their file is read."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Wrong(f"a key is there twice: {', '.join(key for key, _ in pairs)}")
    if "chunks" in found:
        found["chunks"] = _packed(found["chunks"], found.get("path"))
    return found


def _packed(rows: Any, path: Any) -> bytes:
    try:
        packed = bytearray()
        for raw, layer, stored in rows:
            packed += _ROW.pack(_digest(raw), _digest(layer), stored)
    except (ValueError, TypeError, struct.error) as reason:
        raise _Wrong(f"file {path!r}: a chunk is not [raw digest, layer digest, stored bytes]: {reason}") from None
    return bytes(packed)


def _digest(text: str) -> bytes:
    found = bytes.fromhex(text)
    if len(found) != 32 or found.hex() != text:
        raise ValueError(f"{text!r} is no SHA-256 in lower case")
    return found


Value = TypeVar("Value")


class _Fields:
    """An object of the document, read key by key. Keys that nobody reads are ignored: see docs/snapshot-format.md."""

    def __init__(self, values: Any, name: str) -> None:
        if not isinstance(values, dict):
            raise _Wrong(f"{name} is no object")
        self.values: Mapping[str, Any] = values
        self.name = name

    def take(self, key: str, kind: type[Value]) -> Value:
        value = self.values.get(key)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise _Wrong(f"{self.name}.{key} is {_short(value)}, not {_KINDS.get(kind, kind.__name__)}")
        return value

    def count(self, key: str, limit: int = 1 << 63) -> int:
        value = self.take(key, int)
        if not 0 <= value < limit:
            raise _Wrong(f"{self.name}.{key} is {value}, not from 0 to {limit - 1}")
        return value

    def hash(self, key: str) -> str:
        value = self.take(key, str)
        if not re.fullmatch(r"0x[0-9a-f]{64}", value):
            raise _Wrong(f"{self.name}.{key} is {_short(value)}, not 0x and 64 lower-case hexadecimal digits")
        return value

    def under(self, key: str) -> _Fields:
        return _Fields(self.values.get(key), f"{self.name}.{key}")

    def each(self, key: str) -> list[Any]:
        return self.take(key, list)

    def texts(self, key: str) -> tuple[str, ...]:
        values = self.each(key)
        if not all(isinstance(value, str) and value for value in values):
            raise _Wrong(f"{self.name}.{key} holds something that is no text")
        return tuple(values)


_KINDS: dict[type, str] = {int: "a whole number", str: "text", list: "a list", dict: "an object", bytes: "a list"}


def _config(top: _Fields) -> Config:
    version = top.values.get("schemaVersion")
    if version != SCHEMA_VERSION or isinstance(version, bool):
        raise _Wrong(
            f"schemaVersion is {_short(version)}; this program reads {SCHEMA_VERSION}: "
            "use a newer program, or another snapshot"
        )
    chunk_size = top.count("chunkSize", LARGEST_CHUNK_SIZE + 1)
    if chunk_size == 0 or chunk_size % BLOCK:
        raise _Wrong(f"chunkSize is {chunk_size}, not a multiple of {BLOCK}")
    directories = tuple(_directory(entry) for entry in top.each("directories"))
    files = tuple(_file(entry, chunk_size) for entry in top.each("files"))
    check_paths([one.path for one in directories], [one.path for one in files], _wrong)
    parent = top.values.get("parent")
    if parent is not None and not re.fullmatch(r"sha256:[0-9a-f]{64}", str(parent)):
        raise _Wrong(f"parent is {_short(parent)}, not a digest")
    return Config(_description(top), chunk_size, directories, files, parent, top.take("volume", str))


def _description(top: _Fields) -> Description:
    client, network, block = top.under("client"), top.under("network"), top.under("block")
    database, owner, producer = top.under("database"), top.under("owner"), top.under("producer")
    finalized = top.under("finalized") if top.values.get("finalized") is not None else None
    return Description(
        Client(client.take("name", str), client.take("version", str)),
        Network(network.take("name", str), network.count("chainId"), network.hash("genesisHash")),
        Block(block.count("number"), block.hash("hash"), block.hash("stateRoot"), block.count("timestamp")),
        Finalized(finalized.count("number"), finalized.hash("hash")) if finalized else None,
        Database(database.take("scheme", str), database.texts("include"), database.texts("exclude")),
        Owner(owner.count("uid", 1 << 32), owner.count("gid", 1 << 32)),
        Producer(producer.take("revision", str), producer.take("version", str)),
        _moment(top.take("created", str)),
    )


def _moment(text: str) -> datetime:
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", text):
        raise _Wrong(f"created is {_short(text)}, not of the form 2026-11-23T17:00:00Z")
    return datetime.fromisoformat(text)


def _directory(entry: Any) -> Directory:
    fields = _Fields(entry, "a directory")
    return Directory(_path(fields), fields.count("mode", 0o1000))


def _file(entry: Any, chunk_size: int) -> File:
    fields = _Fields(entry, "a file")
    path = _path(fields)
    fields.name = f"file {path!r}"
    size, table = fields.count("size", _LARGEST_FILE), fields.take("chunks", bytes)
    expected = chunk_count(size, chunk_size)
    if len(table) != expected * _ROW.size:
        raise _Wrong(f"{fields.name} of {size} bytes has {len(table) // _ROW.size} chunks, not {expected}")
    file = File(path, size, fields.count("mode", 0o1000), table, _source(fields))
    for chunk in file.chunks(chunk_size):
        if chunk.stored != chunk.size if chunk.plain else not 0 < chunk.stored < chunk.size:
            raise _Wrong(f"{fields.name}, chunk at {chunk.offset}: {chunk.stored} bytes stored for {chunk.size}")
    return file


def _source(fields: _Fields) -> Identity | None:
    values = fields.values.get("source")
    if values is None:
        return None
    if not isinstance(values, list) or len(values) != 3 or not all(type(value) is int for value in values):
        raise _Wrong(f"{fields.name}: source is not [inode, mtime, ctime]")
    return Identity(*values)


def _path(fields: _Fields) -> str:
    path = fields.take("path", str)
    reason = bad_path(path)
    if reason:
        raise _Wrong(f"path {path!r} {reason}")
    return path


def bad_path(path: str) -> str:
    """Why a path may not be in a snapshot, as the end of a sentence; empty if it may."""
    parts = path.split("/")
    if not path or path.startswith("/"):
        return "is not relative"
    if any(part in ("", ".", "..") for part in parts):
        return "does not lead straight into the directory"
    if any(ord(letter) < 32 or 0xD800 <= ord(letter) < 0xE000 or ord(letter) == 127 for letter in path):
        return "has characters that are no text"
    if parts[0].startswith(OWN_NAMES):
        return "is a name that this program keeps for itself"
    if len(path.encode()) > 4000 or any(len(part.encode()) > 255 for part in parts):
        return "is too long"
    return ""


def check_paths(directories: Sequence[str], files: Sequence[str], wrong: Callable[[str], Exception]) -> None:
    """Raise `wrong(sentence)` if a path is there twice, or lies in something that is no listed directory."""
    folders = set(directories)
    known = {*folders, *files}
    if len(known) != len(directories) + len(files):
        twice, _ = Counter([*directories, *files]).most_common(1)[0]
        raise wrong(f"path {twice!r} is there twice")
    for path in known:
        parent = path.rpartition("/")[0]
        if parent and parent not in folders:
            raise wrong(f"path {path!r} lies in {parent!r}, which is no listed directory")


def _wrong(sentence: str) -> Exception:
    return _Wrong(sentence)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:80]}…"


# Names of snapshots

_ID = re.compile(r"(\d{10})-(\d{8}T\d{6}Z)")


def make_id(block: int, created: datetime) -> str:
    """`0000001234-20261123T170000Z`: greater is newer, in the order of text."""
    return f"{block:010d}-{created.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def is_id(text: str) -> bool:
    try:
        moment_of(text)
    except ValueError:
        return False
    return True


def moment_of(name: str) -> datetime:
    """When the snapshot of that id was made. ValueError if it is no id."""
    found = _ID.fullmatch(name)
    if not found:
        raise ValueError(f"{name!r} is no id of a snapshot")
    return datetime.strptime(found[2], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)

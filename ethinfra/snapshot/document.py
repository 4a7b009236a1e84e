"""A snapshot's config as a document: written, and read strictly. `docs/snapshot-format.md` says what is in it.

Digests are hexadecimal in it. Chunks are packed while it is parsed, so that reading one takes about three times its
size in memory, not ten.
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, TypeVar

from ethinfra.snapshot.errors import InvalidSnapshot
from ethinfra.snapshot.model import (
    BLOCK,
    LARGEST_CHUNK_SIZE,
    ROW_SIZE,
    Block,
    Client,
    Config,
    Database,
    Description,
    Directory,
    File,
    Finalized,
    Identity,
    Network,
    Owner,
    Producer,
    chunk_count,
    pack,
)
from ethinfra.snapshot.paths import bad_path, check_paths, with_parents
from ethinfra.snapshot.selection import Selection

SCHEMA_VERSION = 1

_LARGEST_FILE = 1 << 50


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
    entry["chunks"] = [[raw.hex(), layer.hex(), stored] for raw, layer, stored in file.rows()]
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
        return pack((_digest(raw), _digest(layer), stored) for raw, layer, stored in rows)
    except (ValueError, TypeError, struct.error) as reason:
        raise _Wrong(f"file {path!r}: a chunk is not [raw digest, layer digest, stored bytes]: {reason}") from None


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
    check_paths([one.path for one in directories], [one.path for one in files], _Wrong)
    parent = top.values.get("parent")
    if parent is not None and not re.fullmatch(r"sha256:[0-9a-f]{64}", str(parent)):
        raise _Wrong(f"parent is {_short(parent)}, not a digest")
    description = _description(top)
    _must_be_selected(description.database, directories, files)
    return Config(description, chunk_size, directories, files, parent, top.take("volume", str))


def _must_be_selected(database: Database, directories: tuple[Directory, ...], files: tuple[File, ...]) -> None:
    """A restore asks for leave to replace what `include` and `exclude` select, so it must write nothing else."""
    selection = Selection(database.include, database.exclude)
    astray = next((file.path for file in files if not selection.holds(file.path)), None)
    if astray is not None:
        raise _Wrong(f"file {astray!r} is not of what include and exclude select")
    held = [one.path for one in directories if selection.holds(one.path)]
    leading = with_parents([*held, *(file.path for file in files)])
    astray = next((one.path for one in directories if one.path not in leading), None)
    if astray is not None:
        raise _Wrong(f"directory {astray!r} is not of what include and exclude select, and leads to nothing of it")


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
    if re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", text):
        with suppress(ValueError):  # of that form, but in no calendar
            return datetime.fromisoformat(text)
    raise _Wrong(f"created is {_short(text)}, not a moment like 2026-11-23T17:00:00Z")


def _directory(entry: Any) -> Directory:
    fields = _Fields(entry, "a directory")
    return Directory(_path(fields), fields.count("mode", 0o1000))


def _file(entry: Any, chunk_size: int) -> File:
    fields = _Fields(entry, "a file")
    path = _path(fields)
    fields.name = f"file {path!r}"
    size, table = fields.count("size", _LARGEST_FILE), fields.take("chunks", bytes)
    expected = chunk_count(size, chunk_size)
    if len(table) != expected * ROW_SIZE:
        raise _Wrong(f"{fields.name} of {size} bytes has {len(table) // ROW_SIZE} chunks, not {expected}")
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


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:80]}…"

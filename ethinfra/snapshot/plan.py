"""The plan: how the chart tells a program of this package what it works on. One JSON file, mounted into its pod.

Read strictly: a key that nobody knows, a type or a range that is not meant, ends the program before it has done
anything, with the path of the value and what was expected. The file's keys are the fields' names in camelCase.
"""

from __future__ import annotations

import dataclasses
import json
import re
import types
import typing
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, TypeVar

from ethinfra.errors import BadInput
from ethinfra.snapshot.model import BLOCK, LARGEST_CHUNK_SIZE

Tree = TypeVar("Tree")


class Method(StrEnum):
    """How a node's data becomes something that can be read while the node runs on."""

    #: The volume's own file system shares the blocks: seconds at any size. XFS and btrfs can.
    REFLINK = "reflink"
    #: The storage cuts a CSI VolumeSnapshot while the client is held; a second job reads a volume made of it.
    VOLUME_SNAPSHOT = "volume-snapshot"
    #: Nothing of the kind: the client is held until everything has been pushed.
    HOLD = "hold"


@dataclass(frozen=True)
class Text:
    """What a string must look like as a whole; expected: that in words."""

    pattern: str
    expected: str


@dataclass(frozen=True)
class Range:
    """Both ends belong to it. step: of which it is a multiple."""

    least: int
    most: int
    step: int = 1


@dataclass(frozen=True)
class AtLeast:
    """Entries of a list."""

    entries: int


Name = Annotated[
    str,
    Text(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", "a name as Kubernetes has them: lower-case letters, digits, hyphens"),
]
Version = Annotated[str, Text(r"[0-9][0-9A-Za-z.+-]*", "a version, without a v before it")]
Hash = Annotated[str, Text(r"(0x[0-9a-f]{64})?", "0x and 64 hexadecimal digits in lower case, or nothing")]
AbsolutePath = Annotated[str, Text(r"/[^\0]*", "an absolute path")]
RegistryUrl = Annotated[str, Text(r"https://[^/\s@?#]+", "https://host[:port], without a path or an account")]
RepositoryPath = Annotated[
    str, Text(r"[a-z0-9]+(([._-]|__)[a-z0-9]+)*(/[a-z0-9]+(([._-]|__)[a-z0-9]+)*)*", "a repository's path")
]
HttpUrl = Annotated[str, Text(r"https?://[^\s@]+", "http://host:port")]
Port = Annotated[int, Range(1, 65535)]
Id = Annotated[int, Range(0, 2**32 - 2)]
Amount = Annotated[int, Range(1, 2**63 - 1)]
Wait = Annotated[int, Range(1, 7200)]
_DAY = 86400


@dataclass(frozen=True)
class Client:
    """An execution client, by its name in `values/clients/`."""

    name: Name
    version: Version


@dataclass(frozen=True)
class Network:
    """genesis_hash: of execution block 0; empty where only a running node of the network knows it."""

    name: Name
    chain_id: Amount
    genesis_hash: Hash


@dataclass(frozen=True)
class Change:
    """A release since which the database is another. rollback: whether older releases can read it all the same."""

    version: str
    rollback: bool
    what: str


@dataclass(frozen=True)
class Database:
    """What of a client's data directory belongs to a snapshot; patterns as the client table has them."""

    scheme: str
    include: Annotated[tuple[str, ...], AtLeast(1)]
    exclude: tuple[str, ...]
    immutable: tuple[str, ...]
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class Ports:
    """On which a node's pod listens."""

    rpc: Port
    probe: Port


@dataclass(frozen=True)
class Owner:
    """To whom the client's files belong."""

    uid: Id
    gid: Id


@dataclass(frozen=True)
class Registry:
    """config: a docker configuration with the credentials; authority: certificates to trust, else the system's."""

    url: RegistryUrl
    prefix: RepositoryPath
    config: AbsolutePath
    authority: AbsolutePath | None


@dataclass(frozen=True)
class Cache:
    """The chunk cache of a Kubernetes node."""

    directory: AbsolutePath
    limit_bytes: Amount


@dataclass(frozen=True)
class Retention:
    """What stays: the newest `count`, and whatever is younger than `age_seconds`."""

    count: Annotated[int, Range(1, 10_000)]
    age_seconds: Annotated[int, Range(0, 3650 * _DAY)]


@dataclass(frozen=True)
class JobPlan:
    """How snapshots of the node are taken.

    allow_downtime:            also when no other replica is ready
    minimum_interval_seconds:  not while the newest promoted snapshot is younger
    quiet_after_restore_seconds: not while this volume was itself restored so recently
    hold_patience_seconds:     after which a held client goes on without the job's consent
    stop_seconds, start_seconds: for the pod to end, and for its RPC to answer again or its readiness before
    test_seconds:              for the restored node to answer
    chunk_size_bytes, workers: 0 for the parent's or the usual size, and for three per core as far as memory goes
    """

    method: Method
    allow_downtime: bool
    minimum_interval_seconds: Annotated[int, Range(0, 365 * _DAY)]
    quiet_after_restore_seconds: Annotated[int, Range(0, 30 * _DAY)]
    hold_patience_seconds: Annotated[int, Range(5, 600)]
    stop_seconds: Wait
    start_seconds: Wait
    test_seconds: Wait
    chunk_size_bytes: Annotated[int, Range(0, LARGEST_CHUNK_SIZE, BLOCK)]
    level: Annotated[int, Range(1, 19)]
    workers: Annotated[int, Range(0, 256)]
    max_layers: Annotated[int, Range(1, 100_000)]
    retention: Retention


@dataclass(frozen=True)
class Plan:
    """Everything. node: the StatefulSet or Deployment; references: RPC of nodes whose chain is believed."""

    node: Name
    replicas: Annotated[int, Range(0, 10_000)]
    client: Client
    network: Network
    database: Database
    ports: Ports
    owner: Owner
    registry: Registry
    references: tuple[HttpUrl, ...]
    cache: Cache | None
    job: JobPlan | None

    @property
    def repository(self) -> str:
        """Where the snapshots of this client and network are, within the registry."""
        return f"{self.registry.prefix}/{self.network.name}/{self.client.name}"

    @property
    def job_plan(self) -> JobPlan:
        """BadInput in a pod of which no snapshot is taken."""
        if self.job is None:
            raise BadInput(
                f"the plan of {self.node} has no `job`", todo="snapshots are taken of sync nodes: give it their plan"
            )
        return self.job


def read_plan(path: Path) -> Plan:
    """The plan in a file. BadInput names the path of what is wrong."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as reason:
        raise BadInput(f"plan {path}", expected="a readable JSON file", seen=str(reason)) from reason
    return parse_plan(document, f"plan {path}")


def parse_plan(document: object, name: str = "") -> Plan:
    """A plan from its JSON. BadInput says the path of what is wrong, after the name if there is one."""
    try:
        return _tree(Plan, document, "")
    except BadInput as wrong:
        if not name:
            raise
        raise BadInput(f"{name}: {wrong.subject}", expected=wrong.expected, seen=wrong.seen, todo=wrong.todo) from wrong


def _tree(kind: type[Tree], value: object, path: str) -> Tree:
    if not isinstance(value, dict):
        raise _wrong(path, "an object", value)
    known = {_key(one.name): one for one in dataclasses.fields(kind)}  # type: ignore[arg-type] # all are dataclasses
    unknown = sorted(value.keys() - known.keys())
    if unknown:
        raise BadInput(f"{_join(path, unknown[0])}: nobody knows this key", expected=f"one of: {', '.join(known)}")
    missing = [key for key in known if key not in value]
    if missing:
        raise BadInput(f"{_join(path, missing[0])}: missing", expected="every key of a plan is written down")
    hints = typing.get_type_hints(kind, include_extras=True)
    return kind(**{one.name: _value(hints[one.name], value[key], _join(path, key)) for key, one in known.items()})


def _value(kind: Any, value: object, path: str) -> object:
    if typing.get_origin(kind) is Annotated:
        inner, limit = typing.get_args(kind)
        return _within(limit, _value(inner, value, path), path)
    if typing.get_origin(kind) in (types.UnionType, typing.Union):
        (inner,) = (one for one in typing.get_args(kind) if one is not types.NoneType)
        return None if value is None else _value(inner, value, path)
    if typing.get_origin(kind) is tuple:
        if not isinstance(value, list):
            raise _wrong(path, "a list", value)
        return tuple(_value(typing.get_args(kind)[0], one, f"{path}[{index}]") for index, one in enumerate(value))
    if dataclasses.is_dataclass(kind):
        return _tree(typing.cast("type[object]", kind), value, path)
    if issubclass(kind, StrEnum):
        if value not in list(kind):
            raise _wrong(path, f"one of: {', '.join(kind)}", value)
        return kind(value)
    # `True` is an int in Python, and no number in JSON.
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise _wrong(path, {str: "a string", int: "a whole number", bool: "true or false"}[kind], value)
    return value


def _within(limit: Text | Range | AtLeast, value: Any, path: str) -> object:
    match limit:
        case Text(pattern, expected):
            if not re.fullmatch(pattern, value):
                raise _wrong(path, expected, value)
        case Range(least, most, step):
            if not least <= value <= most or value % step:
                raise _wrong(path, f"{least} to {most}" + (f", a multiple of {step}" if step > 1 else ""), value)
        case AtLeast(entries):
            if len(value) < entries:
                raise _wrong(path, f"at least {entries} in the list", value)
    return value


def _wrong(path: str, expected: str, value: object) -> BadInput:
    text = json.dumps(value, default=repr)
    return BadInput(path or "(top level)", expected=expected, seen=text if len(text) <= 100 else text[:100] + "…")


def _key(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(other.capitalize() for other in others)


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key

"""A stored snapshot, read and found consistent; its chunks are not fetched.

Checked are: every document's digest, that all shards have the same config, that the config is valid, and that each
chunk of the config is a layer of the manifest, with the same size and encoding. So registries keep what the config
needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ethinfra.errors import EthinfraError
from ethinfra.registry.client import RegistryRefused, RegistryUnreachable
from ethinfra.snapshot import manifest
from ethinfra.snapshot.document import parse
from ethinfra.snapshot.errors import InvalidSnapshot, MissingContent, NoSuchSnapshot, SnapshotUnusable
from ethinfra.snapshot.ids import make_id
from ethinfra.snapshot.listing import Listed
from ethinfra.snapshot.manifest import ANNOTATION_ID, Descriptor, Layer, Read
from ethinfra.snapshot.model import Config
from ethinfra.snapshot.store import SnapshotStore, digest_of, named

#: What comes of a snapshot that cannot be read: it is damaged, gone, or the registry does not give it. Others may be
#: sound, unless the registry fails as a whole: see `of_this_one_alone`.
UNREADABLE = (SnapshotUnusable, NoSuchSnapshot, RegistryRefused)


@dataclass(frozen=True)
class Snapshot:
    """digest: of its manifest; stored_bytes: of all distinct layers; layers: how many."""

    id: str
    digest: str
    config: Config
    annotations: Mapping[str, str]
    layers: int
    stored_bytes: int


@dataclass(frozen=True)
class Summary:
    """What the manifest alone says. `number()` of an annotation is None where it is missing or no number.

    problem: why it says nothing, empty if it could be read
    """

    digest: str | None
    annotations: Mapping[str, str]
    problem: str = ""

    def number(self, annotation: str) -> float | None:
        try:
            return float(self.annotations[annotation])
        except (KeyError, ValueError):
            return None


def summary(store: SnapshotStore, reference: str) -> Summary:
    """Cheap: one small request for a large snapshot. NoSuchSnapshot, InvalidSnapshot."""
    raw = _manifest(store, reference)
    return Summary(digest_of(raw), manifest.read(raw, f"{store.name}:{reference}").annotations)


def glance(store: SnapshotStore, one: Listed) -> Summary:
    """`summary` of one that is listed. If that cannot be read, the problem: a list names it and goes on."""
    if one.digest is None:
        return Summary(None, {}, one.problem)
    try:
        return summary(store, one.digest)
    except UNREADABLE as reason:
        return Summary(one.digest, {}, f"{reason.subject}; {reason.seen}")


def of_this_one_alone(reason: EthinfraError, store: SnapshotStore) -> bool:
    """Whether what makes one snapshot UNREADABLE says nothing of the others: also a registry that answers otherwise and
    does not give what this one needs, as of a file that its disk has lost."""
    if not isinstance(reason, RegistryRefused):
        return True
    if reason.full or (reason.status not in (403, 404, 410) and reason.status < 500):
        return False
    try:
        store.tags()
    except (RegistryRefused, RegistryUnreachable):
        return False
    return True


def read_snapshot(store: SnapshotStore, reference: str) -> Snapshot:
    """The snapshot of a tag or digest. NoSuchSnapshot, InvalidSnapshot or MissingContent."""
    where = f"{store.name}:{reference}"
    raw = _manifest(store, reference)
    top = manifest.read(raw, where)
    parts = [_shard(store, one, where) for one in top.shards] if top.config is None else [top]
    configs = {part.config for part in parts}
    if len(configs) != 1:
        raise InvalidSnapshot(f"{where} is not valid", expected="one config", seen=f"{len(configs)} of its shards")
    descriptor = configs.pop()
    assert descriptor is not None
    config = parse(_config(store, descriptor, where))
    layers = {layer.digest: layer for part in parts for layer in part.layers}
    _must_agree(config, layers, where)
    name = top.annotations.get(ANNOTATION_ID) or make_id(config.description.block.number, config.description.created)
    stored = sum(layer.size for layer in layers.values())
    return Snapshot(name, digest_of(raw), config, top.annotations, len(layers), stored)


def no_such_snapshot(store: SnapshotStore, reference: str) -> NoSuchSnapshot:
    return NoSuchSnapshot(f"no snapshot {reference} in {store.name}", todo="`list` shows what is there")


def _manifest(store: SnapshotStore, reference: str) -> bytes:
    raw = store.manifest(reference)
    if raw is None:
        raise no_such_snapshot(store, reference)
    if reference.startswith("sha256:") and digest_of(raw) != reference:
        raise InvalidSnapshot(f"manifest of {store.name}@{reference}", expected=reference, seen=digest_of(raw))
    return raw


def _shard(store: SnapshotStore, descriptor: Descriptor, where: str) -> Read:
    raw = store.manifest(descriptor.digest)
    if raw is None:
        raise MissingContent(descriptor.digest, where=where)
    if digest_of(raw) != descriptor.digest:
        raise InvalidSnapshot(f"a shard of {where}", expected=descriptor.digest, seen=digest_of(raw))
    return manifest.read(raw, f"{where}, shard {descriptor.digest}", manifest.SHARD)


def _config(store: SnapshotStore, descriptor: Descriptor, where: str) -> bytes:
    if descriptor.size > manifest.MAX_CONFIG:
        raise InvalidSnapshot(
            f"config of {where}", expected=f"at most {manifest.MAX_CONFIG} bytes", seen=str(descriptor)
        )
    raw = store.blob(descriptor.digest, descriptor.size)
    if raw is None:
        raise MissingContent(descriptor.digest, where=where)
    if digest_of(raw) != descriptor.digest:
        raise InvalidSnapshot(f"config of {where}", expected=descriptor.digest, seen=digest_of(raw))
    return raw


def _must_agree(config: Config, layers: Mapping[bytes, Layer], where: str) -> None:
    for file, chunk in config.chunks():
        layer = layers.get(chunk.layer)
        if layer is None or layer.size != chunk.stored or layer.plain != chunk.plain:
            seen: Any = "no such layer" if layer is None else layer
            raise InvalidSnapshot(
                f"{where}: manifest and config disagree",
                expected=f"layer {named(chunk.layer)} of {chunk.stored} bytes, for {file.path} at {chunk.offset}",
                seen=str(seen),
            )

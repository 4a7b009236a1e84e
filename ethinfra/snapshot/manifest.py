"""What a registry keeps of a snapshot: an image manifest, or for many chunks an image index of shards.

    manifest  artifactType …snapshot.v1, config, one layer per distinct chunk, annotations
    index     artifactType …snapshot.v1, annotations, manifests: shards
    shard     artifactType …snapshot.shard.v1, the same config as all others, its part of the layers

Registries refuse manifests above 4 MiB; 10,000 layers take 1.6.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ethinfra.snapshot.errors import InvalidSnapshot
from ethinfra.snapshot.store import digest_of, named

SNAPSHOT = "application/vnd.ethinfra.snapshot.v1"
SHARD = "application/vnd.ethinfra.snapshot.shard.v1"
CONFIG = "application/vnd.ethinfra.snapshot.config.v1+json"
CHUNK = "application/vnd.ethinfra.snapshot.chunk.v1"
CHUNK_ZSTD = f"{CHUNK}+zstd"

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"

#: Layers of one manifest.
MAX_LAYERS = 10_000
#: Bytes; a config above it is refused before it is fetched. 1.5 TB in files of 2 MB takes 110 MB.
MAX_CONFIG = 512 << 20

_MOMENT = "%Y-%m-%dT%H:%M:%SZ"

#: Annotations, for whoever wants to know a snapshot without its config. Seconds and bytes as decimal text.
ANNOTATION = "io.ethinfra.snapshot."
ANNOTATION_ID = f"{ANNOTATION}id"
ANNOTATION_BLOCK = f"{ANNOTATION}block"
ANNOTATION_BYTES = f"{ANNOTATION}bytes"
ANNOTATION_SENT = f"{ANNOTATION}sent-bytes"
ANNOTATION_SECONDS = f"{ANNOTATION}push-seconds"
#: Written by the job that took the copy: seconds from the client's stop to its next answer.
ANNOTATION_DOWNTIME = f"{ANNOTATION}downtime-seconds"
ANNOTATION_CREATED = "org.opencontainers.image.created"
#: When the push ended, in the same form; of shards too. Until then nobody could test it: its time counts from here.
ANNOTATION_PUSHED = f"{ANNOTATION}pushed"


@dataclass(frozen=True)
class Descriptor:
    """digest: `sha256:…`; size: bytes."""

    digest: str
    size: int


@dataclass(frozen=True, slots=True)
class Layer:
    """A stored chunk; plain: not compressed."""

    digest: bytes
    size: int
    plain: bool


@dataclass(frozen=True)
class Document:
    """A manifest ready to be stored. shard: its number, None for the one that the snapshot's tag leads to."""

    raw: bytes
    media_type: str
    shard: int | None = None

    @property
    def digest(self) -> str:
        return digest_of(self.raw)


def documents(
    config: Descriptor, layers: Sequence[Layer], annotations: Mapping[str, str], max_layers: int = MAX_LAYERS
) -> Iterator[Document]:
    """The manifests of a snapshot in the order in which they are stored: shards, if it takes any, then the
    snapshot's."""
    if len(layers) <= max_layers:
        yield Document(_manifest(SNAPSHOT, config, layers, annotations), MANIFEST)
        return
    shards = []
    for number, start in enumerate(range(0, len(layers), max_layers)):
        part = layers[start : start + max_layers]
        shard = Document(_manifest(SHARD, config, part, _of_shards(annotations)), MANIFEST, number)
        shards.append({"mediaType": MANIFEST, "artifactType": SHARD, "digest": shard.digest, "size": len(shard.raw)})
        yield shard
    yield Document(
        _json(
            {
                "schemaVersion": 2,
                "mediaType": INDEX,
                "artifactType": SNAPSHOT,
                "manifests": shards,
                "annotations": dict(annotations),
            }
        ),
        INDEX,
    )


def _of_shards(annotations: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in annotations.items() if key == ANNOTATION_PUSHED}


def _manifest(kind: str, config: Descriptor, layers: Sequence[Layer], annotations: Mapping[str, str]) -> bytes:
    document: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "artifactType": kind,
        "config": {"mediaType": CONFIG, "digest": config.digest, "size": config.size},
        "layers": [
            {"mediaType": CHUNK if one.plain else CHUNK_ZSTD, "digest": named(one.digest), "size": one.size}
            for one in layers
        ],
    }
    if annotations:
        document["annotations"] = dict(annotations)
    return _json(document)


def moment(text: str) -> datetime:
    """Of an annotation that is a moment. ValueError if it is none."""
    return datetime.strptime(text, _MOMENT).replace(tzinfo=UTC)


def moment_text(when: datetime) -> str:
    return f"{when.astimezone(UTC):{_MOMENT}}"


def _json(document: dict[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


@dataclass(frozen=True)
class Read:
    """A manifest or index that was read. config: None for an index; shards: empty for a manifest."""

    config: Descriptor | None
    layers: tuple[Layer, ...]
    shards: tuple[Descriptor, ...]
    annotations: Mapping[str, str]


def read(raw: bytes, where: str, kind: str = SNAPSHOT) -> Read:
    """InvalidSnapshot unless it is a manifest or an index of that artifact type."""
    try:
        document = json.loads(raw)
        seen = document.get("artifactType")
        if seen != kind:
            raise InvalidSnapshot(
                f"{where} is no snapshot that this program can read",
                expected=f"artifactType {kind}",
                seen=f"artifactType {seen!r}, mediaType {document.get('mediaType')!r}",
                todo="choose another: `list` shows what is there",
            )
        annotations = {str(key): str(value) for key, value in (document.get("annotations") or {}).items()}
        if "manifests" in document and kind == SNAPSHOT:
            return Read(None, (), tuple(_descriptor(one, MANIFEST) for one in document["manifests"]), annotations)
        config = _descriptor(document["config"], CONFIG)
        return Read(config, tuple(_layer(one) for one in document["layers"]), (), annotations)
    except (ValueError, TypeError, KeyError, AttributeError) as reason:
        raise InvalidSnapshot(
            f"{where}: its manifest is not valid", seen=f"{type(reason).__name__}: {reason}"
        ) from reason


def _descriptor(entry: Mapping[str, Any], media_type: str) -> Descriptor:
    if entry["mediaType"] != media_type:
        raise ValueError(f"mediaType {entry['mediaType']!r}, not {media_type}")
    if not re.fullmatch(r"sha256:[0-9a-f]{64}", entry["digest"]):
        raise ValueError(f"digest {entry['digest']!r}")
    if type(entry["size"]) is not int or entry["size"] < 0:
        raise ValueError(f"size {entry['size']!r}")
    return Descriptor(entry["digest"], entry["size"])


def _layer(entry: Mapping[str, Any]) -> Layer:
    plain = entry["mediaType"] == CHUNK
    found = _descriptor(entry, CHUNK if plain else CHUNK_ZSTD)
    return Layer(bytes.fromhex(found.digest.removeprefix("sha256:")), found.size, plain)

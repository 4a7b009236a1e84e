"""An image as one file: an OCI layout in a tar archive, byte for byte the same for the same image.

    oci-layout            the layout's version
    index.json            one manifest, annotated with the name that containerd stores it under
    blobs/sha256/<hex>    manifest, configuration, layers

The manifest is Docker's (schema 2), because the OCI configuration has no HEALTHCHECK. Its digest is the image's digest
everywhere: in the archive, on the nodes and in the registry.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from ethinfra.errors import ImageError

MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json"

#: Fields of a configuration that only tell which container it was committed from; they differ with every build.
_ACCIDENTAL = ("container", "container_config")


@dataclass(frozen=True)
class Blob:
    """Content by its digest (`sha256:<hex>`); size in bytes."""

    digest: str
    size: int


@dataclass(frozen=True)
class Member:
    """Anything in a layer: a file, a folder, a link. mode: permission bits, those that give rights away included."""

    path: str
    mode: int
    device: bool


@dataclass(frozen=True)
class Manifest:
    """What an archive holds. `raw` is the manifest's bytes, whose digest is the image's digest."""

    raw: bytes
    config: Blob
    layers: tuple[Blob, ...]

    @property
    def digest(self) -> str:
        return digest_of(self.raw)

    @property
    def size(self) -> int:
        """Bytes that a registry stores for it: configuration and compressed layers."""
        return self.config.size + sum(layer.size for layer in self.layers)


def digest_of(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def write_archive(built: Path, reference: str, archive: Path) -> Manifest:
    """Make an archive of a built image.

    built:     a folder as `containers/image` writes it (`dir:`): manifest.json, and blobs named by their digest
    reference: the name that nodes know the image under
    """
    document = json.loads((built / "manifest.json").read_text())
    config = json.loads((built / _hex(document["config"]["digest"])).read_text())
    raw_config = _canonical(_without_accidents(config))
    document["config"].update(digest=digest_of(raw_config), size=len(raw_config))
    raw = _canonical(document)
    manifest = _manifest(raw)
    entry = {
        "mediaType": document["mediaType"],
        "digest": manifest.digest,
        "size": len(raw),
        "platform": {"architecture": config["architecture"], "os": config["os"]},
        "annotations": {
            "io.containerd.image.name": reference,
            "org.opencontainers.image.ref.name": reference.rpartition(":")[2],
        },
    }
    index = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [entry],
    }
    with tarfile.open(archive, "w", format=tarfile.USTAR_FORMAT) as tar:
        _add(tar, "oci-layout", _canonical({"imageLayoutVersion": "1.0.0"}))
        _add(tar, "index.json", _canonical(index))
        _add(tar, _place(manifest.digest), raw)
        _add(tar, _place(manifest.config.digest), raw_config)
        for layer in sorted({layer.digest for layer in manifest.layers}):
            path = built / _hex(layer)
            with path.open("rb") as stream:
                tar.addfile(_entry(_place(layer), path.stat().st_size), stream)
    return manifest


def read_manifest(archive: Path) -> Manifest:
    """The manifest of an archive; ImageError if the file is not one, or its manifest is not what the index names."""
    try:
        with tarfile.open(archive) as tar:
            named = json.loads(_read(tar, "index.json"))["manifests"][0]["digest"]
            raw = _read(tar, _place(named))
    except (tarfile.TarError, KeyError, IndexError, ValueError, OSError) as reason:
        raise ImageError(
            f"{archive} is not an image archive", seen=str(reason), todo="remove it; it is built again"
        ) from reason
    if digest_of(raw) != named:
        raise ImageError(
            f"{archive}: manifest", expected=named, seen=digest_of(raw), todo="remove it; it is built again"
        )
    return _manifest(raw)


def read_config(archive: Path) -> dict[str, Any]:
    """The image's configuration: user, entrypoint, labels, health check."""
    with tarfile.open(archive) as tar:
        config: dict[str, Any] = json.loads(_read(tar, _place(read_manifest(archive).config.digest)))
    return config


@contextmanager
def open_blob(archive: Path, blob: Blob) -> Iterator[IO[bytes]]:
    """A blob of an archive as a stream."""
    with tarfile.open(archive) as tar:
        stream = tar.extractfile(_place(blob.digest))
        if stream is None:
            raise ImageError(f"{archive} has no blob {blob.digest}", todo="remove it; it is built again")
        with stream:
            yield stream


def read_members(archive: Path) -> Iterator[Member]:
    """What is in all layers, without its content."""
    for layer in read_manifest(archive).layers:
        with open_blob(archive, layer) as blob, tarfile.open(fileobj=blob, mode="r|*") as tar:
            for member in tar:
                yield Member(member.name.removeprefix("./"), member.mode, member.isdev())


def read_files(archive: Path) -> Iterator[tuple[str, bytes]]:
    """Path and content of the regular files of all layers. Ours have no base image, so none hides another's file."""
    for layer in read_manifest(archive).layers:
        with open_blob(archive, layer) as blob, tarfile.open(fileobj=blob, mode="r|*") as tar:
            for member in tar:
                stream = tar.extractfile(member) if member.isfile() else None
                if stream is not None:
                    yield member.name.removeprefix("./"), stream.read()


def _manifest(raw: bytes) -> Manifest:
    document = json.loads(raw)
    return Manifest(raw, _blob(document["config"]), tuple(_blob(layer) for layer in document["layers"]))


def _blob(descriptor: dict[str, Any]) -> Blob:
    return Blob(descriptor["digest"], descriptor["size"])


def _without_accidents(config: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in config.items() if key not in _ACCIDENTAL}
    kept["config"] = {key: value for key, value in config["config"].items() if key != "Hostname"}
    return kept


def _canonical(document: Any) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    tar.addfile(_entry(name, len(data)), io.BytesIO(data))


def _entry(name: str, size: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size = size
    entry.mode = 0o644
    return entry


def _read(tar: tarfile.TarFile, name: str) -> bytes:
    stream = tar.extractfile(name)
    if stream is None:
        raise KeyError(name)
    return stream.read()


def _place(digest: str) -> str:
    return f"blobs/sha256/{_hex(digest)}"


def _hex(digest: str) -> str:
    return digest.removeprefix("sha256:")

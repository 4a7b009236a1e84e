"""Archives into a registry, under their upstream names: `docker.io/ethereum/client-go` becomes the path
`<registry>/docker.io/ethereum/client-go`, where the nodes' mirrors look for it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ethinfra.images.layout import Blob, open_blob, read_manifest
from ethinfra.images.store import Archive
from ethinfra.progress import Progress
from ethinfra.registry.client import RegistryClient

#: Images at a time. More only wait for the registry's disk.
PARALLEL = 3

_CHUNK = 1 << 20


@dataclass(frozen=True)
class Pushed:
    """`sent` is bytes uploaded: 0 if the registry had it all."""

    archive: Archive
    sent: int
    seconds: float


def push(archives: Sequence[Archive], client: RegistryClient, progress: Progress) -> list[Pushed]:
    """Push images that the registry does not have with the same digest, with all their tags."""
    with (
        progress.step(f"pushing {len(archives)} images to {client.url}"),
        ThreadPoolExecutor(PARALLEL) as pool,
    ):
        return list(pool.map(lambda archive: push_one(archive, client), archives))


def push_one(archive: Archive, client: RegistryClient) -> Pushed:
    """Layers first, then the tags: a tag never points to something that is not there yet."""
    started = time.monotonic()
    repository = archive.image.name
    missing = [tag for tag in archive.tags if client.digest(repository, tag) != archive.digest]
    sent = 0
    if missing:
        manifest = read_manifest(archive.path)
        for blob in (manifest.config, *manifest.layers):
            if not client.has_blob(repository, blob.digest):
                client.push_blob(repository, blob.digest, blob.size, _content(archive, blob))
                sent += blob.size
        for tag in missing:
            client.push_manifest(repository, tag, manifest.raw)
    return Pushed(archive, sent, time.monotonic() - started)


def _content(archive: Archive, blob: Blob) -> Iterator[bytes]:
    with open_blob(archive.path, blob) as stream:
        while chunk := stream.read(_CHUNK):
            yield chunk

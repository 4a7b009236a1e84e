"""Archives into a registry, under their upstream names: `docker.io/ethereum/client-go` becomes the path
`<registry>/docker.io/ethereum/client-go`, where the nodes' mirrors look for it."""

from __future__ import annotations

import tarfile
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ethinfra.images.layout import Blob, open_blob, read_manifest
from ethinfra.images.store import Archive
from ethinfra.process import run
from ethinfra.progress import Progress
from ethinfra.registry.client import RegistryClient
from ethinfra.toolchain import tool

#: Images at a time. More only wait for the registry's disk.
PARALLEL = 3

#: Seconds for one image to a registry out there.
PUSH_WITHIN = 900

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


def push_elsewhere(archive: Archive, registry: str) -> list[str]:
    """Push an image under its key below another registry's path, e.g. `ghcr.io/acme`; returns what it is called there.

    crane does it, with the log-in that `crane auth login` or `docker login` has left. CommandFailed if it is refused.
    """
    names = [f"{registry.rstrip('/')}/{archive.image.key}:{tag}" for tag in archive.tags]
    with tempfile.TemporaryDirectory(prefix="ethinfra-push-") as layout:
        with tarfile.open(archive.path) as tar:
            tar.extractall(layout, filter="data")
        for name in names:
            run([tool("crane"), "push", layout, name], within=PUSH_WITHIN)
    return names


def _content(archive: Archive, blob: Blob) -> Iterator[bytes]:
    with open_blob(archive.path, blob) as stream:
        while chunk := stream.read(_CHUNK):
            yield chunk

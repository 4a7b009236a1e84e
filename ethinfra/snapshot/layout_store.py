"""A directory as a store: an OCI image layout, as other tools read it. For taking snapshots to where no registry is.

DIR/oci-layout              the layout's version
DIR/index.json              the tags: a descriptor each, annotated with its name
DIR/blobs/sha256/<hex>      blobs and manifests
"""

from __future__ import annotations

import fcntl
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ethinfra.errors import BadInput
from ethinfra.snapshot.errors import ChunkMismatch, damaged_manifest, no_room
from ethinfra.snapshot.manifest import INDEX
from ethinfra.snapshot.marker import sync_directory, write_durably
from ethinfra.snapshot.store import Data, MissingBlobs, digest_of

_TAG = "org.opencontainers.image.ref.name"
_VERSION = b'{"imageLayoutVersion":"1.0.0"}'
#: What is there of a layout when its making was interrupted.
_BEGUN = {"blobs", "oci-layout.new"}


class LayoutStore:
    """See `SnapshotStore`. Several processes may share one."""

    def __init__(self, directory: Path, *, make: bool = True) -> None:
        """BadInput if there is something else. make: if nothing is there; without it that is BadInput too."""
        self._top = directory
        self._blobs = directory / "blobs" / "sha256"
        if (directory / "oci-layout").exists():
            return
        if not make:
            raise BadInput(f"{directory} is no OCI image layout", expected="a directory that was pushed to")
        if directory.exists() and not (directory.is_dir() and {path.name for path in directory.iterdir()} <= _BEGUN):
            raise BadInput(f"{directory} is no OCI image layout", expected="an empty directory, or a layout")
        self._blobs.mkdir(parents=True, exist_ok=True)
        write_durably(directory / "oci-layout", _VERSION)

    @property
    def name(self) -> str:
        return str(self._top)

    def blob_size(self, digest: str) -> int | None:
        try:
            return self._path(digest).stat().st_size
        except FileNotFoundError:
            return None

    def blob(self, digest: str, size: int) -> bytes | None:
        try:
            with self._path(digest).open("rb") as file:
                return file.read(size + 1)
        except FileNotFoundError:
            return None

    def put_blob(self, digest: str, data: Data) -> None:
        if digest_of(data) != digest:
            raise ChunkMismatch(digest, where=f"blob for {self._top}", seen=digest_of(data))
        # One that is shorter lost its end to a crash or a disk.
        if self.blob_size(digest) != len(data):
            self._keep(digest, data)

    def manifest(self, reference: str) -> bytes | None:
        digest = self.digest(reference)
        if digest is None:
            return None
        raw = self._path(digest).read_bytes()
        if digest_of(raw) != digest:
            raise damaged_manifest(f"{reference} of {self._top}", expected=digest, seen=digest_of(raw))
        return raw

    def digest(self, reference: str) -> str | None:
        leads = [one["digest"] for one in self._entries() if _tag(one) == reference]
        digest = reference if ":" in reference else next(iter(leads), None)
        return digest if digest is not None and self.blob_size(digest) is not None else None

    def put_manifest(self, tag: str, raw: bytes, media_type: str) -> None:
        document = json.loads(raw)
        named = [*document.get("layers", ()), *document.get("manifests", ())]
        named += [document["config"]] if "config" in document else []
        missing = [one["digest"] for one in named if self.blob_size(one["digest"]) != one["size"]]
        if missing:
            raise MissingBlobs(f"manifest {tag} of {self._top}", seen=f"not there: {', '.join(missing[:5])}")
        digest = digest_of(raw)
        self._keep(digest, raw)
        entry = {
            "mediaType": media_type,
            "digest": digest,
            "size": len(raw),
            "artifactType": document.get("artifactType"),
            "annotations": {_TAG: tag},
        }
        with self._changing() as entries:
            entries[:] = [*(one for one in entries if _tag(one) != tag), entry]

    def tags(self) -> list[str]:
        return sorted(filter(None, map(_tag, self._entries())))

    def remove_tags(self, *tags: str) -> None:
        with self._changing() as entries:
            entries[:] = [one for one in entries if _tag(one) not in tags]

    def _path(self, digest: str) -> Path:
        return self._blobs / digest.removeprefix("sha256:")

    def _entries(self) -> list[dict[str, Any]]:
        """Other tools write some that have no tag. BadInput if they cannot be read."""
        path = self._top / "index.json"
        try:
            entries = [dict(one) for one in json.loads(path.read_bytes())["manifests"]]
            if not all(
                isinstance(one["digest"], str) and isinstance(one.get("annotations") or {}, dict) for one in entries
            ):
                raise ValueError("an entry is no descriptor")
        except FileNotFoundError:
            return []
        except (ValueError, TypeError, KeyError) as reason:
            raise BadInput(
                f"{path} is damaged",
                expected="the index of an OCI image layout",
                seen=f"{type(reason).__name__}: {reason}",
                todo="write it again from the manifests in blobs, or push to another directory",
            ) from reason
        return entries

    def _keep(self, digest: str, data: Data) -> None:
        """Afterwards the blob is there, whole, under its name, also after a power cut."""
        try:
            with tempfile.NamedTemporaryFile(dir=self._blobs, prefix=".new-", delete=False) as file:
                try:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                    Path(file.name).replace(self._path(digest))
                except BaseException:
                    Path(file.name).unlink()
                    raise
            sync_directory(self._blobs)
        except OSError as reason:
            raise no_room(reason, self._top) from reason

    @contextmanager
    def _changing(self) -> Iterator[list[dict[str, Any]]]:
        """All entries, to be changed; written in one step when the block ends."""
        with (self._top / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            entries = self._entries()
            yield entries
            document = {"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}
            try:
                write_durably(self._top / "index.json", json.dumps(document, indent=1).encode() + b"\n")
            except OSError as reason:
                raise no_room(reason, self._top) from reason


def _tag(entry: dict[str, Any]) -> str | None:
    tag: str | None = (entry.get("annotations") or {}).get(_TAG)
    return tag

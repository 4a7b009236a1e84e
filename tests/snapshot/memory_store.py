"""A store in memory, which tests can damage, count and interrupt."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable

from ethinfra.snapshot.errors import ChunkMismatch, damaged_manifest
from ethinfra.snapshot.store import Data, MissingBlobs, digest_of


class Killed(BaseException):
    """Stands for SIGKILL: nothing that is meant to handle errors handles it."""


class MemoryStore:
    """See `SnapshotStore`.

    before: called with each operation's name and object, before it happens; what it raises ends the operation
    """

    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}
        self.manifests: dict[str, bytes] = {}
        self.leading: dict[str, str] = {}
        self.asked: Counter[str] = Counter()
        self.before: Callable[[str, str], None] = lambda *_: None
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        return "memory"

    def blob_size(self, digest: str) -> int | None:
        self._begin("blob_size", digest)
        return len(self.blobs[digest]) if digest in self.blobs else None

    def blob(self, digest: str, size: int) -> bytes | None:
        self._begin("blob", digest)
        return self.blobs[digest][: size + 1] if digest in self.blobs else None

    def put_blob(self, digest: str, data: Data) -> None:
        self._begin("put_blob", digest)
        if digest_of(data) != digest:
            raise ChunkMismatch(digest, where="blob", seen=digest_of(data))
        self.blobs[digest] = bytes(data)

    def manifest(self, reference: str) -> bytes | None:
        self._begin("manifest", reference)
        digest = self.leading.get(reference, reference)
        raw = self.manifests.get(digest)
        if raw is not None and digest_of(raw) != digest:
            raise damaged_manifest(reference, expected=digest, seen=digest_of(raw))
        return raw

    def digest(self, reference: str) -> str | None:
        self._begin("digest", reference)
        digest = self.leading.get(reference, reference)
        return digest if digest in self.manifests else None

    def put_manifest(self, tag: str, raw: bytes, media_type: str) -> None:  # noqa: ARG002 - it is in the bytes
        self._begin("put_manifest", tag)
        document = json.loads(raw)
        named = [one["digest"] for one in (*document.get("layers", ()), document.get("config")) if one]
        missing = [one for one in named if one not in self.blobs]
        missing += [one["digest"] for one in document.get("manifests", ()) if one["digest"] not in self.manifests]
        if missing:
            raise MissingBlobs(f"manifest {tag}", seen=str(missing))
        with self._lock:
            self.manifests[digest_of(raw)] = raw
            self.leading[tag] = digest_of(raw)

    def tags(self) -> list[str]:
        self._begin("tags", "")
        return sorted(self.leading)

    def remove_tags(self, *tags: str) -> None:
        for tag in tags:
            self._begin("remove_tag", tag)
            self.leading.pop(tag, None)

    def copy(self) -> MemoryStore:
        """Another store with the same content."""
        made = MemoryStore()
        made.blobs, made.manifests, made.leading = dict(self.blobs), dict(self.manifests), dict(self.leading)
        return made

    def collect_garbage(self) -> None:
        """What a registry's garbage collection does: keep what tags lead to."""
        kept = set(self.leading.values())
        kept |= {
            one["digest"] for digest in list(kept) for one in json.loads(self.manifests[digest]).get("manifests", ())
        }
        self.manifests = {digest: raw for digest, raw in self.manifests.items() if digest in kept}
        used = set()
        for raw in self.manifests.values():
            document = json.loads(raw)
            used |= {one["digest"] for one in (*document.get("layers", ()), document.get("config")) if one}
        self.blobs = {digest: data for digest, data in self.blobs.items() if digest in used}

    def _begin(self, operation: str, what: str) -> None:
        with self._lock:
            self.asked[operation] += 1
        self.before(operation, what)

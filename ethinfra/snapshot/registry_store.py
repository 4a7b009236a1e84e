"""A repository of any OCI registry as a store. Only what the distribution specification promises is used."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from ethinfra.registry.client import DigestMismatch, RegistryClient, RegistryRefused
from ethinfra.snapshot.errors import damaged_manifest
from ethinfra.snapshot.store import CannotRemove, Data, MissingBlobs

#: What registries say to a manifest that names what is not there.
_UNKNOWN = ("BLOB_UNKNOWN", "MANIFEST_BLOB_UNKNOWN", "MANIFEST_UNKNOWN", "blob unknown")


class RegistryStore:
    """See `SnapshotStore`. What passes (the registry restarts, is busy, or read-only for garbage collection) is waited
    out as long as the client is patient."""

    def __init__(self, client: RegistryClient, repository: str) -> None:
        self._client = client
        self._repository = repository

    @property
    def name(self) -> str:
        return f"{urlsplit(self._client.url).netloc}/{self._repository}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def blob_size(self, digest: str) -> int | None:
        return self._client.blob_size(self._repository, digest)

    def blob(self, digest: str, size: int) -> bytes | None:
        return self._client.unchecked_blob(self._repository, digest, size)

    def put_blob(self, digest: str, data: Data) -> None:
        self._client.push_blob(self._repository, digest, len(data), data)

    def manifest(self, reference: str) -> bytes | None:
        try:
            return self._client.manifest(self._repository, reference).raw
        except RegistryRefused as refused:
            if refused.status == 404:
                return None
            raise
        except DigestMismatch as damaged:
            where = f"{reference} of {self.name}"
            raise damaged_manifest(where, expected=damaged.expected, seen=damaged.seen) from damaged

    def digest(self, reference: str) -> str | None:
        return self._client.digest(self._repository, reference)

    def put_manifest(self, tag: str, raw: bytes, media_type: str) -> None:
        try:
            self._client.push_manifest(self._repository, tag, raw, media_type)
        except RegistryRefused as refused:
            if refused.status in (400, 404) and any(code in refused.seen for code in _UNKNOWN):
                raise MissingBlobs(f"manifest {tag} of {self.name}", seen=refused.seen) from refused
            raise

    def tags(self) -> list[str]:
        return self._client.tags(self._repository)

    def remove_tags(self, *tags: str) -> None:
        for tag in tags:
            try:
                self._client.delete_tag(self._repository, tag)
            except RegistryRefused as refused:
                if refused.status in (400, 405):
                    self._remove_manifest(tag, tags)
                elif refused.status in (401, 403):
                    raise self._cannot_remove(tag, "an account that may delete", refused.seen) from refused
                elif refused.status != 404:
                    raise

    def _remove_manifest(self, tag: str, going: Sequence[str]) -> None:
        """Where tags cannot be removed (Harbor), manifests may be, with all tags that lead to them: only if each of
        these is to go."""
        digest = self.digest(tag)
        if digest is None:
            return
        staying = [one for one in self.tags() if one not in going and self.digest(one) == digest]
        if staying:
            seen = f"it removes whole manifests only, and {', '.join(staying)} would go too"
            raise self._cannot_remove(tag, "a registry that removes tags", seen)
        try:
            self._client.delete_manifest(self._repository, digest)
        except RegistryRefused as refused:
            if refused.status != 404:
                expected = "a registry that removes tags, or manifests"
                raise self._cannot_remove(tag, expected, refused.seen) from refused

    def _cannot_remove(self, tag: str, expected: str, seen: str) -> CannotRemove:
        todo = "remove it by the registry's own means; what is stored stays sound"
        return CannotRemove(f"tag {tag} of {self.name}", expected=expected, seen=seen, todo=todo)

"""What push and restore need of the place where snapshots are kept.

A store is one repository: blobs and manifests by their digest (`sha256:<hex>`), and tags that lead to manifests.

True at every moment, also right after a crash:
- a tag leads to a stored manifest, and a manifest only to stored blobs and manifests;
- what is stored under a digest never changes: it is there or not.

So the order of writing is blobs, manifests, tag; removal goes the other way.
"""

from __future__ import annotations

import hashlib
from typing import Protocol

from ethinfra.errors import EthinfraError

#: What can be sent: `collections.abc.Buffer` is of Python 3.12.
Data = bytes | bytearray | memoryview


class MissingBlobs(EthinfraError):
    """A manifest was not stored, because something that it names is not there (any more)."""


class CannotRemove(EthinfraError):
    """This store does not let tags be removed, or not by this account."""


class SnapshotStore(Protocol):
    """One repository. Safe to share between threads. RegistryUnreachable and RegistryRefused may come from any method
    of a store that is a registry, after it has retried what can be retried."""

    @property
    def name(self) -> str:
        """What an operator knows it by: `registry.local-registry.svc:5000/snapshots/hoodi/geth`."""

    def blob_size(self, digest: str) -> int | None:
        """Bytes of a blob, None if there is none."""

    def blob(self, digest: str, size: int) -> bytes | None:
        """The bytes as they are stored, None if there is no such blob. Nothing is checked, whoever asks compares with a
        digest; but never more than size + 1 bytes come, so that a lie cannot fill the memory."""

    def put_blob(self, digest: str, data: Data) -> None:
        """Afterwards the blob is stored, whole. Refused if the data has another digest. One that is there already is
        kept."""

    def manifest(self, reference: str) -> bytes | None:
        """The manifest of a tag or digest, None if there is none. InvalidSnapshot if its bytes have not its digest."""

    def digest(self, reference: str) -> str | None:
        """The digest of a tag's or digest's manifest, None if there is none."""

    def put_manifest(self, tag: str, raw: bytes, media_type: str) -> None:
        """Store a manifest under its digest and move the tag to it in one step: whoever asks for the tag gets the old
        manifest or the new one. MissingBlobs, and nothing changed, if it names what is not there; a registry that does
        not look for it may store it all the same."""

    def tags(self) -> list[str]:
        """All tags, sorted; none if the repository does not exist."""

    def remove_tags(self, *tags: str) -> None:
        """Remove tags, in this order; none to remove is not an error. What only they needed stays until garbage is
        collected. CannotRemove if the store knows no removal, or not without other tags."""


def digest_of(data: Data) -> str:
    return named(hashlib.sha256(data).digest())


def named(digest: bytes) -> str:
    """The digest as stores name it: `sha256:<hex>`."""
    return f"sha256:{digest.hex()}"

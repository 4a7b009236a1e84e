"""Whether what is deployed are the bytes that the image locks know, and what they do not know yet.

An environment that pins (environments/: images.pin) takes the digest of a name from the lock of whoever publishes it:
upstream's where upstream does, else that of our own builds. Our build of an upstream version is other bytes under the
same name, and is never pinned in its place.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ethinfra.images.lock import Entry, Lock, Source


@dataclass(frozen=True)
class Pinning:
    """wrong: sentences, each beginning with the image. pending: names whose digest nobody has seen, with their lock."""

    wrong: tuple[str, ...]
    pending: tuple[str, ...]


def pinning(references: Iterable[str], locks: dict[Source, Lock]) -> Pinning:
    """Compare image references, as manifests have them, with the locks."""
    wrong, pending = [], []
    for reference in sorted(set(references)):
        name, _, digest = reference.partition("@")
        source = _publisher(name, locks)
        entry = locks[source].images.get(name)
        if entry is None:
            wrong.append(f"{reference}: no image lock names it; `ethinfra images lock`")
        elif digest != (entry.digest or ""):
            wrong.append(f"{reference}: {_known(entry, source)}")
        elif entry.digest is None:
            pending.append(f"{name} ({source.file.name})")
    return Pinning(tuple(wrong), tuple(pending))


def _publisher(name: str, locks: dict[Source, Lock]) -> Source:
    return Source.UPSTREAM if name in locks[Source.UPSTREAM].images else Source.BUILT


def _known(entry: Entry, source: Source) -> str:
    if entry.digest is None:
        return f"the digest is of no lock; {source.file.name} says that nobody has seen it"
    return f"{source.file.name} knows it as {entry.digest}"

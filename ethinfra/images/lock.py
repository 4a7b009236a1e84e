"""The image locks: which bytes a name stood for when somebody looked, one file per source.

- upstream  what others publish: manifest digests of every image that the project names, and checksums of the release
            files that images are made of
- built     digests of our own builds, which anybody can build again and compare

`ethinfra images lock` writes them and nothing else does. What nobody has seen is null: a pending entry, never a guess.
An entry with `told-by` was not read from upstream but from a source that had; the next run that reaches upstream
compares it, and drops the remark if it was right.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml

from ethinfra.errors import BadInput
from ethinfra.paths import ROOT

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")

_HEADS = {
    "upstream": """\
# What upstream publishes under the names that this project uses. Written by `ethinfra images lock --source upstream`.
# digest, sha256: null is pending: nobody has seen it yet.  told-by: not read from upstream, but from this source.
""",
    "built": """\
# Digests of the images that this project builds. Written by `ethinfra images lock --source built`.
# key: of all that went into the build. The same key gives the same digest, wherever it is built.
""",
}


class Source(StrEnum):
    """Who publishes what a lock names."""

    UPSTREAM = "upstream"
    BUILT = "built"

    @property
    def file(self) -> Path:
        return ROOT / "docker" / f"{self}.lock.yaml"


@dataclass(frozen=True)
class Entry:
    """One locked name. digest: `sha256:<hex>`, or None if pending; key: of our build's content."""

    digest: str | None
    told_by: str = ""
    key: str = ""


@dataclass(frozen=True)
class Lock:
    """`images` by reference, `files` by URL."""

    images: Mapping[str, Entry]
    files: Mapping[str, Entry]


def read_lock(source: Source, file: Path | None = None) -> Lock:
    """A lock, empty if there is no file; BadInput if it is not what `ethinfra images lock` writes."""
    path = file or source.file
    if not path.exists():
        return Lock({}, {})
    try:
        document = yaml.safe_load(path.read_text()) or {}
        return Lock(
            {name: _entry(facts, "digest") for name, facts in (document.get("images") or {}).items()},
            {url: _entry(facts, "sha256") for url, facts in (document.get("files") or {}).items()},
        )
    except (yaml.YAMLError, AttributeError, KeyError, TypeError, ValueError) as reason:
        raise BadInput(
            f"{path} is not an image lock",
            seen=f"{type(reason).__name__}: {reason}",
            todo=f"take it from git, or write it anew: ethinfra images lock --source {source}",
        ) from reason


def write_lock(lock: Lock, source: Source, file: Path | None = None) -> None:
    """Sorted, so that a change of one entry is a change of its lines only."""
    document: dict[str, Any] = {"images": {name: _facts(one, "digest") for name, one in sorted(lock.images.items())}}
    if lock.files:
        document["files"] = {url: _facts(one, "sha256") for url, one in sorted(lock.files.items())}
    text = yaml.safe_dump(document, sort_keys=False, width=1000, allow_unicode=True)
    (file or source.file).write_text(_HEADS[source] + text)


def locked_digest(reference: str, source: Source) -> str | None:
    """The digest of an image as its source publishes it, `sha256:<hex>`; None if nobody has seen it."""
    entry = read_lock(source).images.get(reference)
    return entry.digest if entry else None


def locked_digests(source: Source) -> dict[str, str]:
    """All that is known of a source: digest by reference. References whose digest is pending are left out."""
    return {name: entry.digest for name, entry in read_lock(source).images.items() if entry.digest}


def locked_checksum(url: str) -> str | None:
    """SHA-256 of a release file in hex; None if nobody has seen it."""
    entry = read_lock(Source.UPSTREAM).files.get(url)
    return entry.digest.removeprefix("sha256:") if entry and entry.digest else None


def tell(lock: Lock, name: str, digest: str, told_by: str) -> Lock:
    """Enter what a source says that has seen it; BadInput if the lock does not name it or knows it otherwise.

    name: a reference, or the URL of a file; digest: `sha256:<hex>`
    """
    if not _DIGEST.fullmatch(digest):
        raise BadInput(f"digest of {name}", expected="sha256: and 64 hex digits", seen=digest)
    if not told_by:
        raise BadInput(f"digest of {name}: nobody is named who says so", todo="--told-by 'project, file, date'")
    part = "images" if name in lock.images else "files"
    known: Mapping[str, Entry] = getattr(lock, part)
    if name not in known:
        raise BadInput(
            f"{name} is nothing that the lock names", expected=f"one of: {', '.join([*lock.images, *lock.files])}"
        )
    if known[name].digest not in (None, digest):
        raise BadInput(
            f"{name} is locked already", expected=str(known[name].digest), seen=digest, todo="find out which is right"
        )
    entry = known[name] if known[name].digest and not known[name].told_by else Entry(digest, told_by)
    return replace(lock, **{part: {**known, name: entry}})


def _entry(facts: Mapping[str, Any], what: str) -> Entry:
    value = facts[what]
    digest = None if value is None else f"sha256:{str(value).removeprefix('sha256:')}"
    if digest is not None and not _DIGEST.fullmatch(digest):
        raise ValueError(f"{what}: {value}")
    return Entry(digest, facts.get("told-by", ""), facts.get("key", ""))


def _facts(entry: Entry, what: str) -> dict[str, Any]:
    value = entry.digest.removeprefix("sha256:") if entry.digest and what == "sha256" else entry.digest
    return {
        what: value,
        **({"told-by": entry.told_by} if entry.told_by else {}),
        **({"key": entry.key} if entry.key else {}),
    }

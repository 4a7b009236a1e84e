"""What `ethinfra images lock` does: ask the sources, keep what cannot be asked, and say what became of each name."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml

from ethinfra.errors import ImageError, MissingCapability
from ethinfra.images.catalogue import Image, catalogue, select
from ethinfra.images.lock import Entry, Lock
from ethinfra.images.release import download
from ethinfra.images.store import Archive
from ethinfra.paths import ROOT
from ethinfra.process import CommandFailed, run
from ethinfra.toolchain import tool

#: Images that nobody else publishes.
OURS = "ghcr.io/ethinfra/"

#: Seconds for one answer; crane asks for a token, then for the manifest, and tries again by itself.
ANSWER_WITHIN = 40

#: Questions at a time.
_PARALLEL = 4

_UNKNOWN = re.compile(r"MANIFEST_UNKNOWN|NAME_UNKNOWN|status code 404")
_REFUSED = re.compile(r"UNAUTHORIZED|DENIED|TOOMANYREQUESTS|status code 4\d\d")


class Word(StrEnum):
    """What became of a name."""

    LOCKED = "locked"
    UNCHANGED = "unchanged"
    MOVED = "moved"
    #: No answer: what was known stays.
    UNREACHABLE = "unreachable"
    #: An answer that is no digest: what was known stays.
    REFUSED = "refused"
    #: A file whose bytes are not those that were locked: what was known stays.
    CONTRADICTED = "contradicted"
    #: The lock did not name it, and nobody answers for it: pending from now on.
    MISSING = "not in the lock"
    UNUSED = "used no more"
    OUTDATED = "outdated"


#: Words after which a lock is not what its source says, or cannot be known to be.
NOT_DONE = (Word.UNREACHABLE, Word.REFUSED, Word.CONTRADICTED, Word.MISSING)

#: Words that tell that a lock, as it is, is wrong. What nobody answers for proves nothing.
WRONG = (Word.REFUSED, Word.CONTRADICTED, Word.LOCKED, Word.MOVED, Word.MISSING, Word.UNUSED, Word.OUTDATED)


@dataclass(frozen=True)
class Outcome:
    """What became of one name; `entry` is what the lock says of it from now on."""

    name: str
    word: Word
    entry: Entry
    detail: str = ""


class Unanswered(ImageError):
    """No digest. `word` tells whether the registry said so, or nobody answered."""

    def __init__(self, word: Word, detail: str) -> None:
        self.word = word
        super().__init__(detail)


def references() -> list[str]:
    """Every image that values, charts and the catalogue name, and that somebody else publishes."""
    files = [*ROOT.glob("charts/*/values.yaml"), *ROOT.glob("values/**/*.yaml")]
    named = {name for path in files for name in _named(yaml.safe_load(path.read_text()))}
    return sorted(name for name in named | {image.reference for image in catalogue()} if not name.startswith(OURS))


def urls() -> list[str]:
    """Every file of upstream's that an image is made of."""
    return sorted({release.url for image in catalogue() for release in image.releases})


def ask_images(
    known: Mapping[str, Entry], names: Iterable[str], ask: Callable[[str], str] | None = None
) -> list[Outcome]:
    """Ask the registries for the digests of references. A tag that moved is taken over, and said."""

    def look(name: str) -> Outcome:
        entry = known.get(name, Entry(None))
        try:
            return _compared(name, entry, (ask or published_digest)(name))
        except Unanswered as reason:
            return Outcome(name, _word(name, known, reason.word), entry, reason.subject)

    with ThreadPoolExecutor(_PARALLEL) as pool:
        return list(pool.map(look, names))


def ask_files(known: Mapping[str, Entry], names: Iterable[str]) -> list[Outcome]:
    """Download release files for their checksums. A file that changed is CONTRADICTED: a release never changes."""
    outcomes = []
    for url in names:
        entry = known.get(url, Entry(None))
        try:
            with tempfile.TemporaryDirectory(prefix="ethinfra-lock-") as folder:
                seen = f"sha256:{download(url, Path(folder) / 'file')}"
        except MissingCapability as reason:
            outcomes.append(Outcome(url, _word(url, known, Word.UNREACHABLE), entry, reason.seen))
        except ImageError as reason:
            outcomes.append(Outcome(url, Word.REFUSED, entry, reason.seen))
        else:
            outcome = _compared(url, entry, seen)
            if outcome.word == Word.MOVED:
                outcome = Outcome(url, Word.CONTRADICTED, entry, f"upstream's file is {seen}")
            outcomes.append(outcome)
    return outcomes


def keep(known: Mapping[str, Entry], names: Iterable[str]) -> list[Outcome]:
    """Ask nobody: what is missing becomes pending."""
    return [
        Outcome(name, Word.UNCHANGED if name in known else Word.MISSING, known.get(name, Entry(None))) for name in names
    ]


def built(known: Mapping[str, Entry], archive: Callable[[Image], Archive], images: Iterable[Image]) -> list[Outcome]:
    """Compare builds with what was locked. Another digest of the same content is CONTRADICTED: not reproducible."""
    outcomes = []
    for image in images:
        made = archive(image)
        entry, seen = known.get(image.reference), Entry(made.digest, key=made.key)
        if made.revision.endswith("-dirty"):
            uncommitted = "its sources are not committed, so nobody else could build it"
            outcomes.append(Outcome(image.reference, Word.REFUSED, entry or Entry(None), uncommitted))
        elif entry is None:
            outcomes.append(Outcome(image.reference, Word.LOCKED, seen))
        elif entry == seen:
            outcomes.append(Outcome(image.reference, Word.UNCHANGED, seen))
        elif entry.key != seen.key:
            outcomes.append(Outcome(image.reference, Word.OUTDATED, seen, f"was {entry.digest}, of other content"))
        else:
            outcomes.append(Outcome(image.reference, Word.CONTRADICTED, entry, f"this build is {seen.digest}"))
    return outcomes


def unused(known: Mapping[str, Entry], names: Iterable[str]) -> list[Outcome]:
    """Entries that nothing names any more."""
    return [Outcome(name, Word.UNUSED, known[name]) for name in sorted(known.keys() - set(names))]


def locked(images: Iterable[Outcome], files: Iterable[Outcome] = ()) -> Lock:
    """The lock that outcomes make; what is used no more is not in it."""
    return Lock(*({one.name: one.entry for one in part if one.word != Word.UNUSED} for part in (images, files)))


def ours() -> list[Image]:
    """The images whose builds are locked: all that this machine builds without being asked for one by name."""
    return select(None)


def published_digest(reference: str) -> str:
    """The digest that a registry has for a tag, of the index if there is one; Unanswered if it tells none.

    crane gets the anonymous token that each registry wants, and uses the operator's own log-in where there is one.
    """
    try:
        return run([tool("crane"), "digest", reference], within=ANSWER_WITHIN).stdout
    except CommandFailed as failed:
        last = failed.output.strip().splitlines()[-1] if failed.output.strip() else failed.seen
        refused = _UNKNOWN.search(failed.output) or _REFUSED.search(failed.output)
        raise Unanswered(Word.REFUSED if refused else Word.UNREACHABLE, last.removeprefix("Error: ")) from failed


def _word(name: str, known: Mapping[str, Entry], word: Word) -> Word:
    return Word.MISSING if word == Word.UNREACHABLE and name not in known else word


def _compared(name: str, entry: Entry, seen: str) -> Outcome:
    now = replace(entry, digest=seen, told_by="")
    if entry.digest is None:
        return Outcome(name, Word.LOCKED, now)
    if entry.digest == seen:
        detail = f"as {entry.told_by} said" if entry.told_by else ""
        return Outcome(name, Word.UNCHANGED, now, detail)
    return Outcome(name, Word.MOVED, now, f"was {entry.digest}")


def _named(document: Any) -> Iterator[str]:
    """References in a values file: maps with `repository` and `tag`."""
    if isinstance(document, list):
        for one in document:
            yield from _named(one)
    elif isinstance(document, dict):
        if {"repository", "tag"} <= document.keys():
            yield f"{document['repository']}:{document['tag']}"
        for one in document.values():
            yield from _named(one)

"""What becomes of a candidate: promoted, failed, or pinned. Each is a few moves of tags, in an order that can be cut
off anywhere and run again."""

from __future__ import annotations

import json
from collections.abc import Callable

from ethinfra.snapshot.errors import NoSuchSnapshot
from ethinfra.snapshot.listing import LATEST, Named, State, pin_tag, promoted, tag_of
from ethinfra.snapshot.manifest import MANIFEST
from ethinfra.snapshot.store import CannotRemove, SnapshotStore, digest_of

#: Tells the reader a sentence.
Note = Callable[[str], object]


def promote(store: SnapshotStore, name: str, note: Note = lambda _: None) -> str:
    """Make the candidate of that id the one that restores take; returns its manifest's digest.

    `latest` moves last, in one step, and never back to one that was made earlier. Run again after an interruption it
    finishes; promoting what is promoted changes nothing.
    """
    candidate, own = tag_of(name, State.CANDIDATE), tag_of(name, State.PROMOTED)
    raw = store.manifest(candidate)
    if raw is not None:
        _tag(store, own, raw)
    else:
        raw = store.manifest(own)
    if raw is None:
        raise NoSuchSnapshot(
            f"no candidate {name} in {store.name}", expected=f"a tag {candidate}", todo="`list` shows what is there"
        )
    if promoted(store)[0].id == name and store.digest(LATEST) != digest_of(raw):
        _tag(store, LATEST, raw)
    _drop(store, candidate, note)
    return digest_of(raw)


def finish(store: SnapshotStore, found: Named, note: Note = lambda _: None) -> None:
    """Go on with a promotion that was cut off. Its candidate's tag goes last, so one that is promoted and still has it
    may not be `latest` yet."""
    if found.state is State.PROMOTED and tag_of(found.id, State.CANDIDATE) in found.tags:
        note(f"finishing the promotion of {found.id}, which was cut off")
        promote(store, found.id, note)


def fail(store: SnapshotStore, name: str, note: Note = lambda _: None) -> None:
    """Say that the candidate of that id did not prove itself. `latest` stays where it is; run again, it finishes."""
    candidate, own = tag_of(name, State.CANDIDATE), tag_of(name, State.FAILED)
    raw = store.manifest(candidate)
    if raw is not None:
        _tag(store, own, raw)
        _drop(store, candidate, note)
    elif store.digest(own) is None:
        raise NoSuchSnapshot(
            f"no candidate {name} in {store.name}", expected=f"a tag {candidate}", todo="`list` shows what is there"
        )


def pin(store: SnapshotStore, reference: str, pin_name: str) -> str:
    """Keep the snapshot of that tag or digest until the pin is removed (`unpin`); returns the pin's tag."""
    raw = store.manifest(reference)
    if raw is None:
        raise NoSuchSnapshot(f"no snapshot {reference} in {store.name}", todo="`list` shows what is there")
    tag = pin_tag(pin_name)
    _tag(store, tag, raw)
    return tag


def unpin(store: SnapshotStore, pin_name: str) -> None:
    """Remove a pin; none to remove is not an error."""
    store.remove_tags(pin_tag(pin_name))


def _tag(store: SnapshotStore, tag: str, raw: bytes) -> None:
    store.put_manifest(tag, raw, json.loads(raw).get("mediaType", MANIFEST))


def _drop(store: SnapshotStore, tag: str, note: Note) -> None:
    """A candidate's tag beside another one says nothing more, so a store without removal, or an account that may only
    push, does no harm."""
    try:
        store.remove_tags(tag)
    except CannotRemove as reason:
        note(f"{tag} stays, and says nothing any more: {reason.seen}")

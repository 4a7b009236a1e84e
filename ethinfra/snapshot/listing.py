"""The names of a repository: which snapshots are there, and in which state.

    candidate-<id>            pushed, not proved
    snapshot-<id>             promoted: a node that was started from it alone answered with its head
    failed-<id>               the proof failed; kept for a day, for whoever looks into it
    latest                    the newest promoted one
    pin-<name>                kept whatever its age
    <id>-shard-<number>       a part of the manifest of a large snapshot

An id is the block's number and the time: `0000001234-20261123T170000Z`; greater is newer.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ethinfra.errors import BadInput
from ethinfra.snapshot.ids import is_id, moment_of
from ethinfra.snapshot.store import SnapshotStore

LATEST = "latest"
PIN = "pin-"


class State(StrEnum):
    """What is known of a snapshot. LEFTOVER: shards without a manifest that leads to them."""

    PROMOTED = "promoted"
    CANDIDATE = "candidate"
    FAILED = "failed"
    LEFTOVER = "leftover"


#: A snapshot that has several of these tags is in the state of the first: a promotion was interrupted, or repeated.
_STATES = (("snapshot-", State.PROMOTED), ("failed-", State.FAILED), ("candidate-", State.CANDIDATE))
_PREFIX = {state: prefix for prefix, state in _STATES}


@dataclass(frozen=True)
class Listed:
    """A snapshot by its names alone. digest: of its manifest, None for leftovers; tags: its own, in the order in which
    they are to be removed; pins: names without `pin-`."""

    id: str
    state: State
    digest: str | None
    tags: tuple[str, ...]
    pins: tuple[str, ...] = ()
    latest: bool = False

    @property
    def created(self) -> datetime:
        return moment_of(self.id)


def tag_of(name: str, state: State) -> str:
    """The tag that says that the snapshot of that id is in that state."""
    return f"{_PREFIX[state]}{name}"


def shard_tag(name: str, number: int) -> str:
    return f"{name}-shard-{number:04d}"


def pin_tag(name: str) -> str:
    """BadInput unless the name can be part of a tag."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,80}", name):
        raise BadInput(f"pin {name!r}", expected="letters, digits, dots and dashes, at most 80")
    return f"{PIN}{name}"


def listing(store: SnapshotStore) -> list[Listed]:
    """Every snapshot, oldest first. Tags that are none of ours are left alone and not listed."""
    states: dict[str, dict[State, str]] = defaultdict(dict)
    shards: dict[str, list[str]] = defaultdict(list)
    pointers: dict[str, list[str]] = defaultdict(list)
    for tag in store.tags():
        name, dash, _number = tag.partition("-shard-")
        if dash and is_id(name):
            shards[name].append(tag)
        elif tag == LATEST or tag.startswith(PIN):
            digest = store.digest(tag)
            if digest is not None:
                pointers[digest].append(tag)
        else:
            for prefix, state in _STATES:
                if tag.startswith(prefix) and is_id(tag.removeprefix(prefix)):
                    states[tag.removeprefix(prefix)][state] = tag
    return [_listed(store, name, states[name], shards[name], pointers) for name in sorted({*states, *shards})]


def _listed(
    store: SnapshotStore, name: str, states: dict[State, str], shards: list[str], pointers: dict[str, list[str]]
) -> Listed:
    state = next((one for _, one in _STATES if one in states), State.LEFTOVER)
    digest = store.digest(states[state]) if states else None
    leading = pointers.get(digest or "", [])
    return Listed(
        name,
        state,
        digest,
        # The tag that counts is the last of its kind to go, and shards go after it.
        (*(states[one] for _, one in reversed(_STATES) if one in states), *sorted(shards)),
        tuple(tag.removeprefix(PIN) for tag in leading if tag != LATEST),
        LATEST in leading,
    )


def resolve(store: SnapshotStore, text: str) -> str:
    """A tag or digest as it is; an id stands for its snapshot, in whatever state that is."""
    found = next((one for one in listing(store) if one.id == text), None)
    return found.digest if found is not None and found.digest else text


def promoted(store: SnapshotStore) -> list[Listed]:
    """The promoted ones, newest first."""
    return [one for one in reversed(listing(store)) if one.state is State.PROMOTED]

"""The names of a repository: which snapshots are there, and in which state.

    candidate-<id>            pushed, not proved
    snapshot-<id>             promoted: a node that was started from it alone answered with its head
    failed-<id>               the proof failed; kept for a day, for whoever looks into it
    latest                    the newest promoted one
    pin-<name>                kept whatever its age
    <id>-shard-<number>       a part of the manifest of a large snapshot

An id is the block's number and the time: `0000001234-20261123T170000Z`; what was made later is newer.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from ethinfra.errors import BadInput
from ethinfra.registry.client import RegistryRefused
from ethinfra.snapshot.ids import age_order, is_id, moment_of
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
class Named:
    """A snapshot by its tags alone. tags: its own, in the order in which they are to be removed."""

    id: str
    state: State
    tags: tuple[str, ...]

    @property
    def created(self) -> datetime:
        return moment_of(self.id)

    @property
    def shards(self) -> tuple[str, ...]:
        """Those of the tags that are its shards'."""
        return tuple(tag for tag in self.tags if tag.startswith(f"{self.id}-shard-"))


@dataclass(frozen=True)
class Listed(Named):
    """And where its tags lead. digest: of its manifest, None for leftovers; pins: names without `pin-`; problem: why
    not all of this is known, empty if it is."""

    digest: str | None = None
    pins: tuple[str, ...] = ()
    latest: bool = False
    problem: str = ""


class _Target(NamedTuple):
    """The digest that a tag leads to, None if there is none, or if the registry does not say it for that problem."""

    digest: str | None = None
    problem: str = ""


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
    """Every snapshot, oldest first. Tags that are none of ours are left alone and not listed.

    A manifest that the registry does not give hides no other: what its tags say is listed, with the problem.
    """
    tags = store.tags()
    named = _named(tags)
    targets = {one.id: _target(store, tag_of(one.id, one.state)) for one in named if one.state is not State.LEFTOVER}
    pointers = {tag: _target(store, tag) for tag in tags if tag == LATEST or tag.startswith(PIN)}
    # It may be any of them that such a tag leads to.
    doubt = next((target.problem for target in pointers.values() if target.problem), "")
    known = {None, *(target.digest for target in targets.values())}
    astray = [f"{tag} leads to no snapshot that is listed" for tag, one in pointers.items() if one.digest not in known]
    found = []
    for one in named:
        target = targets.get(one.id, _Target(None, next(iter(astray), "")))
        leading = [tag for tag, to in pointers.items() if to.digest is not None and to.digest == target.digest]
        pins = tuple(tag.removeprefix(PIN) for tag in leading if tag != LATEST)
        problem = target.problem or doubt
        found.append(Listed(one.id, one.state, one.tags, target.digest, pins, LATEST in leading, problem))
    return found


def promoted(store: SnapshotStore) -> list[Named]:
    """The promoted ones, newest first. Only tags are asked for: no manifest can be in the way."""
    return [one for one in reversed(_named(store.tags())) if one.state is State.PROMOTED]


def names_of(store: SnapshotStore, one: Listed) -> set[str]:
    """The tags that lead to a snapshot at this moment: its states', and `latest` and pins. Its shards' are no names."""
    own = {tag_of(one.id, state) for state in _PREFIX}
    tags = store.tags()
    pointers = [tag for tag in tags if tag == LATEST or tag.startswith(PIN)] if one.digest else []
    return own.intersection(tags) | {tag for tag in pointers if store.digest(tag) == one.digest}


def resolve(store: SnapshotStore, text: str) -> str:
    """A tag or digest as it is; an id stands for its snapshot, in whatever state that is."""
    found = next((one for one in listing(store) if one.id == text), None)
    return found.digest if found is not None and found.digest else text


def _named(tags: Iterable[str]) -> list[Named]:
    """Oldest first."""
    states: dict[str, dict[State, str]] = defaultdict(dict)
    shards: dict[str, list[str]] = defaultdict(list)
    for tag in tags:
        name, dash, _number = tag.partition("-shard-")
        if dash and is_id(name):
            shards[name].append(tag)
        for prefix, state in _STATES:
            if tag.startswith(prefix) and is_id(tag.removeprefix(prefix)):
                states[tag.removeprefix(prefix)][state] = tag
    found = []
    for name in sorted({*states, *shards}, key=age_order):
        state = next((one for _, one in _STATES if one in states[name]), State.LEFTOVER)
        # The tag that counts is the last of its kind to go, and shards go after it.
        own = [states[name][one] for _, one in reversed(_STATES) if one in states[name]]
        found.append(Named(name, state, (*own, *sorted(shards[name]))))
    return found


def _target(store: SnapshotStore, tag: str) -> _Target:
    try:
        return _Target(store.digest(tag))
    except RegistryRefused as refused:
        return _Target(None, f"the registry does not say what {tag} leads to: {refused.seen}")

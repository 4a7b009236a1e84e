"""Which snapshots are kept: a plan from what is there, then its execution.

Kept are the newest promoted ones (by number and by age), whatever `latest` or a pin leads to, whatever a running pod
was restored from or is restoring, and young candidates and failed ones, which somebody may still be working on. Every
manifest is complete by itself, so removing one breaks no other. The space is given back by the registry's garbage
collection.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ethinfra.registry.client import RegistryRefused
from ethinfra.snapshot import manifest
from ethinfra.snapshot.ids import age_order
from ethinfra.snapshot.listing import LATEST, Listed, State, names_of
from ethinfra.snapshot.reader import UNREADABLE, of_this_one_alone
from ethinfra.snapshot.store import SnapshotStore

#: How long a candidate, a failed one or what an interrupted push left is somebody's, after its push.
UNFINISHED_FOR = timedelta(days=1)


@dataclass(frozen=True)
class Policy:
    """count: newest promoted ones that are kept; age: how long every promoted one is kept at least."""

    count: int = 3
    age: timedelta = timedelta(days=7)


@dataclass(frozen=True)
class Verdict:
    """reason: why it is kept, or why it may go, as the end of a sentence."""

    snapshot: Listed
    keep: bool
    reason: str


@dataclass(frozen=True)
class Plan:
    verdicts: tuple[Verdict, ...]

    @property
    def removed(self) -> list[Listed]:
        return [one.snapshot for one in self.verdicts if not one.keep]


def pushed_at(store: SnapshotStore, snapshots: Sequence[Listed]) -> dict[str, datetime | RegistryRefused]:
    """When the pushes of those that are not promoted ended, by id, as far as it is known; the refusal of a registry
    that does not give the manifest that says it, and gives others.

    The time in an id is the copy's; a first push may take a day from there.
    """
    found: dict[str, datetime | RegistryRefused] = {}
    for one in snapshots:
        if one.state is not State.PROMOTED and not one.problem:
            moment = _pushed(store, one)
            if moment is not None:
                found[one.id] = moment
    return found


def _pushed(store: SnapshotStore, one: Listed) -> datetime | RegistryRefused | None:
    kind = manifest.SHARD if one.state is State.LEFTOVER else manifest.SNAPSHOT
    try:
        raw = store.manifest(one.tags[0])
        said = manifest.read(raw, one.tags[0], kind).annotations if raw is not None else {}
        return manifest.moment(said[manifest.ANNOTATION_PUSHED])
    except (KeyError, ValueError):
        return None
    except UNREADABLE as reason:
        if not of_this_one_alone(reason, store):
            raise
        return reason if isinstance(reason, RegistryRefused) else None


def plan(
    snapshots: Sequence[Listed],
    policy: Policy,
    *,
    now: datetime,
    used: Collection[str],
    pushed: Mapping[str, datetime | RegistryRefused] | None = None,
) -> Plan:
    """Decide about each.

    used:   manifest digests or ids that running pods were restored from or are restoring
    pushed: `pushed_at`; those that are missing count from when their copy was taken
    """
    newest = sorted((one.id for one in snapshots if one.state is State.PROMOTED), key=age_order, reverse=True)
    counted = newest[: policy.count]
    pushed = pushed or {}
    verdicts = []
    for one in snapshots:
        since = pushed.get(one.id, one.created)
        if isinstance(since, RegistryRefused):
            one, since = replace(one, problem=f"{since.subject}; {since.seen}"), one.created
        verdicts.append(_verdict(one, counted, policy, now - since, used))
    return Plan(tuple(verdicts))


def _verdict(one: Listed, counted: Collection[str], policy: Policy, age: timedelta, used: Collection[str]) -> Verdict:
    if one.problem:
        return Verdict(one, True, f"not all is known of it: {one.problem}")
    if one.id in used or (one.digest is not None and one.digest in used):
        return Verdict(one, True, "a running pod was restored from it, or is restoring it")
    if one.pins:
        return Verdict(one, True, f"pinned as {', '.join(one.pins)}")
    if one.latest:
        return Verdict(one, True, f"{LATEST} leads to it")
    if one.state is State.PROMOTED:
        if one.id in counted:
            return Verdict(one, True, f"one of the newest {policy.count}")
        if age < policy.age:
            return Verdict(one, True, f"younger than {policy.age}")
        return Verdict(one, False, f"older than {policy.age}, and not one of the newest {policy.count}")
    if age < UNFINISHED_FOR:
        return Verdict(one, True, f"{one.state}, younger than {UNFINISHED_FOR}")
    return Verdict(one, False, f"{one.state}, older than {UNFINISHED_FOR}")


def prune(store: SnapshotStore, decided: Plan) -> list[Listed]:
    """Remove what the plan does not keep; returns what was removed.

    One that was promoted, pinned or otherwise named since then is left to the next run. A snapshot's own tag goes first
    and its shards' afterwards, if nothing leads to it any more: interrupted, it is no snapshot any more, and the shards
    that are left are listed as unfinished for the next run. Run again, it goes on.
    """
    removed = []
    for one in decided.removed:
        own = [tag for tag in one.tags if tag not in one.shards]
        if names_of(store, one) != set(own):
            continue
        store.remove_tags(*own)
        if not names_of(store, one):
            store.remove_tags(*one.shards)
        removed.append(one)
    return removed

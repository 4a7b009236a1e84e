"""Which snapshots are kept: a plan from what is there, then its execution.

Kept are the newest promoted ones (by number and by age), whatever `latest` or a pin leads to, whatever a running pod
was restored from or is restoring, and young candidates and failed ones, which somebody may still be working on. Every
manifest is complete by itself, so removing one breaks no other. The space is given back by the registry's garbage
collection.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ethinfra.snapshot.ids import age_order
from ethinfra.snapshot.listing import LATEST, Listed, State
from ethinfra.snapshot.store import SnapshotStore

#: How long a candidate, a failed one or what an interrupted push left is somebody's.
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
    def kept(self) -> list[Listed]:
        return [one.snapshot for one in self.verdicts if one.keep]

    @property
    def removed(self) -> list[Listed]:
        return [one.snapshot for one in self.verdicts if not one.keep]


def plan(snapshots: Sequence[Listed], policy: Policy, *, now: datetime, used: Collection[str]) -> Plan:
    """Decide about each. used: manifest digests or ids that running pods were restored from or are restoring."""
    newest = sorted((one.id for one in snapshots if one.state is State.PROMOTED), key=age_order, reverse=True)
    counted = newest[: policy.count]
    return Plan(tuple(_verdict(one, counted, policy, now, used) for one in snapshots))


def _verdict(one: Listed, counted: Collection[str], policy: Policy, now: datetime, used: Collection[str]) -> Verdict:
    age = now - one.created
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
    """Remove what the plan does not keep; returns it.

    A snapshot's own tag goes first and its shards' afterwards: interrupted, it is no snapshot any more, and the shards
    that are left are listed as unfinished for the next run. Run again, it goes on.
    """
    for snapshot in decided.removed:
        for tag in snapshot.tags:
            store.remove_tag(tag)
    return decided.removed

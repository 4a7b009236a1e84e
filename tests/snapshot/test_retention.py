"""Which snapshots stay: the plan is a pure function, so each rule is a table."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from ethinfra.snapshot.ids import make_id
from ethinfra.snapshot.listing import Listed, State, listing, promoted, tag_of
from ethinfra.snapshot.model import Network
from ethinfra.snapshot.promote import pin, promote, unpin
from ethinfra.snapshot.push import push
from ethinfra.snapshot.retention import Policy, plan, prune
from tests.snapshot import tree
from tests.snapshot.memory_store import MemoryStore

NOW = tree.NOON
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def _one(age: timedelta, state: State = State.PROMOTED, **more: object) -> Listed:
    name = make_id(100_000_000 - int(age.total_seconds()), NOW - age)
    digest = f"sha256:{name}"
    return Listed(name, state, (f"{state}-{name}",), digest, **more)  # type: ignore[arg-type]


def _kept(snapshots: list[Listed], policy: Policy, used: set[str] | None = None) -> list[Listed]:
    return plan(snapshots, policy, now=NOW, used=used or set()).kept


NEVER = Policy(count=0, age=timedelta())


def test_newest_stay_by_number() -> None:
    snapshots = [_one(days * DAY) for days in (1, 2, 3, 4)]

    assert _kept(snapshots, Policy(2, timedelta())) == snapshots[:2]


def test_young_ones_stay_however_many() -> None:
    snapshots = [_one(days * DAY) for days in (1, 2, 3, 4)]

    assert _kept(snapshots, Policy(0, 3 * DAY)) == snapshots[:2]


@pytest.mark.parametrize(
    ("snapshot", "stays"),
    [
        (_one(9 * DAY), False),
        (_one(9 * DAY, latest=True), True),
        (_one(9 * DAY, pins=("before-fork",)), True),
        (_one(9 * DAY, State.CANDIDATE), False),
        (_one(2 * HOUR, State.CANDIDATE), True),
        (_one(9 * DAY, State.CANDIDATE, pins=("look",)), True),
        (_one(9 * DAY, State.FAILED), False),
        (_one(2 * HOUR, State.FAILED), True),
        (_one(9 * DAY, State.LEFTOVER), False),
        (_one(2 * HOUR, State.LEFTOVER), True),
    ],
)
def test_each_state_has_its_rule(snapshot: Listed, stays: bool) -> None:
    assert bool(_kept([snapshot], NEVER)) is stays


@pytest.mark.parametrize("state", [State.PROMOTED, State.CANDIDATE, State.FAILED])
def test_what_a_pod_was_restored_from_stays(state: State) -> None:
    """By digest or by id, as the pod tells it."""
    snapshot = _one(100 * DAY, state)

    assert _kept([snapshot], NEVER, {snapshot.digest or ""}) == [snapshot]
    assert _kept([snapshot], NEVER, {snapshot.id}) == [snapshot]
    assert _kept([snapshot], NEVER, {"sha256:another"}) == []


def test_plan_alone_changes_nothing(store: MemoryStore, source: Path) -> None:
    promote(store, push(source, store, tree.description(), chunk_size=tree.CHUNK).id)
    before = dict(store.leading)

    plan(listing(store), NEVER, now=NOW + 9 * DAY, used=set())

    assert store.leading == before


def test_pinned_snapshot_outlives_its_time_and_unpinned_it_goes(store: MemoryStore, source: Path) -> None:
    """Its shards stay with it."""
    names = []
    for block in (100, 200):
        names.append(push(source, store, tree.description(block), chunk_size=tree.CHUNK, max_layers=5).id)
        promote(store, names[-1])
    pin(store, tag_of(names[0], State.PROMOTED), "before-fork")

    prune(store, plan(listing(store), NEVER, now=NOW + 9 * DAY, used=set()))
    kept = [one.id for one in listing(store)]
    unpin(store, "before-fork")
    prune(store, plan(listing(store), NEVER, now=NOW + 9 * DAY, used=set()))

    assert kept == names
    assert [one.id for one in listing(store)] == names[1:]
    store.collect_garbage()


def test_promoting_an_older_one_does_not_move_latest_back(store: MemoryStore, source: Path) -> None:
    older = push(source, store, tree.description(100), chunk_size=tree.CHUNK)
    newer = push(source, store, tree.description(200), chunk_size=tree.CHUNK)
    promote(store, newer.id)

    promote(store, older.id)

    assert store.digest("latest") == newer.digest


def test_chain_that_was_begun_anew_is_the_newer_one(store: MemoryStore, source: Path) -> None:
    """A devnet under the same name: its blocks are lower, and what the old chain left sorts above them as text."""
    for hours in range(3):
        created = NOW - 20 * DAY + hours * HOUR
        promote(store, push(source, store, tree.description(1000 + hours, created=created), chunk_size=tree.CHUNK).id)
    anew = Network("devnet", 32382, "0x" + "22" * 32)
    newest = push(source, store, tree.description(50, network=anew, created=NOW))
    promote(store, newest.id)

    decided = plan(listing(store), Policy(1, DAY), now=NOW + 9 * DAY, used=set())

    assert store.digest("latest") == newest.digest
    assert promoted(store)[0].id == newest.id
    assert [one.id for one in decided.kept] == [newest.id]


def test_tags_of_others_are_left_alone(store: MemoryStore, source: Path) -> None:
    pushed = push(source, store, tree.description(), chunk_size=tree.CHUNK)
    store.leading["v1.0"] = store.leading["snapshot-of-mine"] = pushed.digest

    assert [one.id for one in listing(store)] == [pushed.id]

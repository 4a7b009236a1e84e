"""Which snapshots stay: the plan is a pure function, so each rule is a table."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ethinfra.snapshot.ids import make_id
from ethinfra.snapshot.listing import Listed, State, listing, promoted, tag_of
from ethinfra.snapshot.manifest import INDEX, MANIFEST
from ethinfra.snapshot.model import Network
from ethinfra.snapshot.promote import fail, pin, promote, unpin
from ethinfra.snapshot.push import push
from ethinfra.snapshot.retention import Plan, Policy, plan, prune, pushed_at
from ethinfra.snapshot.verify import verify
from tests.snapshot import tree
from tests.snapshot.memory_store import MemoryStore

NOW = tree.NOON
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def _one(age: timedelta, state: State = State.PROMOTED, **more: object) -> Listed:
    name = make_id(100_000_000 - int(age.total_seconds()), NOW - age)
    digest = f"sha256:{name}"
    return Listed(name, state, (f"{state}-{name}",), digest, **more)  # type: ignore[arg-type]


def _kept(snapshots: list[Listed], policy: Policy, used: set[str] | None = None) -> list[Listed]:
    return _staying(plan(snapshots, policy, now=NOW, used=used or set()))


def _staying(decided: Plan) -> list[Listed]:
    return [one.snapshot for one in decided.verdicts if one.keep]


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
    store.collect_garbage()
    problems = verify(store, "pin-before-fork").problems
    unpin(store, "before-fork")
    prune(store, plan(listing(store), NEVER, now=NOW + 9 * DAY, used=set()))

    assert kept == names
    assert problems == ()
    assert [one.id for one in listing(store)] == names[1:]


def _decided(store: MemoryStore, now: datetime) -> Plan:
    listed = listing(store)
    return plan(listed, NEVER, now=now, used=set(), pushed=pushed_at(store, listed))


@pytest.mark.parametrize("becomes", [State.CANDIDATE, State.FAILED, State.LEFTOVER])
def test_what_is_not_promoted_counts_from_the_end_of_its_push(store: MemoryStore, source: Path, becomes: State) -> None:
    """A first push of a terabyte took longer than a day: the test comes yet."""
    now = datetime.now(UTC)
    created = (now - 25 * HOUR).replace(microsecond=0)
    pushed = push(source, store, tree.description(created=created), chunk_size=tree.CHUNK, max_layers=5)
    if becomes is State.FAILED:
        fail(store, pushed.id)
    elif becomes is State.LEFTOVER:
        store.remove_tags(pushed.tag)

    assert [one.state for one in _staying(_decided(store, now))] == [becomes]
    assert [one.state for one in _decided(store, now + 25 * HOUR).removed] == [becomes]


def test_candidate_of_an_older_program_counts_from_its_copy(store: MemoryStore, source: Path) -> None:
    pushed = push(source, store, tree.description(), chunk_size=tree.CHUNK)
    document = json.loads(store.manifests[pushed.digest])
    del document["annotations"]["io.ethinfra.snapshot.pushed"]
    store.put_manifest(pushed.tag, json.dumps(document).encode(), MANIFEST)

    assert _decided(store, NOW + 23 * HOUR).removed == []
    assert len(_decided(store, NOW + 25 * HOUR).removed) == 1


@pytest.mark.parametrize("when", ["before", "while"])
@pytest.mark.parametrize("what", ["promoted", "pinned"])
def test_what_gets_another_name_after_the_plan_keeps_its_shards(
    store: MemoryStore, source: Path, when: str, what: str
) -> None:
    """The test of a candidate took long, or somebody pins it just then."""
    pushed = push(source, store, tree.description(), chunk_size=tree.CHUNK, max_layers=5)
    decided = plan(listing(store), NEVER, now=NOW + 2 * DAY, used=set())
    shards = decided.removed[0].shards
    raw = store.manifests[pushed.digest]

    def name(operation: str = "", _what: str = "") -> None:
        if operation in ("", "remove_tag"):
            store.before = lambda *_: None
            tag = tag_of(pushed.id, State.PROMOTED) if what == "promoted" else "pin-mine"
            store.put_manifest(tag, raw, INDEX)

    if when == "before":
        name()
    else:
        store.before = name

    prune(store, decided)

    assert len(shards) > 1
    assert set(shards) <= set(store.tags())


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
    assert [one.id for one in _staying(decided)] == [newest.id]


def test_tags_of_others_are_left_alone(store: MemoryStore, source: Path) -> None:
    pushed = push(source, store, tree.description(), chunk_size=tree.CHUNK)
    store.leading["v1.0"] = store.leading["snapshot-of-mine"] = pushed.digest

    assert [one.id for one in listing(store)] == [pushed.id]

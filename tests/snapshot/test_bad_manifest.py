"""One manifest that cannot be had keeps nobody from the other snapshots, and nothing that is in doubt is removed."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ethinfra.registry.client import RegistryRefused
from ethinfra.snapshot.access import open_store
from ethinfra.snapshot.compatibility import Expected
from ethinfra.snapshot.errors import FAILED, REGISTRY, InvalidSnapshot, NoUsableSnapshot, exit_code
from ethinfra.snapshot.layout_store import LayoutStore
from ethinfra.snapshot.listing import LATEST, Listed, State, listing, promoted, shard_tag, tag_of
from ethinfra.snapshot.manifest import MANIFEST
from ethinfra.snapshot.promote import pin, promote
from ethinfra.snapshot.push import Pushed, push
from ethinfra.snapshot.reader import glance
from ethinfra.snapshot.restore import restore_newest
from ethinfra.snapshot.retention import Plan, Policy, plan, prune, pushed_at
from ethinfra.snapshot.store import SnapshotStore, digest_of
from tests.registry.test_client import serving
from tests.snapshot import tree
from tests.snapshot.memory_store import MemoryStore


def _promoted(source: Path, store: SnapshotStore, *blocks: int, **options: int) -> list[Pushed]:
    made = []
    for block in blocks:
        made.append(push(source, store, tree.description(block), chunk_size=tree.CHUNK, **options))  # type: ignore[arg-type]
        promote(store, made[-1].id)
    return made


def _refuses(store: MemoryStore, *references: str, status: int = 500, answer: str = "UNKNOWN") -> None:
    """As a registry that cannot read a file of its own: whatever leads to that manifest or blob is answered with 500.
    `tags` stands for the list of tags."""

    def refuse(operation: str, what: str) -> None:
        if operation in ("digest", "manifest", "blob", "tags") and (what or operation) in references:
            raise RegistryRefused(f"HEAD {what}", status, answer)

    store.before = refuse


@pytest.mark.parametrize("damage", [lambda path: path.write_bytes(b"{}"), lambda path: path.unlink()])
def test_restore_takes_the_one_before_a_damaged_manifest(
    source: Path, volume: Path, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    store = LayoutStore(tmp_path / "layout")
    older, newer = _promoted(source, store, 100, 200)
    damage(tmp_path / "layout/blobs/sha256" / newer.digest.removeprefix("sha256:"))

    restored = restore_newest(store, volume, Expected())

    assert restored.marker.id == older.id
    assert list(restored.refusals) == [newer.id]


def _own(store: MemoryStore, pushed: Pushed, parent: Pushed) -> dict[str, str]:
    """What a snapshot needs and the one before does not."""
    document, before = (json.loads(store.manifests[one.digest]) for one in (pushed, parent))
    return {
        "manifest": tag_of(pushed.id, State.PROMOTED),
        "config": document["config"]["digest"],
        "chunk": next(one["digest"] for one in document["layers"] if one not in before["layers"]),
    }


@pytest.mark.parametrize("what", ["manifest", "config", "chunk"])
@pytest.mark.parametrize("status", [403, 404, 410, 500, 503])
def test_restore_takes_the_one_before_what_the_registry_does_not_give(
    store: MemoryStore, source: Path, volume: Path, what: str, status: int
) -> None:
    (older,) = _promoted(source, store, 100)
    tree.mutate(source, 1)
    (newer,) = _promoted(source, store, 200)
    _refuses(store, _own(store, newer, older)[what], status=status)

    restored = restore_newest(store, volume, Expected())

    assert restored.marker.id == older.id
    assert f"status {status}" in str(restored.refusals[newer.id])


@pytest.mark.parametrize(
    ("status", "answer"), [(401, "who are you"), (429, "too many"), (507, ""), (500, "no space left on device")]
)
def test_refusal_that_is_about_the_whole_registry_ends_a_restore(
    store: MemoryStore, source: Path, volume: Path, status: int, answer: str
) -> None:
    _, newer = _promoted(source, store, 100, 200)
    _refuses(store, tag_of(newer.id, State.PROMOTED), status=status, answer=answer)

    with pytest.raises(RegistryRefused):
        restore_newest(store, volume, Expected())


def test_registry_that_gives_no_snapshot_at_all_is_the_registrys_failure(
    store: MemoryStore, source: Path, volume: Path
) -> None:
    made = _promoted(source, store, 100, 200)
    _refuses(store, *(tag_of(one.id, State.PROMOTED) for one in made), status=403)

    with pytest.raises(NoUsableSnapshot) as refused:
        restore_newest(store, volume, Expected())

    assert exit_code(refused.value) == REGISTRY
    store.manifests[made[0].digest] = b"{}"
    _refuses(store, tag_of(made[1].id, State.PROMOTED), status=403)
    with pytest.raises(NoUsableSnapshot) as refused:
        restore_newest(store, volume, Expected())
    assert exit_code(refused.value) == FAILED


def test_registry_that_answers_nothing_any_more_ends_a_restore(store: MemoryStore, source: Path, volume: Path) -> None:
    _, newer = _promoted(source, store, 100, 200)
    wanted = tag_of(newer.id, State.PROMOTED)

    def fall_ill(operation: str, what: str) -> None:
        if what == wanted:
            _refuses(store, wanted, "tags")
            store.before(operation, what)

    store.before = fall_ill

    with pytest.raises(RegistryRefused, match=wanted):
        restore_newest(store, volume, Expected())


def test_registry_whose_bytes_have_another_digest_holds_a_damaged_snapshot() -> None:
    raw = b'{"schemaVersion": 2}'
    header = {"Docker-Content-Digest": digest_of(b"what was pushed"), "Content-Type": MANIFEST}
    with serving(lambda _: (200, header, raw)) as server, open_store(server.url, "a/b", patience=0) as store:
        for reference in ("latest", digest_of(b"what was pushed")):
            with pytest.raises(InvalidSnapshot) as refused:
                store.manifest(reference)

            assert refused.value.seen == digest_of(raw)


def test_damaged_manifest_is_named_and_the_others_are_listed(store: MemoryStore, source: Path) -> None:
    older, newer = _promoted(source, store, 100, 200)
    store.manifests[newer.digest] = b"{}"

    said = [glance(store, one) for one in listing(store)]

    assert [one.digest for one in said] == [older.digest, newer.digest]
    assert said[0].problem == ""
    assert "damaged" in said[1].problem


def test_manifest_that_the_registry_fails_to_give_hides_no_other(store: MemoryStore, source: Path) -> None:
    older, newer = _promoted(source, store, 100, 200)
    _refuses(store, tag_of(newer.id, State.PROMOTED), LATEST)

    listed = listing(store)

    assert [(one.id, one.digest) for one in listed] == [(older.id, older.digest), (newer.id, None)]
    assert "status 500" in glance(store, listed[1]).problem
    assert [one.id for one in promoted(store)] == [newer.id, older.id]


def test_nothing_is_removed_while_nobody_knows_what_latest_leads_to(store: MemoryStore, source: Path) -> None:
    _promoted(source, store, 100, 200)
    _refuses(store, LATEST)

    decided = plan(listing(store), Policy(0, timedelta()), now=tree.NOON + timedelta(days=9), used=set())

    assert decided.removed == []


def test_shards_stay_while_a_pin_leads_to_what_has_no_other_name(store: MemoryStore, source: Path) -> None:
    (pushed,) = _promoted(source, store, 100, max_layers=5)
    pin(store, LATEST, "kept")
    store.remove_tags(LATEST, tag_of(pushed.id, State.PROMOTED))

    decided = plan(listing(store), Policy(0, timedelta()), now=tree.NOON + timedelta(days=9), used=set())

    assert [(one.snapshot.state, one.keep) for one in decided.verdicts] == [(State.LEFTOVER, True)]


def _with_leftover(store: MemoryStore, source: Path) -> tuple[Pushed, Pushed]:
    """An old one, and what is left of a push: shards without a manifest."""
    old, _, left = _promoted(source, store, 100, 300, 200, max_layers=5)
    store.remove_tags(tag_of(left.id, State.PROMOTED))
    return old, left


def _decided(store: MemoryStore, listed: list[Listed]) -> Plan:
    now = datetime.now(UTC) + timedelta(days=9)
    return plan(listed, Policy(0, timedelta()), now=now, used=set(), pushed=pushed_at(store, listed))


def test_leftover_that_the_registry_fails_to_give_stays_and_keeps_nothing_else(
    store: MemoryStore, source: Path
) -> None:
    old, left = _with_leftover(store, source)
    _refuses(store, shard_tag(left.id, 0))

    decided = _decided(store, listing(store))
    removed = prune(store, decided)

    assert [one.id for one in removed] == [old.id]
    assert ["status 500" in one.reason for one in decided.verdicts if one.snapshot.id == left.id] == [True]


@pytest.mark.parametrize(("also", "status"), [((), 401), (("tags",), 500)])
def test_registry_that_fails_as_a_whole_ends_a_cleanup(
    store: MemoryStore, source: Path, also: tuple[str, ...], status: int
) -> None:
    _, left = _with_leftover(store, source)
    listed = listing(store)
    _refuses(store, shard_tag(left.id, 0), *also, status=status)

    with pytest.raises(RegistryRefused):
        _decided(store, listed)


def test_push_is_made_anew_where_the_registry_fails_to_give_what_has_its_id(store: MemoryStore, source: Path) -> None:
    first = push(source, store, tree.description(), chunk_size=tree.CHUNK)
    _refuses(store, first.tag)

    again = push(source, store, tree.description(), chunk_size=tree.CHUNK)

    assert again.read_bytes == again.bytes
    assert store.leading[first.tag] == again.digest


@pytest.mark.parametrize(("also", "status"), [((), 401), (("tags",), 500)])
def test_registry_that_fails_as_a_whole_ends_a_push(
    store: MemoryStore, source: Path, also: tuple[str, ...], status: int
) -> None:
    first = push(source, store, tree.description(), chunk_size=tree.CHUNK)
    _refuses(store, first.tag, *also, status=status)

    with pytest.raises(RegistryRefused, match=first.tag):
        push(source, store, tree.description(), chunk_size=tree.CHUNK)


@pytest.mark.parametrize("fault", ["damaged", "gone", "refused"])
def test_push_goes_on_without_a_parent_that_cannot_be_read(store: MemoryStore, source: Path, fault: str) -> None:
    (older,) = _promoted(source, store, 100)
    if fault == "damaged":
        store.manifests[older.digest] = b"{}"
    elif fault == "gone":
        del store.manifests[older.digest]
    else:
        _refuses(store, tag_of(older.id, State.PROMOTED))

    newer = push(source, store, tree.description(200), chunk_size=tree.CHUNK)

    assert newer.parent is None

"""Killed at every step, the registry away, the disk full: nothing half-done is ever visible, and a rerun finishes."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ethinfra.process import run
from ethinfra.registry.client import RegistryUnreachable
from ethinfra.snapshot import directory as directories
from ethinfra.snapshot import marker as markers
from ethinfra.snapshot import space
from ethinfra.snapshot.compatibility import Expected
from ethinfra.snapshot.errors import OutOfSpace
from ethinfra.snapshot.listing import LATEST, State, listing, promoted, tag_of
from ethinfra.snapshot.marker import read_marker
from ethinfra.snapshot.promote import fail, promote
from ethinfra.snapshot.push import push
from ethinfra.snapshot.restore import restore, restore_newest
from ethinfra.snapshot.retention import Policy, plan, prune
from ethinfra.snapshot.verify import verify
from tests.snapshot import tree
from tests.snapshot.memory_store import Killed, MemoryStore

CHUNK = tree.CHUNK


class Countdown:
    """Ends the process, as far as anybody can tell, at the n-th step."""

    def __init__(self, left: int) -> None:
        self.left = left

    def __call__(self, *_: object) -> None:
        self.left -= 1
        if self.left < 0:
            raise Killed


def _until_it_survives(attempt: Callable[[int], bool]) -> int:
    """Try with a kill at step 0, 1, 2 … until no step is left to be killed at; returns how many there were."""
    for step in range(500):
        if attempt(step):
            return step
    raise AssertionError("never finished")


def test_push_killed_at_any_step_shows_nothing_and_is_finished_by_the_next(source: Path, tmp_path: Path) -> None:
    older = tree.make(tmp_path / "older", seed=1)
    tree.mutate(source, seed=9)
    expected = tree.database_of(source)
    begun = MemoryStore()
    promote(begun, push(older, begun, tree.description(100), chunk_size=3 * CHUNK).id)

    def attempt(step: int) -> bool:
        store = begun.copy()
        store.before = Countdown(step)
        with contextlib.suppress(Killed):
            push(source, store, tree.description(200), workers=1, max_layers=9)
            return True
        store.before = lambda *_: None
        candidates = [one for one in listing(store) if one.state is State.CANDIDATE]
        assert not candidates or _restores(store, candidates[0].digest, tmp_path / f"whole-{step}") == expected
        pushed = push(source, store, tree.description(200), workers=1, max_layers=9)
        promote(store, pushed.id)
        assert _restores(store, LATEST, tmp_path / f"rerun-{step}") == expected
        return False

    assert _until_it_survives(attempt) > 15


def _restores(store: MemoryStore, reference: str | None, into: Path) -> dict[str, Any]:
    assert reference is not None
    into.mkdir()
    restore(store, reference, into, Expected())
    return tree.database_of(into)


def test_chunks_of_a_killed_push_are_not_sent_again(store: MemoryStore, source: Path) -> None:
    sent: list[str] = []

    def kill(operation: str, what: str) -> None:
        if operation == "put_blob":
            if len(sent) == 5:
                raise Killed
            sent.append(what)

    store.before = kill
    with pytest.raises(Killed):
        push(source, store, tree.description(), chunk_size=CHUNK, workers=1)
    store.before = lambda operation, what: sent.append(what) if operation == "put_blob" else None

    push(source, store, tree.description(), chunk_size=CHUNK, workers=1)

    assert len(sent) == len(set(sent))


def test_promotion_killed_at_any_step_leaves_latest_whole(source: Path) -> None:
    begun = MemoryStore()
    first = push(source, begun, tree.description(100), chunk_size=CHUNK)
    promote(begun, first.id)
    second = push(source, begun, tree.description(200))

    def attempt(step: int) -> bool:
        store = begun.copy()
        store.before = Countdown(step)
        with contextlib.suppress(Killed):
            promote(store, second.id)
            return True
        store.before = lambda *_: None
        assert store.digest(LATEST) in (first.digest, second.digest)
        promote(store, second.id)
        assert store.digest(LATEST) == second.digest
        assert [one.id for one in promoted(store)] == [second.id, first.id]
        assert store.digest(second.tag) is None
        return False

    assert _until_it_survives(attempt) > 4


def test_failed_proof_killed_at_any_step_never_promotes(source: Path) -> None:
    begun = MemoryStore()
    first = push(source, begun, tree.description(100), chunk_size=CHUNK)
    promote(begun, first.id)
    second = push(source, begun, tree.description(200))

    def attempt(step: int) -> bool:
        store = begun.copy()
        store.before = Countdown(step)
        with contextlib.suppress(Killed):
            fail(store, second.id)
            return True
        store.before = lambda *_: None
        fail(store, second.id)
        assert store.digest(LATEST) == first.digest
        assert {one.id: one.state for one in listing(store)} == {first.id: State.PROMOTED, second.id: State.FAILED}
        return False

    assert _until_it_survives(attempt) > 2


def test_pruning_killed_at_any_step_breaks_no_other(source: Path) -> None:
    """What it left of the removed one is removed by the next, although it is no snapshot any more."""

    begun = MemoryStore()
    for block in (100, 200, 300):
        promote(begun, push(source, begun, tree.description(block), chunk_size=4 * CHUNK, max_layers=4).id)
        tree.mutate(source, seed=block)

    def attempt(step: int) -> bool:
        store = begun.copy()
        policy = Policy(1, tree.NOON - tree.NOON)
        store.before = Countdown(step)
        later = tree.NOON.replace(year=2027)
        with contextlib.suppress(Killed):
            prune(store, plan(listing(store), policy, now=later, used=set()))
            return True
        store.before = lambda *_: None
        store.collect_garbage()
        for one in promoted(store):
            assert verify(store, tag_of(one.id, State.PROMOTED)).problems == ()
        prune(store, plan(listing(store), policy, now=later, used=set()))
        left = listing(store)
        assert [one.id[:10] for one in left] == ["0000000300"]
        assert {tag for tag in store.leading if tag != LATEST} == set(left[0].tags)
        return False

    assert _until_it_survives(attempt) > 6


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Callable[..., None]], None]]:
    """Calls a function before everything that a restore does to a file system."""
    before: list[Callable[..., None]] = [lambda *_: None]

    def watched(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **more: Any) -> Any:
            before[0]()
            return function(*arguments, **more)

        return call

    for name in ("fsync", "ftruncate", "fchmod", "pwrite"):
        monkeypatch.setattr(os, name, watched(getattr(os, name)))
    for name in ("mkdir", "unlink", "replace", "rmdir"):
        monkeypatch.setattr(Path, name, watched(getattr(Path, name)))

    def use(call: Callable[..., None]) -> None:
        before[0] = call

    yield use
    use(lambda *_: None)


@pytest.mark.parametrize("into", ["an empty directory", "an older copy"])
def test_restore_killed_at_any_step_has_no_marker_and_is_finished_by_the_next(
    source: Path, tmp_path: Path, steps: Callable[[Callable[..., None]], None], into: str
) -> None:
    store = MemoryStore()
    older = push(source, store, tree.description(100), chunk_size=3 * CHUNK)
    promote(store, older.id)
    before = tree.database_of(source)
    tree.mutate(source, seed=2)
    newer = push(source, store, tree.description(200))
    expected = tree.database_of(source)
    over = into == "an older copy"

    def attempt(step: int) -> bool:
        volume = tmp_path / f"volume-{step}"
        steps(lambda *_: None)
        volume.mkdir()
        if over:
            restore_newest(store, volume, Expected())
        else:
            promote(store, newer.id)
        promote(store, newer.id)
        try:
            steps(Countdown(step))
            restore_newest(store, volume, Expected(), over=over, workers=1)
        except Killed:
            steps(lambda *_: None)
        else:
            return True
        marker = read_marker(volume)
        if marker is not None:
            # Then it is whole: the new one, or the old one because nothing was touched yet.
            assert tree.database_of(volume) == (expected if marker.digest == newer.digest else before)
        restored = restore_newest(store, volume, Expected(), over=over)
        assert restored.marker.digest == newer.digest
        assert tree.database_of(volume) == expected
        assert not (volume / markers.WORK).exists()
        if over:
            store.leading[tag_of(newer.id, State.CANDIDATE)] = newer.digest
            del store.leading[tag_of(newer.id, State.PROMOTED)]
            store.leading[LATEST] = older.digest
        return False

    assert _until_it_survives(attempt) > 30


def test_resumed_restore_fetches_only_what_is_missing(store: MemoryStore, source: Path, volume: Path) -> None:
    pushed = push(source, store, tree.description(), chunk_size=CHUNK)
    promote(store, pushed.id)
    fetched = Countdown(12)
    store.before = lambda operation, _what: fetched() if operation == "blob" else None
    with pytest.raises(Killed):
        restore_newest(store, volume, Expected(), workers=1)
    store.before = lambda *_: None

    restored = restore_newest(store, volume, Expected())

    assert restored.counts.kept >= 10
    assert tree.database_of(volume) == tree.database_of(source)


def test_restore_goes_on_when_the_registry_is_back(store: MemoryStore, source: Path, volume: Path) -> None:
    """A registry that is away says nothing about the snapshot: no older one is taken for it."""
    for block in (100, 200):
        promote(store, push(source, store, tree.description(block), chunk_size=CHUNK).id)
    answers = [5]

    def away(operation: str, _what: str) -> None:
        if operation == "blob":
            answers[0] -= 1
            if answers[0] < 0:
                raise RegistryUnreachable("no answer from the registry")

    store.before = away
    with pytest.raises(RegistryUnreachable):
        restore_newest(store, volume, Expected())
    assert read_marker(volume) is None
    store.before = lambda *_: None

    restored = restore_newest(store, volume, Expected())

    assert restored.marker.block_number == 200
    assert restored.counts.kept > 0


def test_restore_that_does_not_fit_writes_nothing(
    store: MemoryStore, source: Path, volume: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    promote(store, push(source, store, tree.description(), chunk_size=CHUNK).id)
    real = os.statvfs(volume)

    class Full:
        f_bavail, f_frsize = 3, real.f_frsize

    monkeypatch.setattr(os, "statvfs", lambda _: Full)

    with pytest.raises(OutOfSpace) as refused:
        restore_newest(store, volume, Expected())

    assert refused.value.free == 3 * real.f_frsize
    assert not (volume / "geth").exists()
    assert read_marker(volume) is None


def test_disk_that_fills_up_ends_the_restore_clearly(
    store: MemoryStore, source: Path, volume: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else wrote to it meanwhile. With room again, it goes on."""
    promote(store, push(source, store, tree.description(), chunk_size=CHUNK).id)
    write = directories.Target.write
    left = [4]

    def full(target: directories.Target, data: bytes, offset: int) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(28, "No space left on device")
        write(target, data, offset)

    monkeypatch.setattr(directories.Target, "write", full)
    with pytest.raises(OutOfSpace) as refused:
        restore_newest(store, volume, Expected())
    assert str(volume) in str(refused.value)
    assert read_marker(volume) is None
    monkeypatch.undo()

    restored = restore_newest(store, volume, Expected())

    assert restored.counts.kept >= 4
    assert tree.database_of(volume) == tree.database_of(source)


@pytest.mark.live
def test_full_file_system_ends_the_restore_clearly(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A real one, as root. The check before the first write is taken away: somebody else fills it meanwhile."""
    store = MemoryStore()
    promote(store, push(source, store, tree.description(), chunk_size=CHUNK).id)
    place = tmp_path / "small"
    place.mkdir()
    run(["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", place])
    try:
        monkeypatch.setattr(space, "must_fit", lambda *_, **__: None)
        with pytest.raises(OutOfSpace):
            restore_newest(store, place, Expected())
        assert read_marker(place) is None
        run(["mount", "-o", "remount,size=16m", place])
        restored = restore_newest(store, place, Expected())
        assert restored.counts.kept > 0
        assert tree.database_of(place) == tree.database_of(source)
    finally:
        run(["umount", place])


def test_nothing_stays_open_after_a_failure(store: MemoryStore, source: Path, volume: Path) -> None:
    """A job tries again in the same process, and unmounts the volume afterwards."""
    promote(store, push(source, store, tree.description(), chunk_size=CHUNK).id)
    before = set(os.listdir("/proc/self/fd"))  # noqa: PTH208
    store.before = Countdown(25)

    with pytest.raises(Killed):
        restore_newest(store, volume, Expected())
    with pytest.raises(Killed):
        push(source, store, tree.description(200))

    assert set(os.listdir("/proc/self/fd")) == before  # noqa: PTH208

"""Replicas that restore through one chunk cache: each chunk is fetched once, and shared where the file system can."""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ethinfra.snapshot import assembly
from ethinfra.snapshot.cache import ChunkCache
from ethinfra.snapshot.compatibility import Expected
from ethinfra.snapshot.errors import OutOfSpace
from ethinfra.snapshot.marker import read_marker
from ethinfra.snapshot.reader import read_snapshot
from ethinfra.snapshot.reflink import reflink_file, share
from ethinfra.snapshot.restore import restore_newest
from tests.snapshot import tree
from tests.snapshot.cached import MEGABYTE, Restores
from tests.snapshot.memory_store import MemoryStore
from tests.snapshot.stored import push_promoted


def test_second_replica_fetches_nothing(restores: Restores) -> None:
    restores.replica("first")
    restores.store.asked.clear()

    restores.replica("second")

    assert restores.restored.counts.fetched == 0
    assert restores.store.asked["blob"] == 1  # the config


def test_two_replicas_at_once_fetch_each_chunk_once(restores: Restores) -> None:
    volumes = [restores.top / "one", restores.top / "other"]
    fetched = []

    def work(volume: Path) -> None:
        volume.mkdir()
        cache = ChunkCache(restores.cache.directory, restores.cache.limit)
        fetched.append(restore_newest(restores.store, volume, Expected(), cache=cache).counts.fetched)

    threads = [threading.Thread(target=work, args=(volume,)) for volume in volumes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(fetched) == restores.cache.usage().chunks
    assert all(tree.database_of(volume) == tree.database_of(restores.source) for volume in volumes)


def _blocks(*places: Path) -> int:
    found = 0
    for path in (path for place in places for path in place.rglob("*") if path.is_file()):
        with contextlib.suppress(FileNotFoundError):  # a partial file that got its name meanwhile
            found += path.lstat().st_blocks * 512
    return found


@pytest.mark.parametrize("spare", [0, 20])
def test_cache_beside_the_data_leaves_it_the_room(
    restores: Restores, monkeypatch: pytest.MonkeyPatch, spare: int
) -> None:
    """On one file system that shares no blocks, each chunk is there twice. spare: chunks that fit beside the data"""
    config = read_snapshot(restores.store, "latest").config
    room = config.size + 2 * 4096 * len(config.files) + spare * tree.CHUNK
    places = (restores.top / "first", restores.cache.directory)
    least = [room]

    class Status:
        def __init__(self, _: Path) -> None:
            self.f_frsize, self.f_bavail = 1, room - _blocks(*places)
            least.append(self.f_bavail)

    monkeypatch.setattr(os, "statvfs", Status)
    monkeypatch.setattr(assembly, "can_reflink", lambda *_: False)

    places[0].mkdir()
    restored = restore_newest(restores.store, places[0], Expected(), cache=restores.cache, workers=2)

    assert restored.done
    assert _blocks(*places) <= room
    assert min(least) >= 0
    assert restores.cache.usage().chunks >= spare / 2


def test_room_is_not_counted_twice_for_what_is_in_the_directory_and_in_the_cache(
    restores: Restores, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old files and their chunks in the cache are the same bytes: neither makes room for a new file."""
    volume = restores.replica("volume")
    before = tree.database_of(volume)
    size = 100 * tree.CHUNK
    tree.write(restores.source / "geth/chaindata/900000.sst", os.urandom(size))
    push_promoted(restores.source, restores.store, 200)

    class Status:
        f_frsize, f_bavail = 1, size

    monkeypatch.setattr(os, "statvfs", lambda _: Status)
    monkeypatch.setattr(assembly, "can_reflink", lambda *_: True)

    with pytest.raises(OutOfSpace):
        restore_newest(restores.store, volume, Expected(), over=True, cache=restores.cache)

    assert tree.database_of(volume) == before
    assert read_marker(volume) is not None


@pytest.fixture
def xfs(tmp_path: Path) -> Iterator[Path]:
    """A file system that shares blocks, in a file of this one."""
    image, place = tmp_path / "xfs.img", tmp_path / "xfs"
    with image.open("wb") as file:
        file.truncate(320 * MEGABYTE)
    subprocess.run(["mkfs.xfs", "-q", "-m", "reflink=1", image], check=True)
    place.mkdir()
    subprocess.run(["mount", "-o", "loop", image, place], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", place], check=True)


@pytest.mark.live
def test_second_replica_shares_blocks_on_xfs(store: MemoryStore, source: Path, xfs: Path) -> None:
    """As root: a file system is mounted."""
    (xfs / "cache").mkdir()
    restores = Restores(store, source, xfs, ChunkCache(xfs / "cache", 100 * MEGABYTE))
    restores.replica("first")
    taken = os.statvfs(xfs).f_bfree

    second = restores.replica("second")

    assert restores.restored.counts.shared > 10
    assert restores.restored.counts.copied == 0
    assert (taken - os.statvfs(xfs).f_bfree) * 4096 < restores.restored.bytes / 2
    with (second / "geth/chaindata/ancient/chain/bodies.0000.cdat").open("r+b") as freezer:
        freezer.write(b"the client goes on")
    assert restores.cache.scrub().bad == ()
    assert reflink_file(second / "geth/chaindata/CURRENT", xfs / "copy")


def test_sharing_is_refused_between_file_systems(tmp_path: Path) -> None:
    """/proc has files that share with nothing; the caller copies instead."""
    with Path("/proc/self/status").open("rb") as source, (tmp_path / "target").open("wb") as target:
        assert not share(source.fileno(), target.fileno(), 0)

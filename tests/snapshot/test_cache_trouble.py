"""Nothing that is wrong with the chunk cache ends a restore, and what is damaged is never used."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import time
from pathlib import Path

import pytest

from ethinfra.snapshot import assembly
from ethinfra.snapshot import cache as caches
from ethinfra.snapshot.cache import ChunkCache
from ethinfra.snapshot.chunks import Data
from ethinfra.snapshot.compatibility import Expected
from ethinfra.snapshot.errors import NoUsableSnapshot
from ethinfra.snapshot.promote import promote
from ethinfra.snapshot.push import push
from ethinfra.snapshot.reflink import can_reflink
from ethinfra.snapshot.restore import restore_newest
from tests.snapshot import cached, tree
from tests.snapshot.cached import MEGABYTE, Restores
from tests.snapshot.memory_store import MemoryStore
from tests.snapshot.nobody import NOBODY, as_nobody, give


def test_fetch_that_fails_leaves_nothing_and_the_next_one_tries(cache: ChunkCache) -> None:
    def fail() -> Data:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        cache.take(cached.digest(b"chunk"), 5, fail)

    assert not list(cache.directory.glob("??/*"))
    assert cached.take(cache, b"chunk")


def test_entry_that_is_not_whole_is_fetched_again(cache: ChunkCache) -> None:
    cached.take(cache, b"chunk")
    path = cached.entry(cache, b"chunk")
    path.unlink()
    path.write_bytes(b"chu")

    assert cached.take(cache, b"chunk")


@pytest.mark.parametrize("step", ["pwrite", "rename", "fchmod", "utime"])
def test_fetch_that_is_killed_does_not_keep_the_next_from_the_chunk(tmp_path: Path, step: str) -> None:
    """Whoever is killed cleans up nothing."""
    (tmp_path / "cache").mkdir()
    give(tmp_path / "cache")

    def killed() -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, step, lambda *_, **__: os._exit(0))
            cached.take(ChunkCache(Path("cache"), MEGABYTE), b"chunk")
        raise AssertionError("not killed")

    def goes_on() -> None:
        cache = ChunkCache(Path("cache"), MEGABYTE)
        cached.take(cache, b"chunk")
        assert not cached.take(cache, b"chunk")
        assert cache.scrub().bad == ()

    assert as_nobody(tmp_path, killed) == ""
    assert as_nobody(tmp_path, goes_on) == ""


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EROFS, errno.EIO], ids=errno.errorcode.__getitem__)
def test_cache_that_cannot_be_written_to_is_passed_by(
    restores: Restores, monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    def fail(*_: object) -> None:
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr(ChunkCache, "_write", fail)

    restores.replica("first")

    assert restores.cache.usage().chunks == 0
    assert not list(restores.cache.directory.glob("??/*"))


def test_entry_that_was_flipped_on_disk_is_found_and_fetched_again(restores: Restores) -> None:
    """Somebody wrote to it: its time tells, so it is read and compared before it is used."""
    restores.replica("first")
    path = next(path for path in restores.cache.directory.glob("??/*") if path.stat().st_size == tree.CHUNK)
    path.chmod(0o644)
    raw = bytearray(path.read_bytes())
    raw[100] ^= 1
    path.write_bytes(raw)

    restores.replica("second")

    assert restores.restored.counts.fetched == 1
    assert hashlib.sha256(path.read_bytes()).hexdigest() == path.name


def test_flip_that_left_no_trace_is_found_where_bytes_are_copied(restores: Restores) -> None:
    """A disk's own error. Where blocks are shared instead, nobody reads them: that is what `scrub` is for."""
    restores.replica("first")
    path = next(path for path in restores.cache.directory.glob("??/*") if path.stat().st_size == tree.CHUNK)
    times = path.stat()
    path.chmod(0o644)
    path.write_bytes(bytes(tree.CHUNK - 1) + b"x")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    if can_reflink(restores.top):
        assert restores.cache.scrub().bad == (path.name,)

    restores.replica("second")

    assert restores.restored.counts.fetched == 1


@pytest.mark.parametrize("how", cached.DAMAGE)
def test_bad_entry_is_replaced(restores: Restores, how: str) -> None:
    """But for a folder, which is left to whoever made it."""
    restores.replica("first")
    path = cached.damage(restores.cache, how)

    restores.replica("second")

    assert restores.restored.counts.fetched == 1
    assert path.is_dir() if how == "folder" else hashlib.sha256(path.read_bytes()).hexdigest() == path.name


@pytest.mark.parametrize("how", cached.DAMAGE)
def test_bad_entry_of_a_cache_that_may_only_be_read_is_passed_by(
    store: MemoryStore, source: Path, tmp_path: Path, cache: ChunkCache, how: str
) -> None:
    """Its chunk is fetched, and the others are taken."""
    promote(store, push(source, store, tree.description(owner=NOBODY), chunk_size=tree.CHUNK).id)
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    restore_newest(store, tmp_path / "first", Expected(), cache=cache)
    cached.damage(cache, how)
    give(tmp_path / "second")

    def work() -> None:
        restored = restore_newest(store, Path("second"), Expected(), cache=ChunkCache(Path("cache"), cache.limit))
        assert restored.counts.fetched == 1

    assert as_nobody(tmp_path, work) == ""
    assert tree.database_of(tmp_path / "second") == tree.database_of(source)


def test_entry_that_the_disk_cannot_read_is_fetched(restores: Restores, monkeypatch: pytest.MonkeyPatch) -> None:
    restores.replica("first")
    path = next(path for path in restores.cache.directory.glob("??/*") if path.stat().st_size == tree.CHUNK)
    inode, read = path.stat().st_ino, os.preadv

    def preadv(descriptor: int, buffers: list[memoryview], offset: int) -> int:
        if os.fstat(descriptor).st_ino == inode:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return read(descriptor, buffers, offset)

    monkeypatch.setattr(os, "preadv", preadv)

    restores.replica("second")

    assert restores.restored.counts.fetched == 1


def test_entry_whose_blocks_cannot_be_shared_is_copied(restores: Restores, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk's error, not the target's full disk, which ends the restore."""

    def fail(*_: object) -> bool:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(assembly, "can_reflink", lambda *_: True)
    monkeypatch.setattr(assembly, "share", fail)

    restores.replica("first")

    assert restores.restored.counts.shared == 0


def test_damaged_chunk_from_the_store_never_enters_the_cache(restores: Restores) -> None:
    for digest, data in restores.store.blobs.items():
        if not data.startswith(b'{"schemaVersion"'):
            restores.store.blobs[digest] = bytes(len(data))
    volume = restores.top / "volume"
    volume.mkdir()

    with pytest.raises(NoUsableSnapshot):
        restore_newest(restores.store, volume, Expected(), cache=restores.cache)

    assert restores.cache.usage().chunks == 0


def test_scrub_removes_what_is_damaged_and_what_was_left(cache: ChunkCache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caches, "_PARTIAL_FOR", 0)
    cached.take(cache, b"good")
    cached.take(cache, b"bad!")
    path = cached.entry(cache, b"bad!")
    stamp = path.stat()
    path.chmod(0o644)
    path.write_bytes(b"bad?")
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    left = path.with_name("0" * 64 + ".partial")
    left.write_bytes(b"half")

    scrubbed = cache.scrub()

    assert scrubbed.bad == (cached.digest(b"bad!").hex(),)
    assert scrubbed.checked == 2
    assert not left.exists()
    assert not path.exists()
    assert not cached.take(cache, b"good")


def test_scrub_is_no_use_of_a_chunk(cache: ChunkCache) -> None:
    """It reads every entry, and a file system notes that; what was not used for longest goes first all the same."""
    cached.take(cache, b"old")
    cached.take(cache, b"new")
    old, new = cached.entry(cache, b"old"), cached.entry(cache, b"new")
    before = time.time_ns() - 2 * 86400 * 10**9
    os.utime(old, ns=(before, old.stat().st_mtime_ns))
    used = new.stat().st_atime_ns

    for _ in range(2):
        assert cache.scrub().bad == ()

    assert [old.stat().st_atime_ns, new.stat().st_atime_ns] == [before, used]
    assert not cached.take(cache, b"old")


def test_scrub_is_not_ended_by_what_a_fetch_left(
    cache: ChunkCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither by one that may only be read, nor by one that somebody else owns."""
    cached.take(cache, b"chunk")
    folder = cached.entry(cache, b"chunk").parent
    mine, locked, alien = (folder / f"{digit * 64}.partial" for digit in "012")
    for path, mode in ((mine, 0o444), (locked, 0o444), (alien, 0o600)):
        path.touch(mode)
        os.utime(path, (0, 0))
    give(cache.directory)
    os.chown(alien, 0, 0)

    def scrub() -> None:
        assert ChunkCache(Path("cache"), MEGABYTE).scrub().checked == 1

    assert as_nobody(tmp_path, scrub) == ""
    assert mine.exists()  # its modification time says nothing about its age
    monkeypatch.setattr(caches, "_PARTIAL_FOR", 0)
    with locked.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert as_nobody(tmp_path, scrub) == ""
    assert [mine.exists(), locked.exists(), alien.exists()] == [False, True, True]


@pytest.mark.parametrize("how", cached.DAMAGE)
def test_scrub_goes_on_after_a_bad_entry(cache: ChunkCache, tmp_path: Path, how: str) -> None:
    """Also where it may not remove it."""
    for number in range(3):
        cached.take(cache, bytes([number]) * tree.CHUNK)
    path = cached.damage(cache, how)

    def work() -> None:
        assert ChunkCache(Path("cache"), cache.limit).scrub().bad == (path.name,)

    assert as_nobody(tmp_path, work) == ""
    assert cache.scrub().bad == (path.name,)
    assert os.path.lexists(path) == (how == "folder")

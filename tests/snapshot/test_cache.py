"""The chunk cache: fetched once, checked always, shared where the file system can."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ethinfra.errors import BadInput
from ethinfra.snapshot import assembly
from ethinfra.snapshot import cache as caches
from ethinfra.snapshot.cache import ChunkCache, Taken
from ethinfra.snapshot.chunks import Data
from ethinfra.snapshot.compatibility import Expected
from ethinfra.snapshot.promote import promote
from ethinfra.snapshot.push import push
from ethinfra.snapshot.reader import read_snapshot
from ethinfra.snapshot.reflink import can_reflink, reflink_file, share
from ethinfra.snapshot.restore import restore_newest
from ethinfra.waiting import eventually
from tests.snapshot import tree
from tests.snapshot.memory_store import MemoryStore
from tests.snapshot.nobody import NOBODY, as_nobody, give

MEGABYTE = 1 << 20


def _digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


@pytest.fixture
def cache(tmp_path: Path) -> ChunkCache:
    (tmp_path / "cache").mkdir()
    return ChunkCache(tmp_path / "cache", 100 * MEGABYTE)


def _entry(cache: ChunkCache, raw: bytes) -> Path:
    return cache.directory / raw.hex()[:2] / raw.hex()


def _take(cache: ChunkCache, data: bytes) -> bool:
    """Whether it had to be fetched."""
    fetched = []

    def fetch() -> Data:
        fetched.append(data)
        return data

    with cache.take(_digest(data), len(data), fetch) as taken:
        assert taken.descriptor is not None
        assert os.pread(taken.descriptor, len(data), 0) == data
    return bool(fetched)


def test_chunk_is_fetched_once_and_nobody_may_write_to_it(cache: ChunkCache) -> None:
    assert _take(cache, b"chunk")
    assert not _take(cache, b"chunk")

    assert _entry(cache, _digest(b"chunk")).stat().st_mode & 0o777 == 0o444
    assert not list(cache.directory.glob("??/*.partial"))


def test_many_that_want_one_chunk_fetch_it_once(cache: ChunkCache, monkeypatch: pytest.MonkeyPatch) -> None:
    """Replicas that start at the same time on one machine. Each has looked for it before it is there."""
    fetched = []
    other = ChunkCache(cache.directory, cache.limit)
    find, missed = ChunkCache._find, set()

    def watched(self: ChunkCache, raw: bytes, size: int) -> Taken | None:
        found = find(self, raw, size)
        if found is None:
            missed.add(threading.get_ident())
        return found

    monkeypatch.setattr(ChunkCache, "_find", watched)

    def fetch() -> Data:
        fetched.append(1)
        eventually("all miss it", lambda: len(missed) == len(threads), within=10, every=0.01)
        return b"chunk"

    def want(one: ChunkCache) -> None:
        with one.take(_digest(b"chunk"), 5, fetch) as taken:
            assert os.pread(taken.descriptor or -1, 5, 0) == b"chunk"

    threads = [threading.Thread(target=want, args=(one,)) for one in (cache, other) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(fetched) == 1


def test_fetch_that_fails_leaves_nothing_and_the_next_one_tries(cache: ChunkCache) -> None:
    def fail() -> Data:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        cache.take(_digest(b"chunk"), 5, fail)

    assert not list(cache.directory.glob("??/*"))
    assert _take(cache, b"chunk")


def test_entry_that_is_not_whole_is_fetched_again(cache: ChunkCache) -> None:
    _take(cache, b"chunk")
    path = _entry(cache, _digest(b"chunk"))
    path.unlink()
    path.write_bytes(b"chu")

    assert _take(cache, b"chunk")


def test_used_least_goes_first_when_the_limit_is_reached(tmp_path: Path) -> None:
    cache = ChunkCache(tmp_path, 10 * MEGABYTE)
    chunks = [bytes([number]) * MEGABYTE for number in range(10)]
    for number, chunk in enumerate(chunks):
        _take(cache, chunk)
        os.utime(_entry(cache, _digest(chunk)), ns=(number, _entry(cache, _digest(chunk)).stat().st_mtime_ns))
    _take(cache, chunks[0])

    _take(cache, b"new" * MEGABYTE)

    assert cache.usage().bytes <= 10 * MEGABYTE
    assert cache.holds(_digest(chunks[0]), MEGABYTE)
    assert not cache.holds(_digest(chunks[1]), MEGABYTE)
    assert cache.holds(_digest(b"new" * MEGABYTE), 3 * MEGABYTE)


def test_many_threads_of_a_restore_that_is_larger_than_the_limit(tmp_path: Path) -> None:
    """Each makes room, and so removes what another one is about to look at."""
    cache = ChunkCache(tmp_path, 20 * 4096)
    failures: list[BaseException] = []

    def work(seed: int) -> None:
        try:
            for number in range(100):
                _take(cache, f"{seed} {number}".encode().ljust(4096))
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert not failures
    assert 0 < cache.usage().bytes <= cache.limit


def test_chunk_that_another_thread_is_writing_takes_its_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is no entry yet when the others are counted."""
    cache = ChunkCache(tmp_path, 3 * 4096)
    write, others = ChunkCache._write, [b"2", b"3", b"4"]

    def slowly(self: ChunkCache, raw: bytes, partial: int, data: Data) -> None:
        mine, others[:] = others[:], []
        for one in mine:
            _take(cache, one.ljust(4096))
        write(self, raw, partial, data)

    monkeypatch.setattr(ChunkCache, "_write", slowly)

    _take(cache, b"1".ljust(4096))

    assert 0 < cache.usage().bytes <= cache.limit


def test_entry_that_goes_while_all_are_counted_is_not_counted(
    cache: ChunkCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    _take(cache, b"chunk")
    entries = ChunkCache._entries

    def vanish(self: ChunkCache) -> Iterator[os.DirEntry[str]]:
        for entry in entries(self):
            Path(entry.path).unlink()
            yield entry

    monkeypatch.setattr(ChunkCache, "_entries", vanish)

    assert cache.evict(cache.limit) == 0
    assert cache.usage().chunks == 0


def test_restores_that_share_a_cache_share_its_limit(tmp_path: Path) -> None:
    """Each is a process of its own, and none knows what the others add before it looks."""
    caches = [ChunkCache(tmp_path, 20 * 4096) for _ in range(3)]

    for number in range(30):
        for which, cache in enumerate(caches):
            _take(cache, f"{which} {number}".encode().ljust(4096))
            assert cache.usage().bytes <= cache.limit


def test_one_process_evicts_at_a_time(cache: ChunkCache) -> None:
    _take(cache, b"chunk")
    held = os.open(cache.directory, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    other = threading.Thread(target=cache.evict, args=(cache.limit,))

    other.start()
    other.join(0.1)
    waited = other.is_alive() and cache.usage().chunks == 1
    os.close(held)
    other.join()

    assert waited
    assert cache.usage().chunks == 0


def test_chunk_above_the_limit_is_not_kept(tmp_path: Path) -> None:
    cache = ChunkCache(tmp_path, 10)
    _take(cache, b"chunk")

    with cache.take(_digest(b"more than that"), 14, lambda: b"more than that") as taken:
        assert taken.data == b"more than that"

    assert cache.usage().bytes <= 10


def test_scrub_removes_what_is_damaged_and_what_was_left(cache: ChunkCache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caches, "_PARTIAL_FOR", 0)
    _take(cache, b"good")
    _take(cache, b"bad!")
    path = _entry(cache, _digest(b"bad!"))
    stamp = path.stat()
    path.chmod(0o644)
    path.write_bytes(b"bad?")
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    left = path.with_name("0" * 64 + ".partial")
    left.write_bytes(b"half")

    scrubbed = cache.scrub()

    assert scrubbed.bad == (_digest(b"bad!").hex(),)
    assert scrubbed.checked == 2
    assert not left.exists()
    assert not path.exists()
    assert not _take(cache, b"good")


@pytest.mark.parametrize("step", ["pwrite", "rename", "fchmod", "utime"])
def test_fetch_that_is_killed_does_not_keep_the_next_from_the_chunk(tmp_path: Path, step: str) -> None:
    """Whoever is killed cleans up nothing."""
    (tmp_path / "cache").mkdir()
    give(tmp_path / "cache")

    def killed() -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, step, lambda *_, **__: os._exit(0))
            _take(ChunkCache(Path("cache"), MEGABYTE), b"chunk")
        raise AssertionError("not killed")

    def goes_on() -> None:
        cache = ChunkCache(Path("cache"), MEGABYTE)
        _take(cache, b"chunk")
        assert not _take(cache, b"chunk")
        assert cache.scrub().bad == ()

    assert as_nobody(tmp_path, killed) == ""
    assert as_nobody(tmp_path, goes_on) == ""


def test_scrub_is_not_ended_by_what_a_fetch_left(
    cache: ChunkCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither by one that may only be read, nor by one that somebody else owns."""
    _take(cache, b"chunk")
    folder = _entry(cache, _digest(b"chunk")).parent
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


def test_limit_and_directory_are_checked(tmp_path: Path) -> None:
    with pytest.raises(BadInput):
        ChunkCache(tmp_path, 0)
    with pytest.raises(BadInput):
        ChunkCache(tmp_path / "absent", 1)


class Restores:
    """A promoted snapshot, and replicas on one machine that restore it."""

    def __init__(self, store: MemoryStore, source: Path, top: Path, cache: ChunkCache) -> None:
        self.store, self.source, self.top, self.cache = store, source, top, cache
        promote(store, push(source, store, tree.description(), chunk_size=tree.CHUNK).id)

    def replica(self, name: str) -> Path:
        volume = self.top / name
        volume.mkdir()
        self.restored = restore_newest(self.store, volume, Expected(), cache=self.cache)
        assert tree.database_of(volume) == tree.database_of(self.source)
        return volume


@pytest.fixture
def restores(store: MemoryStore, source: Path, tmp_path: Path, cache: ChunkCache) -> Restores:
    return Restores(store, source, tmp_path, cache)


def test_second_replica_fetches_nothing(restores: Restores) -> None:
    restores.replica("first")
    restores.store.asked.clear()

    restores.replica("second")

    assert restores.restored.counts.fetched == 0
    assert restores.store.asked["blob"] == 1  # the config


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


DAMAGE: dict[str, Callable[[Path], object]] = {
    "other bytes": lambda path: path.write_bytes(bytes(tree.CHUNK - 1) + b"x"),
    "too short": lambda path: path.write_bytes(b"short"),
    "link": lambda path: path.symlink_to("/nonexistent"),
    "pipe": os.mkfifo,
    "folder": Path.mkdir,
}


def _damage(cache: ChunkCache, how: str) -> Path:
    path = next(path for path in cache.directory.glob("??/*") if path.stat().st_size == tree.CHUNK)
    path.unlink()
    DAMAGE[how](path)
    return path


@pytest.mark.parametrize("how", DAMAGE)
def test_bad_entry_is_replaced(restores: Restores, how: str) -> None:
    """But for a folder, which is left to whoever made it."""
    restores.replica("first")
    path = _damage(restores.cache, how)

    restores.replica("second")

    assert restores.restored.counts.fetched == 1
    assert path.is_dir() if how == "folder" else hashlib.sha256(path.read_bytes()).hexdigest() == path.name


@pytest.mark.parametrize("how", DAMAGE)
def test_bad_entry_of_a_cache_that_may_only_be_read_is_passed_by(
    store: MemoryStore, source: Path, tmp_path: Path, cache: ChunkCache, how: str
) -> None:
    """Its chunk is fetched, and the others are taken."""
    promote(store, push(source, store, tree.description(owner=NOBODY), chunk_size=tree.CHUNK).id)
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    restore_newest(store, tmp_path / "first", Expected(), cache=cache)
    _damage(cache, how)
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


@pytest.mark.parametrize("how", DAMAGE)
def test_scrub_goes_on_after_a_bad_entry(cache: ChunkCache, tmp_path: Path, how: str) -> None:
    """Also where it may not remove it."""
    for number in range(3):
        _take(cache, bytes([number]) * tree.CHUNK)
    path = _damage(cache, how)

    def work() -> None:
        assert ChunkCache(Path("cache"), cache.limit).scrub().bad == (path.name,)

    assert as_nobody(tmp_path, work) == ""
    assert cache.scrub().bad == (path.name,)
    assert os.path.lexists(path) == (how == "folder")


def test_damaged_chunk_from_the_store_never_enters_the_cache(restores: Restores) -> None:
    from ethinfra.snapshot.errors import NoUsableSnapshot

    for digest, data in restores.store.blobs.items():
        if not data.startswith(b'{"schemaVersion"'):
            restores.store.blobs[digest] = bytes(len(data))
    volume = restores.top / "volume"
    volume.mkdir()

    with pytest.raises(NoUsableSnapshot):
        restore_newest(restores.store, volume, Expected(), cache=restores.cache)

    assert restores.cache.usage().chunks == 0


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

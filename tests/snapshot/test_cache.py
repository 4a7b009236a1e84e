"""The chunk cache: fetched once, checked always, never above its limit."""

from __future__ import annotations

import fcntl
import os
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ethinfra.errors import BadInput
from ethinfra.snapshot.cache import ChunkCache, Taken
from ethinfra.snapshot.chunks import Data
from ethinfra.waiting import eventually
from tests.snapshot import cached
from tests.snapshot.cached import MEGABYTE


def test_chunk_is_fetched_once_and_nobody_may_write_to_it(cache: ChunkCache) -> None:
    assert cached.take(cache, b"chunk")
    assert not cached.take(cache, b"chunk")

    assert cached.entry(cache, b"chunk").stat().st_mode & 0o777 == 0o444
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
        with one.take(cached.digest(b"chunk"), 5, fetch) as taken:
            assert os.pread(taken.descriptor or -1, 5, 0) == b"chunk"

    threads = [threading.Thread(target=want, args=(one,)) for one in (cache, other) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(fetched) == 1


def test_used_least_goes_first_when_the_limit_is_reached(tmp_path: Path) -> None:
    cache = ChunkCache(tmp_path, 10 * MEGABYTE)
    chunks = [bytes([number]) * MEGABYTE for number in range(10)]
    for number, chunk in enumerate(chunks):
        cached.take(cache, chunk)
        path = cached.entry(cache, chunk)
        os.utime(path, ns=(number, path.stat().st_mtime_ns))
    cached.take(cache, chunks[0])

    cached.take(cache, b"new" * MEGABYTE)

    assert cache.usage().bytes <= 10 * MEGABYTE
    assert cache.holds(cached.digest(chunks[0]), MEGABYTE)
    assert not cache.holds(cached.digest(chunks[1]), MEGABYTE)
    assert cache.holds(cached.digest(b"new" * MEGABYTE), 3 * MEGABYTE)


def test_many_threads_of_a_restore_that_is_larger_than_the_limit(tmp_path: Path) -> None:
    """Each makes room, and so removes what another one is about to look at."""
    cache = ChunkCache(tmp_path, 20 * 4096)
    failures: list[BaseException] = []

    def work(seed: int) -> None:
        try:
            for number in range(100):
                cached.take(cache, f"{seed} {number}".encode().ljust(4096))
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
            cached.take(cache, one.ljust(4096))
        write(self, raw, partial, data)

    monkeypatch.setattr(ChunkCache, "_write", slowly)

    cached.take(cache, b"1".ljust(4096))

    assert 0 < cache.usage().bytes <= cache.limit


def test_entry_that_goes_while_all_are_counted_is_not_counted(
    cache: ChunkCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    cached.take(cache, b"chunk")
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
            cached.take(cache, f"{which} {number}".encode().ljust(4096))
            assert cache.usage().bytes <= cache.limit


def test_one_process_evicts_at_a_time(cache: ChunkCache) -> None:
    cached.take(cache, b"chunk")
    held = os.open(cache.directory, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    other = threading.Thread(target=cache.evict, args=(cache.limit,))

    other.start()
    # The kernel lists who waits for a lock behind an arrow, with the file's inode.
    waits = re.compile(rf"-> FLOCK .*:{cache.directory.stat().st_ino} ")
    eventually("the other waits for the lock", lambda: waits.search(Path("/proc/locks").read_text()), within=30)
    there = cache.usage().chunks
    os.close(held)
    other.join()

    assert there == 1
    assert cache.usage().chunks == 0


def test_chunk_above_the_limit_is_not_kept(tmp_path: Path) -> None:
    cache = ChunkCache(tmp_path, 10)
    cached.take(cache, b"chunk")

    with cache.take(cached.digest(b"more than that"), 14, lambda: b"more than that") as taken:
        assert taken.data == b"more than that"

    assert cache.usage().bytes <= 10


def test_limit_and_directory_are_checked(tmp_path: Path) -> None:
    with pytest.raises(BadInput):
        ChunkCache(tmp_path, 0)
    with pytest.raises(BadInput):
        ChunkCache(tmp_path / "absent", 1)

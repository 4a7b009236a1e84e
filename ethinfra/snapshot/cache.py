"""The chunks that a machine has already: one directory for all pods of a Kubernetes node.

    DIR/<2 hex>/<sha256>           a raw chunk, mode 0444
    DIR/<2 hex>/<sha256>.partial   one that somebody is fetching; whoever holds its lock

A chunk is checked before it gets its name. Where the file system can, data files share its blocks (`reflink`), so that
a second replica costs no time and no room. Then the bytes are not read again: the entry's modification time tells that
nobody wrote to it since it was checked, and that the machine was not restarted since, after which a file that was not
yet on the disk could be empty. An entry that does not tell so is read and checked. `scrub` reads everything, for the
disk's own errors.

An entry's access time is when it was last used; `evict` removes those that were not, down to a part of the limit. One
thread of one process does so at a time: it holds the lock of DIR itself, which can be had also where nothing can be
written. Each process counts DIR anew after it added a small part of the limit, so that it sees what others added.

Nothing that is wrong with the cache ends a restore. An entry that cannot be opened or read counts as none; one that
cannot be written is not kept, whatever the reason: a full disk, a broken one, somebody else's directory.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from ethinfra.errors import BadInput
from ethinfra.snapshot.store import Data
from ethinfra.snapshot.whole import write_all

#: The part of the limit that eviction leaves, so that not every chunk makes room for itself.
_LOW_WATER = 0.9
#: The part of the limit that one process adds before it looks what others added.
_UNSEEN = 1 / 32
#: Seconds after which what an interrupted fetch left is removed.
_PARTIAL_FOR = 3600
_PARTIAL = ".partial"
#: A link is not followed, a pipe not waited for.
_NEVER_ELSEWHERE = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_BOOT = Path("/proc/sys/kernel/random/boot_id")


@dataclass
class Taken:
    """A chunk from the cache; close it, or use it as a context.

    descriptor: of the entry, positioned anywhere, None if the cache could not keep the chunk
    data:       its bytes where they were just fetched, else None
    trusted:    whether the entry was checked and not written to since
    """

    descriptor: int | None
    data: Data | None
    trusted: bool

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.descriptor is not None:
            os.close(self.descriptor)


@dataclass(frozen=True)
class Usage:
    chunks: int
    bytes: int


@dataclass(frozen=True)
class Scrubbed:
    """removed, left: raw digests of the entries that had not the bytes of their names; left are those that this process
    could not remove, such as all of a cache that it may only read."""

    checked: int
    bytes: int
    removed: tuple[str, ...]
    left: tuple[str, ...]

    @property
    def bad(self) -> tuple[str, ...]:
        return self.removed + self.left


class ChunkCache:
    """Safe to share between threads and processes."""

    def __init__(self, directory: Path, limit: int) -> None:
        """limit: bytes of all chunks together. The directory must exist: who made it decided whose it is."""
        if limit <= 0:
            raise BadInput(f"a chunk cache of {limit} bytes", expected="above 0")
        if not directory.is_dir():
            raise BadInput(f"{directory} is no directory", todo="make it, writable for whoever restores")
        self.directory = directory
        self.limit = limit
        self._stamp = _stamp()
        self._lock = threading.Lock()
        #: Raw digests of bad entries that could not be removed: this process looks at them no more.
        self._bad: set[bytes] = set()
        #: Bytes that may be added before the directory is counted anew.
        self._room = 0
        #: Bytes for which there is room and that are being written: whoever counts does not see them yet.
        self._writing = 0

    def take(self, raw: bytes, size: int, fetch: Callable[[], Data], *, keep: bool = True) -> Taken:
        """The chunk of that raw digest and size; fetched once, whoever else asks for it at the same time.

        fetch: brings the bytes, checked. Its errors are raised here, and leave nothing behind.
        keep:  whether what is fetched may take room here
        """
        found = self._find(raw, size)
        if found is not None:
            return found
        if not keep:
            return Taken(None, fetch(), trusted=False)
        with self._one_fetcher(raw) as partial:
            if partial is None:
                return Taken(None, fetch(), trusted=False)
            return self._find(raw, size) or self._keep(raw, partial, fetch())

    def holds(self, raw: bytes, size: int) -> bool:
        try:
            return self._path(raw).stat().st_size == size
        except OSError:
            return False

    def remove(self, raw: bytes) -> None:
        """For whoever found that an entry's bytes are not what its name says."""
        if not _gone(self._path(raw)):
            self._bad.add(raw)

    def trust(self, raw: bytes) -> None:
        """For whoever has read an entry and found it right."""
        self._touch(self._path(raw))

    def usage(self) -> Usage:
        sizes = [size for _, size, _ in self._entries_by_use()]
        return Usage(len(sizes), sum(sizes))

    def evict(self, room: int = 0) -> int:
        """Remove what was not used for longest until `room` more bytes fit, and some; returns the bytes removed."""
        return self._evict(room)[0]

    def _evict(self, room: int) -> tuple[int, int]:
        """Bytes removed, and bytes that are left."""
        with self._alone():
            entries = self._entries_by_use()
            total = sum(size for _, size, _ in entries)
            goal = total + room - int(self.limit * _LOW_WATER) if total + room > self.limit else 0
            removed = 0
            for _, size, path in entries:
                if removed >= goal:
                    break
                if _gone(path):
                    removed += size
            return removed, total - removed

    def scrub(self) -> Scrubbed:
        """Read every entry; remove those whose bytes are not what their names say, and what interrupted fetches
        left."""
        checked, size = 0, 0
        removed: list[str] = []
        left: list[str] = []
        for entry in self._entries():
            path = Path(entry.path)
            try:
                with open(_open(path), "rb") as file:
                    used_at = os.fstat(file.fileno()).st_atime_ns  # before the read below, which may move it
                    seen = hashlib.file_digest(file, "sha256").hexdigest()
                    length = file.tell()
            except FileNotFoundError:  # evicted meanwhile
                continue
            except OSError:  # the disk cannot read it, or it is no file
                seen, length = "", 0
            checked, size = checked + 1, size + length
            if seen == entry.name:
                self._touch(path, used_at)
            else:
                (removed if _gone(path) else left).append(entry.name)
        self._remove_partials()
        return Scrubbed(checked, size, tuple(removed), tuple(left))

    def _find(self, raw: bytes, size: int) -> Taken | None:
        if raw in self._bad:
            return None
        path = self._path(raw)
        try:
            descriptor = _open(path)
        except OSError:  # none; or one that cannot be opened, which the fetched one may replace
            return None
        status = os.fstat(descriptor)
        if status.st_size != size or not stat.S_ISREG(status.st_mode):
            os.close(descriptor)
            self.remove(raw)
            return None
        trusted = status.st_mtime_ns == self._stamp
        if trusted:
            self._touch(path)
        return Taken(descriptor, None, trusted)

    def _keep(self, raw: bytes, partial: int, data: Data) -> Taken:
        with suppress(OSError), self._room_for(len(data)) as fits:
            if fits:
                self._write(raw, partial, data)
                # Not opened anew: under its name it may be evicted at any moment.
                return Taken(os.dup(partial), data, trusted=True)
        return Taken(None, data, trusted=False)

    def _write(self, raw: bytes, partial: int, data: Data) -> None:
        """Write the chunk to the file that is locked, and give it its name."""
        os.ftruncate(partial, 0)
        write_all(partial, data, 0)
        path = self._path(raw)
        # The name first: whoever is killed here leaves an entry that is not trusted yet, or a file that the next may
        # write to.
        path.with_name(path.name + _PARTIAL).rename(path)
        os.fchmod(partial, 0o444)
        os.utime(partial, ns=(time.time_ns(), self._stamp))
        self._bad.discard(raw)

    @contextmanager
    def _one_fetcher(self, raw: bytes) -> Iterator[int | None]:
        """The chunk's partial file, locked; None if there cannot be one."""
        with ExitStack() as stack:
            partial: int | None = None
            with suppress(OSError):
                partial = stack.enter_context(self._only(raw))
            yield partial

    def _only(self, raw: bytes) -> _Only:
        path = self._path(raw)
        path.parent.mkdir(exist_ok=True)
        return _Only(path.with_name(path.name + _PARTIAL))

    @contextmanager
    def _room_for(self, size: int) -> Iterator[bool]:
        """Whether so many bytes fit, after eviction; they are written within."""
        fits = self._make_room(size)
        try:
            yield fits
        finally:
            if fits:
                with self._lock:
                    self._writing -= size

    def _make_room(self, size: int) -> bool:
        """Other threads wait meanwhile, as they need room too."""
        with self._lock:
            if size > self._room:
                left = self.limit - self._writing - self._evict(size + self._writing)[1]
                self._room = min(left, max(size, int(self.limit * _UNSEEN)))
            if size > self._room:
                return False
            self._room -= size
            self._writing += size
            return True

    def _touch(self, path: Path, used_at: int | None = None) -> None:
        """used_at: nanoseconds; now, unless given."""
        try:
            os.utime(path, ns=(time.time_ns() if used_at is None else used_at, self._stamp), follow_symlinks=False)
        except OSError:  # evicted meanwhile, or not ours to touch: then it is read again next time
            return

    def _path(self, raw: bytes) -> Path:
        name = raw.hex()
        return self.directory / name[:2] / name

    def _entries(self) -> Iterator[os.DirEntry[str]]:
        for folder in sorted(self.directory.iterdir()):
            if len(folder.name) == 2 and folder.is_dir():
                with os.scandir(folder) as found:
                    yield from (entry for entry in found if len(entry.name) == 64)

    def _entries_by_use(self) -> list[tuple[int, int, Path]]:
        """Access time, size and path; what was not used for longest comes first."""
        found = []
        for entry in self._entries():
            try:
                status = entry.stat(follow_symlinks=False)
            except FileNotFoundError:  # evicted meanwhile
                continue
            found.append((status.st_atime_ns, status.st_size, Path(entry.path)))
        return sorted(found)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Be the one that evicts, of all processes: two that do so at once remove twice as much as they need."""
        descriptor = os.open(self.directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _remove_partials(self) -> None:
        for path in self.directory.glob(f"??/*{_PARTIAL}"):
            # Gone meanwhile, or not ours. The change time, as the modification time may be the stamp.
            with suppress(OSError):
                if time.time() - path.lstat().st_ctime >= _PARTIAL_FOR:
                    with _Only(path, to_write=False):
                        pass


class _Only:
    """Be the one that fetches a chunk: holds the lock of its partial file, which is removed or renamed at the end.

    to_write: False for who only removes a file that nobody works on, also one that may only be read
    """

    def __init__(self, path: Path, *, to_write: bool = True) -> None:
        self._path = path
        self._flags = os.O_RDWR | os.O_CREAT if to_write else os.O_RDONLY
        self._mode = fcntl.LOCK_EX if to_write else fcntl.LOCK_EX | fcntl.LOCK_NB
        self._descriptor = -1

    def __enter__(self) -> int:
        while True:
            self._descriptor = os.open(self._path, self._flags | _NEVER_ELSEWHERE, 0o644)
            try:
                fcntl.flock(self._descriptor, self._mode)
                if self._still_there():
                    return self._descriptor
            except BlockingIOError:
                return self._descriptor
            except BaseException:
                os.close(self._descriptor)
                raise
            # Who had the lock renamed or removed the file; the lock that was waited for is of nothing.
            os.close(self._descriptor)

    def __exit__(self, *_: object) -> None:
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if self._still_there():
                self._path.unlink()
        except OSError:  # somebody else's, who is at work; or one that cannot be removed
            pass
        finally:
            os.close(self._descriptor)

    def _still_there(self) -> bool:
        try:
            return self._path.stat().st_ino == os.fstat(self._descriptor).st_ino
        except FileNotFoundError:
            return False


def _open(path: Path) -> int:
    """An entry's descriptor, to read."""
    return os.open(path, os.O_RDONLY | _NEVER_ELSEWHERE)


def _gone(path: Path) -> bool:
    """Remove a file; False if that cannot be, as in a cache that is not ours to change."""
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return False
    return True


def _stamp() -> int:
    """The modification time, in nanoseconds, of entries that were checked since this machine started."""
    return (int(_BOOT.read_text().replace("-", "")[:8], 16) & 0x7FFFFFFF) * 1_000_000_000

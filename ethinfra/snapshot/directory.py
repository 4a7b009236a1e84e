"""The directory that a snapshot is restored into: what is in it, what must go, and its files while they are written.

Nothing is followed out of it: where a link or anything else stands in the way of a file, that is removed, never written
to.
"""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable, Collection
from pathlib import Path

from ethinfra.snapshot.errors import DirectoryInUse
from ethinfra.snapshot.model import Config, File, Owner
from ethinfra.snapshot.selection import Selection
from ethinfra.snapshot.store import Data
from ethinfra.snapshot.whole import read_all, write_all


def selected(top: Path, selection: Selection) -> list[str]:
    """Everything but directories that the selection includes, also what no snapshot can hold. Relative paths.

    OSError if a directory cannot be read that may have some: what is not seen would stay, and be taken for restored.
    """
    found: list[str] = []
    for folder, folders, files in os.walk(top, onerror=_raise):
        below = os.path.relpath(folder, top)
        prefix = "" if below == "." else f"{below}/"
        folders[:] = [name for name in folders if selection.leads_to(f"{prefix}{name}")]
        links = [name for name in folders if (Path(folder) / name).is_symlink()]
        found += [path for name in (*files, *links) if selection.holds(path := f"{prefix}{name}")]
    return sorted(found)


def clear(top: Path, present: Collection[str], config: Config) -> int:
    """Remove what is present and not in the snapshot, and what stands where a directory must be; returns how many.

    A mix of two databases is no database, so what the snapshot does not hold goes.
    """
    wanted = {file.path for file in config.files}
    removed = 0
    for path in present:
        if path not in wanted:
            _take_out(top / path, Path.unlink)
            removed += 1
    # Parents first: below one that is a link, everything is somebody else's.
    for directory in sorted(config.directories, key=lambda one: one.path):
        place = top / directory.path
        if place.is_symlink() or (place.exists() and not place.is_dir()):
            _take_out(place, Path.unlink)
            removed += 1
    return removed


def make_directories(top: Path, config: Config) -> None:
    """Afterwards each directory of the snapshot is there, and this process may write into it."""
    for directory in sorted(config.directories, key=lambda one: one.path):
        place = top / directory.path
        place.mkdir(exist_ok=True)
        place.chmod(directory.mode | 0o700)


def finish_directories(top: Path, config: Config, owner: Owner) -> None:
    """Modes and owners as recorded, from the innermost outwards, each on disk."""
    for directory in sorted(config.directories, key=lambda one: one.path, reverse=True):
        descriptor = os.open(top / directory.path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            os.fchown(descriptor, owner.uid, owner.gid)
            os.fchmod(descriptor, directory.mode)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def remove_empty(top: Path, selection: Selection, config: Config) -> None:
    """Remove selected directories that the snapshot does not have and that are empty."""
    wanted = {directory.path for directory in config.directories}
    for folder, _, _ in os.walk(top, topdown=False):
        path = os.path.relpath(folder, top)
        if path != "." and path not in wanted and selection.holds(path) and not os.listdir(folder):  # noqa: PTH208
            _take_out(Path(folder), Path.rmdir)


def _raise(error: OSError) -> None:
    raise error


def _take_out(place: Path, remove: Callable[[Path], None]) -> None:
    """Remove it, also from a directory of ours whose recorded mode lets nobody write."""
    try:
        remove(place)
    except PermissionError:
        place.parent.chmod(stat.S_IMODE(place.parent.stat().st_mode) | 0o700)
        remove(place)


class Target:
    """One file while its chunks are put into place: open from the first to the last. Safe to share between threads.

    before: bytes that were there, which may be the right ones already
    open:   whether chunks are missing still
    """

    def __init__(self, top: Path, file: File, chunks: int, owner: Owner) -> None:
        self.path = top / file.path
        self._file = file
        self._owner = owner
        self._left = chunks
        self._lock = threading.Lock()
        self._make_way()
        self.descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        self.open = True
        try:
            self.before = os.fstat(self.descriptor).st_size
            os.ftruncate(self.descriptor, file.size)
        except BaseException:
            self.abandon()
            raise
        if not chunks:
            self._finish()

    def read(self, buffer: memoryview, offset: int) -> bool:
        """Fill the buffer; False if the file has no such bytes."""
        return read_all(self.descriptor, buffer, offset)

    def write(self, data: Data, offset: int) -> None:
        write_all(self.descriptor, data, offset)

    def ended(self) -> None:
        """One chunk is in place. After the last one the file is whole, has its mode and owner, and is on disk."""
        with self._lock:
            self._left -= 1
            last = self._left == 0
        if last:
            self._finish()

    def abandon(self) -> None:
        """Let go of the file, if it is not finished; for when no thread works on it any more."""
        if self.open:
            self.open = False
            os.close(self.descriptor)

    def _finish(self) -> None:
        try:
            os.fchown(self.descriptor, self._owner.uid, self._owner.gid)
            os.fchmod(self.descriptor, self._file.mode)
            os.fsync(self.descriptor)
        finally:
            self.abandon()

    def _make_way(self) -> None:
        """Whatever is there must be a file of its own: what has a second name is somebody else's too."""
        try:
            status = self.path.lstat()
        except FileNotFoundError:
            return
        if stat.S_ISDIR(status.st_mode):
            raise DirectoryInUse(
                f"{self.path} is a directory",
                expected="a file, as in the snapshot",
                todo="remove it: it holds what the snapshot's `exclude` protects",
            )
        if not stat.S_ISREG(status.st_mode) or status.st_nlink > 1:
            self.path.unlink()
        elif not status.st_mode & 0o200 or not status.st_mode & 0o400:
            self.path.chmod(0o600)

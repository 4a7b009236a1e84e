"""A copy of a volume's files that costs no time: each is *reflinked*.

It shares its blocks with the original until one of the two is written. XFS and btrfs can; a copy of terabytes is made
in the time that its files take to be created.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ethinfra.snapshot.errors import SourceChanged, no_room
from ethinfra.snapshot.job.errors import CannotCopy
from ethinfra.snapshot.model import Directory
from ethinfra.snapshot.plan import Method
from ethinfra.snapshot.reflink import can_reflink, reflink_file
from ethinfra.snapshot.selection import Found, Selection, scan


@dataclass(frozen=True)
class Copied:
    """files: as they were on the volume, whose identities the next push recognises them by."""

    directories: tuple[Directory, ...]
    files: tuple[Found, ...]

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files)


def must_reflink(volume: Path) -> None:
    """CannotCopy, with what else there is, unless the file system can. To be asked before anything is stopped."""
    try:
        able = can_reflink(volume)
    except OSError as reason:
        raise no_room(reason, volume) from reason
    if not able:
        raise _cannot(volume)


def _cannot(place: Path) -> CannotCopy:
    return CannotCopy(
        f"the file system of {place} cannot share blocks between files",
        expected="XFS made with reflink=1, or btrfs",
        todo=f"set the method to {Method.VOLUME_SNAPSHOT} where the storage has CSI snapshots, else to {Method.HOLD}: "
        "the node then stands still until all is pushed",
    )


def copy(volume: Path, into: Path, selection: Selection) -> Copied:
    """Reflink everything that is selected. SourceChanged if a file changed meanwhile: something still writes.

    into: on the same file system; must not exist. Modes are kept. Nothing is forced to the disk yet: see `settle`.
    """
    directories, files = scan(volume, selection)
    into.mkdir(parents=True)
    try:
        for directory in directories:
            (into / directory.path).mkdir()
        for file in files:
            if not reflink_file(volume / file.path, into / file.path):
                raise _cannot(volume / file.path)
            (into / file.path).chmod(file.mode)
        # Last and from below, because a directory may be one that nobody may write to.
        for directory in reversed(directories):
            (into / directory.path).chmod(directory.mode)
    except OSError as reason:
        raise no_room(reason, into) from reason
    must_be_unchanged(volume, selection, files)
    return Copied(tuple(directories), tuple(files))


def must_be_unchanged(volume: Path, selection: Selection, before: Sequence[Found]) -> None:
    """SourceChanged unless the selected files are the same, byte counts and times included."""
    _, after = scan(volume, selection)
    then, now = ({file.path: file for file in files} for files in (before, after))
    changed = sorted(path for path in then.keys() | now.keys() if then.get(path) != now.get(path))
    if changed:
        raise SourceChanged(
            f"{volume} changed while it was copied",
            expected="the client to stand still",
            seen=f"{len(changed)} files, the first is {changed[0]}",
            todo="nothing: the copy is thrown away. If it happens again, find out who else writes to this volume",
        )


def settle(copied: Path) -> None:
    """Return when a copy is on the disk. It can be done after the client goes on."""
    flush(copied, Selection())


def flush(top: Path, selection: Selection) -> None:
    """Return when the selected files are on the disk as they are now."""
    directories, files = scan(top, selection)
    for path in (*(file.path for file in files), *(directory.path for directory in reversed(directories)), "."):
        opened = os.open(top / path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


def remove(copied: Path) -> None:
    """Remove a copy, also an unfinished one with directories that nobody may write to; none is not an error."""
    if not copied.exists():
        return
    for folder, _, _ in os.walk(copied):
        Path(folder).chmod(0o700)
    shutil.rmtree(copied)

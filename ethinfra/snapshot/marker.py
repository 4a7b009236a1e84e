"""What a restore leaves in a directory: the marker, which says what the data is, and while it works, the journal.

    DIR/.ethinfra-snapshot.json   the marker; written last, so it is there exactly if all files were in place
    DIR/.ethinfra-restore/        while a restore works, or after it was interrupted
        journal.json              which snapshot it is restoring
        lock                      held by who is working

The marker stays when a client runs on the data: it says where the data came from, not what it has become.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from ethinfra.snapshot.errors import DirectoryInUse, InvalidSnapshot

MARKER = ".ethinfra-snapshot.json"
WORK = ".ethinfra-restore"
JOURNAL = f"{WORK}/journal.json"
LOCK = f"{WORK}/lock"


@dataclass(frozen=True)
class Marker:
    """digest: of the snapshot's manifest; finished: when all was in place."""

    digest: str
    id: str
    block_number: int
    block_hash: str
    client: str
    network: str
    finished: datetime


def read_marker(directory: Path) -> Marker | None:
    """The marker of a directory, None if there is none. InvalidSnapshot if it cannot be read."""
    path = directory / MARKER
    try:
        content = json.loads(path.read_bytes())
        return Marker(**{**content, "finished": datetime.fromisoformat(content["finished"])})
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError) as reason:
        raise InvalidSnapshot(f"{path} is no marker", seen=str(reason), todo="remove it, and restore again") from reason


def write_marker(directory: Path, marker: Marker) -> None:
    """Afterwards the marker is on disk, whole: it is there or not, also after a power cut."""
    content = {**asdict(marker), "finished": marker.finished.astimezone(UTC).isoformat(timespec="seconds")}
    write_durably(directory / MARKER, json.dumps(content, indent=1).encode() + b"\n")


def remove_marker(directory: Path) -> None:
    (directory / MARKER).unlink(missing_ok=True)
    sync_directory(directory)


def unfinished(directory: Path) -> str | None:
    """The digest of the snapshot whose restore was interrupted here, None if none was."""
    if (directory / WORK).is_symlink():  # none of ours: what it leads to gives no leave to replace anything here
        return None
    try:
        return str(json.loads((directory / JOURNAL).read_bytes())["digest"])
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError):
        return ""


def begin(directory: Path, digest: str) -> None:
    write_durably(directory / JOURNAL, json.dumps({"digest": digest}).encode() + b"\n")


def end(directory: Path) -> None:
    """Remove the journal, and what an interrupted write of it left. Whoever holds the lock removes its file last."""
    (directory / JOURNAL).unlink(missing_ok=True)
    _new(directory / JOURNAL).unlink(missing_ok=True)
    _new(directory / MARKER).unlink(missing_ok=True)
    (directory / LOCK).unlink(missing_ok=True)
    (directory / WORK).rmdir()
    sync_directory(directory)


def tidy(directory: Path) -> None:
    """Remove what is left of a restore that was ended after its marker was written, or before it began to write."""
    if (directory / WORK).exists():
        # Whoever is at work right now removes it himself.
        with suppress(DirectoryInUse), working(directory):
            end(directory)


@contextmanager
def working(directory: Path) -> Iterator[None]:
    """Be the only one who restores into the directory. DirectoryInUse if somebody does. What fails before the journal
    was begun leaves nothing."""
    _make_work(directory)
    # Whoever finished in between has removed the file that was opened here: then the lock is of nothing.
    while True:
        descriptor = os.open(directory / LOCK, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise DirectoryInUse(
                    f"{directory} is being restored by another process", todo="wait for it; nothing was changed"
                ) from None
            if not _same(descriptor, directory / LOCK):
                _make_work(directory)
                continue
            try:
                yield
            finally:
                # Whoever ended has removed the lock: what is there then is another's.
                if _same(descriptor, directory / LOCK) and not (directory / JOURNAL).exists():
                    with suppress(OSError):
                        end(directory)
            return
        finally:
            os.close(descriptor)


def _make_work(directory: Path) -> None:
    """A link in its place would take the lock and the journal elsewhere."""
    work = directory / WORK
    if work.is_symlink():
        work.unlink()
    work.mkdir(mode=0o700, exist_ok=True)


def _same(descriptor: int, path: Path) -> bool:
    try:
        return os.fstat(descriptor).st_ino == path.stat().st_ino
    except FileNotFoundError:
        return False


def write_durably(path: Path, content: bytes) -> None:
    """Afterwards the file is on disk, whole. Nothing else is written to: a link in its place leads elsewhere."""
    temporary = _new(path)
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


def _new(path: Path) -> Path:
    """Where a file is written before it gets its name."""
    return path.with_name(f"{path.name}.new")


def sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

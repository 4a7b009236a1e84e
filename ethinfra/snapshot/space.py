"""Whether a restore fits, before it begins."""

from __future__ import annotations

import os
from pathlib import Path

from ethinfra.snapshot.cache import ChunkCache
from ethinfra.snapshot.errors import OutOfSpace
from ethinfra.snapshot.model import Config

#: Bytes per file for what a file system keeps beside its data.
_PER_FILE = 4096


def must_fit(config: Config, directory: Path, going: list[str], cache: ChunkCache | None, *, shares: bool) -> None:
    """OutOfSpace if the snapshot takes more than is free and is set free.

    going:  files that will be removed
    shares: whether what the cache holds takes no room again
    """
    needed = sum(max(0, file.size - _taken(directory / file.path)) + _PER_FILE for file in config.files)
    needed -= sum(_taken(directory / path) for path in going)
    if cache is not None and shares:
        needed -= sum(chunk.size for _, chunk in config.chunks() if cache.holds(chunk.raw, chunk.size))
    status = os.statvfs(directory)
    free = status.f_bavail * status.f_frsize
    if needed > free:
        raise OutOfSpace(str(directory), needed=needed, free=free)


def _taken(path: Path) -> int:
    """Bytes on disk; a file with a second name gives none back."""
    try:
        status = path.lstat()
    except OSError:
        return 0
    return status.st_blocks * 512 if status.st_nlink == 1 else 0

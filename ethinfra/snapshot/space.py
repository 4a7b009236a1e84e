"""Whether a restore fits, before it begins, and whether the cache leaves it the room while it works."""

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
    needed = _PER_FILE * len(config.files) - sum(_taken(directory / path) for path in going)
    for file in config.files:
        lacking = file.size - _taken(directory / file.path)
        if lacking > 0 and cache is not None and shares:
            lacking -= sum(one.size for one in file.chunks(config.chunk_size) if cache.holds(one.raw, one.size))
        # Per file: what one has in both places makes no room for another.
        needed += max(0, lacking)
    free = _free(directory)
    if needed > free:
        raise OutOfSpace(str(directory), needed=needed, free=free)


def one_file_system(directory: Path, cache: ChunkCache) -> bool:
    """Whether the cache grows at the directory's cost."""
    try:
        return directory.stat().st_dev == cache.directory.stat().st_dev
    except OSError:  # a cache that cannot be looked at does not grow
        return False


def leaves_room(config: Config, directory: Path, left: int, workers: int) -> bool:
    """Whether the cache, on the directory's file system, may keep a chunk: what it takes, nobody gives back.

    left:    bytes of the snapshot that are not in place yet
    workers: who may all keep a chunk at this moment
    """
    return _free(directory) >= left + len(config.files) * _PER_FILE + workers * config.chunk_size


def _free(directory: Path) -> int:
    status = os.statvfs(directory)
    return status.f_bavail * status.f_frsize


def _taken(path: Path) -> int:
    """Bytes on disk; a file with a second name gives none back."""
    try:
        status = path.lstat()
    except OSError:
        return 0
    return status.st_blocks * 512 if status.st_nlink == 1 else 0

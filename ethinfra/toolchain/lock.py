"""Locks between processes, as the kernel keeps them: a process that dies, however it dies, holds none any more."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ethinfra.progress import Progress
from ethinfra.waiting import eventually


@contextmanager
def locked(path: Path, progress: Progress, what: str, *, within: float, shared: bool = False) -> Iterator[None]:
    """Hold a lock, alone or shared, waiting for it if another process has it.

    what:   what the holder is doing, for the one who waits
    within: seconds to wait; NotInTime afterwards
    """
    with _opened(path) as handle:
        if not _take(handle, shared):
            with progress.step(f"waiting for process {_holder(path)}, which is {what}", within=within):
                eventually(f"{path} is free", lambda: _take(handle, shared), within=within, every=0.2)
        yield


@contextmanager
def locked_if_free(path: Path) -> Iterator[bool]:
    """Hold a lock alone, or say False at once because somebody has it."""
    with _opened(path) as handle:
        yield _take(handle, shared=False)


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        yield handle
    finally:
        os.close(handle)


def _take(handle: int, shared: bool) -> bool:
    try:
        fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    if not shared:
        os.ftruncate(handle, 0)
        os.pwrite(handle, str(os.getpid()).encode(), 0)
    return True


def _holder(path: Path) -> str:
    return path.read_text().strip() or "(unknown)"

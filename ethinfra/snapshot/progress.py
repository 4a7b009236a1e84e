"""What a person sees while bytes move: how many, of how many, how fast, how long still.

On a terminal a bar (where `rich` is installed); elsewhere a line every few seconds, so that the log of a pod tells.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

#: Seconds between two lines of a log.
EVERY = 15.0


class Transfer:
    """Bytes of one task. done counts what is dealt with, moved those of them that came from or went to the store.

    Safe to share between threads. By itself it shows nothing: `shown`.
    """

    def __init__(self, title: str = "") -> None:
        self.title = title
        self.total = 0
        self.done = 0
        self.moved = 0
        self.started = time.monotonic()
        self._lock = threading.Lock()

    def begin(self, title: str, total: int) -> None:
        """A new task, of so many bytes."""
        with self._lock:
            self.title, self.total, self.done, self.moved, self.started = title, total, 0, 0, time.monotonic()

    def add(self, done: int, moved: int = 0) -> None:
        with self._lock:
            self.done += done
            self.moved += moved

    def note(self, text: str) -> None:
        """A sentence for the reader: a refusal, a wait."""

    @property
    def rate(self) -> float:
        """Bytes dealt with per second."""
        return self.done / max(time.monotonic() - self.started, 1e-3)

    @property
    def remaining(self) -> float | None:
        """Seconds until the end at this rate; None while nobody can say."""
        return (self.total - self.done) / self.rate if self.done and self.total else None

    def line(self) -> str:
        """`pushing: 1.2 of 2.0 GB (60 %), 310 MB/s, 0.4 GB moved, 3 s left`"""
        share = f" ({100 * self.done // self.total} %)" if self.total else ""
        left = f", {self.remaining:.0f} s left" if self.remaining is not None and self.done < self.total else ""
        return (
            f"{self.title}: {amount(self.done)} of {amount(self.total)}{share}, {amount(int(self.rate))}/s, "
            f"{amount(self.moved)} moved{left}"
        )


def amount(size: int) -> str:
    """`310 MB`, in powers of 1000."""
    value = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.3g} {unit}"
        value /= 1000
    return f"{value:.4g} TB"


class _Lines(Transfer):
    """Writes a line now and then."""

    def __init__(self, out: TextIO, every: float) -> None:
        super().__init__()
        self._out = out
        self._every = every
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._work, name="progress", daemon=True)
        self._thread.start()

    def note(self, text: str) -> None:
        print(text, file=self._out, flush=True)

    def close(self) -> None:
        self._ended.set()
        self._thread.join()
        if self.total:
            print(self.line(), file=self._out, flush=True)

    def _work(self) -> None:
        while not self._ended.wait(self._every):
            if self.total:
                print(self.line(), file=self._out, flush=True)


class _Bar(Transfer):
    """Draws a bar of `rich`."""

    def __init__(self, console: Any) -> None:
        super().__init__()
        from rich.progress import (
            BarColumn,
            DownloadColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
            TransferSpeedColumn,
        )

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
        )
        self._progress = Progress(*columns, console=console)
        self._task = self._progress.add_task("", total=None)
        self._progress.start()

    def begin(self, title: str, total: int) -> None:
        super().begin(title, total)
        self._progress.reset(self._task, total=total, description=title)

    def add(self, done: int, moved: int = 0) -> None:
        super().add(done, moved)
        self._progress.update(self._task, completed=self.done)

    def note(self, text: str) -> None:
        self._progress.console.print(text)

    def close(self) -> None:
        self._progress.stop()


@contextmanager
def shown(out: TextIO | None = None, every: float = EVERY) -> Iterator[Transfer]:
    """A transfer that people see, on standard error unless told. every: seconds between lines, where it is no
    terminal."""
    transfer = _visible(out or sys.stderr, every)
    try:
        yield transfer
    finally:
        transfer.close()


def _visible(out: TextIO, every: float) -> _Bar | _Lines:
    if out.isatty():
        try:
            from rich.console import Console
        except ImportError:  # the image of the jobs has none
            return _Lines(out, every)
        return _Bar(Console(file=out))
    return _Lines(out, every)

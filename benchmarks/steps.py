"""Progress that remembers how long each step took, for the facts of a sample."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from ethinfra.progress import Progress


class TimedProgress(Progress):
    """Shows what `Progress` shows."""

    def __init__(self) -> None:
        super().__init__()
        self._times: dict[str, float] = {}
        self._path: list[str] = []
        self._depth = 0

    @contextmanager
    def step(self, title: str, within: float | None = None) -> Iterator[None]:
        started = time.monotonic()
        self._path.append(title)
        try:
            with super().step(title, within):
                yield
        finally:
            self._times[" / ".join(self._path[self._depth :])] = round(time.monotonic() - started, 2)
            self._path.pop()

    def take(self) -> dict[str, float]:
        """Seconds of each step that ended since the last call, by title; one inside another as `outer / inner`."""
        taken, self._times = self._times, {}
        self._depth = len(self._path)
        return taken

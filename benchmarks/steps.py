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

    @contextmanager
    def step(self, title: str, within: float | None = None) -> Iterator[None]:
        started = time.monotonic()
        try:
            with super().step(title, within):
                yield
        finally:
            self._times[title] = round(time.monotonic() - started, 2)

    def take(self) -> dict[str, float]:
        """Seconds of each step since the last call, by title; a step holds those inside it and stands after them."""
        taken, self._times = self._times, {}
        return taken

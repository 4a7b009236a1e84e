"""What a person sees while something takes long: named steps, with their limits and their times.

On a terminal the running step has a spinner and a clock; elsewhere (CI, a log file) each step is one line when it
starts and one when it ends, so that a log that stops tells where.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.status import Status
from rich.text import Text


class Progress:
    """Announces steps on standard error, so that standard output stays free for results."""

    def __init__(self, console: Console | None = None, *, quiet: bool = False) -> None:
        self.console = console or Console(stderr=True, highlight=False, soft_wrap=True)
        self.quiet = quiet
        self._status: Status | None = None
        self._running: list[_Clock] = []

    @contextmanager
    def step(self, title: str, within: float | None = None) -> Iterator[None]:
        """Announce one step; `within` is its limit in seconds, for the reader. Steps nest."""
        started = time.monotonic()
        limit = f", at most {math.ceil(within)}s" if within else ""
        self._begin(f"{title}{limit}")
        try:
            yield
        except BaseException:
            self._end(f"[red]✗[/red] {title} [dim]({time.monotonic() - started:.1f}s)[/dim]")
            raise
        self._end(f"[green]✓[/green] {title} [dim]({time.monotonic() - started:.1f}s)[/dim]")

    def note(self, text: str) -> None:
        """One line that is not a step."""
        if not self.quiet:
            self.console.print(f"{'  ' * len(self._running)}{text}")

    def _begin(self, title: str) -> None:
        clock = _Clock(title)
        if not self.quiet:
            if self.console.is_terminal:
                self._show(clock)
            else:
                self.console.print(f"{'  ' * len(self._running)}… {title}")
        self._running.append(clock)

    def _end(self, line: str) -> None:
        self._running.pop()
        if self.quiet:
            return
        self.console.print(f"{'  ' * len(self._running)}{line}")
        if self.console.is_terminal:
            self._show(self._running[-1] if self._running else None)

    def _show(self, clock: _Clock | None) -> None:
        if self._status is not None:
            self._status.stop()
            self._status = None
        if clock is not None:
            self._status = self.console.status(clock)
            self._status.start()


class _Clock:
    """A running step's title and the seconds since it began; rich draws it anew several times a second."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.since = time.monotonic()

    def __rich__(self) -> Text:
        return Text.assemble(Text.from_markup(self.title), (f" {time.monotonic() - self.since:.0f}s", "dim"))


def silent() -> Progress:
    """For callers that show progress in their own way."""
    return Progress(Console(file=sys.stderr), quiet=True)

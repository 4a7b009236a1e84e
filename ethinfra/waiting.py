"""The one way to wait: a named condition, a deadline, and the last thing seen in the failure."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar, overload

from ethinfra.errors import EthinfraError

Seen = TypeVar("Seen")


class NotInTime(EthinfraError):
    """A condition did not become true before its deadline."""

    def __init__(self, what: str, within: float, seen: str, unchanged_for: float, hint: str) -> None:
        self.what = what
        self.within = within
        since = f", unchanged for {unchanged_for:.0f}s" if unchanged_for >= 1 else ""
        super().__init__(f"not within {round(within, 1):g}s: {what}", seen=f"{seen}{since}", todo=hint)


@overload
def eventually(
    what: str, look: Callable[[], Seen | None], *, within: float, every: float = ..., hint: str = ...
) -> Seen: ...


@overload
def eventually(
    what: str,
    look: Callable[[], Seen],
    *,
    within: float,
    until: Callable[[Seen], object],
    every: float = ...,
    hint: str = ...,
) -> Seen: ...


def eventually(
    what: str,
    look: Callable[[], Seen],
    *,
    within: float,
    until: Callable[[Seen], object] = bool,
    every: float = 0.5,
    hint: str = "",
) -> Seen:
    """Look again and again until the condition holds, and return what was seen then.

    what:   the condition as a sentence; it is the first line of the failure
    look:   asks; an EthinfraError or OSError from it counts as "not yet", any other exception ends the wait
    until:  the condition on what `look` returned; without it, anything true
    within: seconds; NotInTime afterwards, with what was seen last. `look` runs at least once
    every:  seconds between two looks
    hint:   where an operator should look next
    """
    started = time.monotonic()
    deadline = started + within
    seen, seen_since = "nothing yet", started
    while True:
        try:
            value = look()
            if until(value):
                return value
            now_seen = _short(value)
        except (EthinfraError, OSError) as error:
            now_seen = _short(error)
        now = time.monotonic()
        if now_seen != seen:
            seen, seen_since = now_seen, now
        if now >= deadline:
            raise NotInTime(what, within, seen, now - seen_since, hint)
        time.sleep(min(every, max(deadline - now, 0)))


def _short(value: object) -> str:
    text = str(value) if isinstance(value, (str, BaseException)) else repr(value)
    return text if len(text) <= 2000 else text[:2000] + "…"

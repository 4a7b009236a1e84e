"""Waits before a client starts while a job copies its volume: the *hold*.

The hold is a file at the top of the volume, `.ethinfra-hold`, with who holds it and since when. Its owner touches it
every second (`ethinfra/snapshot/job/hold.py`) and removes it when the copy is done. A hold that has not been touched
for as long as the patience is of a job that died or hangs: it is renamed, the client starts, and a job that wakes up
finds its hold gone and throws its copy away. So a client is never kept from starting by what no longer runs, and a copy
never counts that was not made while the client stood still.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from enum import Enum
from pathlib import Path

HOLD = ".ethinfra-hold"
EXPIRED = ".ethinfra-hold.expired"

#: Seconds between two looks; it is part of a node's downtime.
_EVERY = 0.1


class Outcome(Enum):
    """Why the client may start."""

    FREE = "nobody holds the volume"
    RELEASED = "the hold was released"
    EXPIRED = "the hold was not touched any more and is put aside"


class HoldStuck(Exception):
    """A hold that has expired cannot be put aside, so whoever wrote it may believe in it still."""


def wait(volume: Path, patience: float, *, say: Callable[[str], None]) -> Outcome:
    """Return when the client may start. HoldStuck if an expired hold can be neither renamed nor removed.

    patience: seconds since the last touch. They are counted by this machine's steady clock, so that a clock that is set
              back keeps nobody waiting, and by the file's own time, so that an old hold costs no wait at all.
    """
    path = volume / HOLD
    first, seen, since = True, None, time.monotonic()
    while True:
        try:
            found = path.lstat()
        except FileNotFoundError:
            return Outcome.FREE if first else Outcome.RELEASED
        now = time.monotonic()
        if first:
            say(f"{path}: held by {_holder(path)}; waiting until it is released, or untouched for {patience:g}s")
        touched = (found.st_ino, found.st_mtime_ns)
        if touched != seen:
            seen, since = touched, now
        untouched = max(now - since, time.time() - found.st_mtime)
        if untouched > patience:
            put_aside(path)
            return Outcome.EXPIRED
        first = False
        time.sleep(min(_EVERY, patience / 10))


def put_aside(hold: Path) -> None:
    """Make a hold not count any more; one that is gone already is not an error."""
    try:
        hold.rename(hold.with_name(EXPIRED))
    except FileNotFoundError:
        return
    except OSError:
        # A full volume may have no room for the other name.
        try:
            hold.unlink(missing_ok=True)
        except OSError as reason:
            raise HoldStuck(f"{hold} has expired and cannot be put aside: {os.strerror(reason.errno or 0)}") from reason


def _holder(path: Path) -> str:
    """For the log only; the file may be gone or half a file."""
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
        return f"{known['holder']} since {known['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "somebody who does not say"

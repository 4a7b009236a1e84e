"""How a command ended, as the tests of the command line see it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Ended:
    """code: exit code; said: everything that was printed, errors too."""

    code: int
    said: str


Ethinfra = Callable[..., Ended]

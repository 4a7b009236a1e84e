"""Runs a step of making a family, and says which family failed and how to repeat the step by hand."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from ethinfra.errors import ToolchainError
from ethinfra.process import CommandFailed, run, tail

#: A fetch that fails like this is worth another try.
_PASSING = re.compile(
    r"connection reset|i/o timeout|TLS handshake timeout|unexpected EOF|50[234] |429 Too Many|no such host"
    r"|connection refused|stream error|temporary failure",
    re.I,
)
_TRIES = 3


def fetch(argv: Sequence[str | Path], family: str, *, sources: Path, env: Mapping[str, str], within: float) -> str:
    """Like `command` in the family's own folder, for what reaches for the network."""
    for left in reversed(range(_TRIES)):
        try:
            return command(argv, family, cwd=sources, by_hand=sources, env=env, within=within)
        except ToolchainError as failed:
            if not left or not _PASSING.search(failed.seen):
                raise
    raise AssertionError("the last try returns or raises")


def command(
    argv: Sequence[str | Path], family: str, *, cwd: Path, by_hand: Path, env: Mapping[str, str], within: float
) -> str:
    """What the program writes; ToolchainError with the end of its output if it fails.

    by_hand: the folder in which an operator would repeat it
    """
    try:
        return run(argv, cwd=cwd, env=env, within=within).stdout
    except CommandFailed as failed:
        raise ToolchainError(
            f"the family {family} could not be built",
            seen=f"{failed.seen if failed.code is None else ''}\n{tail(failed.output)}".strip(),
            todo=f"the same by hand: cd {by_hand} && {shlex.join(failed.argv)}",
        ) from failed

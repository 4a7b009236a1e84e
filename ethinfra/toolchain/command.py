"""Runs a step of making a family, and says which family failed and how to repeat the step by hand."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from ethinfra.errors import ToolchainError
from ethinfra.process import CommandFailed, run, tail


def command(
    argv: Sequence[str | Path], family: str, *, cwd: Path, by_hand: Path, env: Mapping[str, str], within: float
) -> None:
    """ToolchainError with the end of the program's output if it fails.

    by_hand: the folder in which an operator would repeat it
    """
    try:
        run(argv, cwd=cwd, env=env, within=within)
    except CommandFailed as failed:
        raise ToolchainError(
            f"the family {family} could not be built",
            seen=f"{failed.seen if failed.code is None else ''}\n{tail(failed.output)}".strip(),
            todo=f"the same by hand: cd {by_hand} && {shlex.join(failed.argv)}",
        ) from failed

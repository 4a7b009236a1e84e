"""The one way to run another program: an argument list, a deadline, captured output, and the command in the error."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ethinfra.errors import EthinfraError

#: Lines of a program's output that an error shows.
TAIL_LINES = 25


@dataclass(frozen=True)
class Completed:
    """A program that has ended. `stdout` and `stderr` are text, without the final newline."""

    argv: tuple[str, ...]
    code: int
    stdout: str
    stderr: str

    @property
    def ok(self) -> bool:
        return self.code == 0


class CommandFailed(EthinfraError):
    """A program ended with a code other than 0, did not end in time, or could not be started."""

    def __init__(self, argv: Sequence[str], code: int | None, output: str, *, seen: str = "", todo: str = "") -> None:
        self.argv = tuple(argv)
        self.code = code
        self.output = output
        outcome = seen or f"exit code {code}"
        shown = tail(output)
        super().__init__(
            f"command failed: {shlex.join(argv)}",
            seen=f"{outcome}\n{shown}" if shown else outcome,
            todo=todo,
        )


def tail(text: str, lines: int = TAIL_LINES) -> str:
    """The last lines of a program's output."""
    return "\n".join(text.rstrip().splitlines()[-lines:])


def run(
    argv: Sequence[str | Path],
    *,
    within: float = 60,
    stdin: str | bytes | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    check: bool = True,
) -> Completed:
    """Run a program to its end.

    within: seconds; afterwards the program and its children are killed and CommandFailed is raised
    env:    added to this process' environment
    check:  False returns a failed program instead of raising CommandFailed
    """
    command = [str(part) for part in argv]
    data = stdin.encode() if isinstance(stdin, str) else stdin
    try:
        child = subprocess.Popen(
            command,
            stdin=subprocess.PIPE if data is not None else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **env} if env else None,
            cwd=cwd,
            # A group of its own, so that a deadline ends the grandchildren too.
            start_new_session=True,
        )
    except OSError as reason:
        raise CommandFailed(command, None, "", seen=str(reason), todo="see `ethinfra env check`") from reason
    try:
        out, err = child.communicate(data, timeout=within)
    except subprocess.TimeoutExpired as late:
        _kill_group(child)
        out, err = child.communicate()
        output = (err + out).decode(errors="replace")
        raise CommandFailed(command, None, output, seen=f"not finished within {round(within, 1):g}s") from late
    except BaseException:
        _kill_group(child)
        child.wait()
        raise
    done = Completed(
        tuple(command),
        child.returncode,
        out.decode(errors="replace").rstrip("\n"),
        err.decode(errors="replace").rstrip("\n"),
    )
    if check and not done.ok:
        raise CommandFailed(command, done.code, done.stderr or done.stdout)
    return done


def _kill_group(child: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        return

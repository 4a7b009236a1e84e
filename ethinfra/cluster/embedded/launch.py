"""Starting what outlives us: inside a control group from its first instruction, and nobody's child."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ethinfra.cluster.embedded.cgroups import Cgroups
from ethinfra.process import run

#: Joins the control groups that its arguments name up to `--`, then becomes the rest of its arguments. A process that
#: joins before it starts cannot leave anything outside; `0` means the writer itself.
_JOIN = 'while [ "$1" != -- ]; do echo 0 > "$1/cgroup.procs" || exit 125; shift; done; shift; exec "$@"'
#: The first argument is where output goes to.
_DETACH = 'log=$1; shift; exec setsid --fork "$@" </dev/null >>"$log" 2>&1'


def joining(cgroups: Cgroups, group: str, argv: Sequence[str | Path]) -> list[str]:
    """A command, changed so that it starts in a control group (which must exist)."""
    return joining_groups([str(path) for path in cgroups.paths(group)], argv)


def joining_groups(groups: Sequence[str], argv: Sequence[str | Path]) -> list[str]:
    """The same, for a control group that is given as its directories."""
    return ["/bin/sh", "-c", _JOIN, "sh", *groups, "--", *(str(part) for part in argv)]


def start_detached(cgroups: Cgroups, group: str, argv: Sequence[str | Path], log: Path) -> None:
    """Start a program in a control group and return at once; init reaps it. Its output is appended to `log`."""
    command = ["/bin/sh", "-c", _DETACH, "sh", str(log), *joining(cgroups, group, argv)]
    run(command, within=10, cwd=Path("/"))

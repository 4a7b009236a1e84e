"""Spaces: sets of network, mount and host name namespaces, each held open by one idle process.

Nothing is pinned in the file system (no /run/netns entry): when a space's processes are gone, the kernel removes its
mounts, links and addresses. The holder is found by its control group, so no record of it can be stale.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ethinfra.cluster.embedded.cgroups import Cgroups
from ethinfra.cluster.embedded.launch import start_detached
from ethinfra.process import Completed, run
from ethinfra.waiting import NotInTime, eventually


@dataclass(frozen=True)
class Space:
    """A space that exists, known by its holder's process id."""

    name: str
    holder: int

    def entering(self, argv: Sequence[str | Path]) -> list[str]:
        """A command, changed so that it runs in the space."""
        return ["nsenter", "-t", str(self.holder), "-n", "-m", "-u", "--", *(str(part) for part in argv)]

    def run(self, argv: Sequence[str | Path], **options: Any) -> Completed:
        """`process.run` in the space."""
        return run(self.entering(argv), **options)

    def path(self, path: str | Path) -> Path:
        """A path of the space as the machine sees it; valid while the space lives."""
        return Path(f"/proc/{self.holder}/root{path}")


def find_space(cgroups: Cgroups, group: str, name: str) -> Space | None:
    """The space whose holder is in a control group; None if nothing is."""
    for pid in cgroups.processes(group):
        if _holds(pid):
            return Space(name, pid)
    return None


def open_space(cgroups: Cgroups, group: str, name: str) -> Space:
    """The space of that name, made if it is absent. Its mounts are hidden from the machine."""
    found = find_space(cgroups, group, name)
    if found:
        return found
    cgroups.kill(group)
    cgroups.create(group)
    unshare = ["unshare", "--net", "--mount", "--uts", "--propagation", "private"]
    start_detached(cgroups, group, [*unshare, "sleep", "infinity"], Path("/dev/null"))
    try:
        space = eventually(f"space {name} is open", lambda: find_space(cgroups, group, name), within=10, every=0.01)
    except NotInTime:
        # Says why, if namespaces cannot be made at all.
        run([*unshare, "true"])
        raise
    space.run(["sh", "-c", f"hostname {name} && ip link set lo up"])
    return space


def _holds(pid: int) -> bool:
    """Whether a process is a holder that has finished making its namespaces: `sleep` is what it becomes at the end."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip() == "sleep"
    except (FileNotFoundError, ProcessLookupError):
        return False

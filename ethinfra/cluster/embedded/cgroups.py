"""Control groups, version 1 and 2: where the cluster's processes are counted, limited and found again.

Version 1 has a hierarchy per controller, each a mount below /sys/fs/cgroup; version 2 has one for all. A machine with
version 1 may mount version 2 as well, without controllers (`hybrid`): runc joins that one too, so it counts here.
"""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ethinfra.errors import ClusterError, MissingCapability
from ethinfra.waiting import eventually

#: What the kubelet needs (kubelet's validateSystemRequirements), by version.
_V1_CONTROLLERS = frozenset(
    {"blkio", "cpu", "cpuacct", "cpuset", "devices", "freezer", "hugetlb", "memory", "net_cls", "perf_event", "pids"}
)
_NEEDED_V1 = frozenset({"cpu", "cpuacct", "cpuset", "memory"})
_NEEDED_V2 = frozenset({"cpu", "cpuset", "memory", "pids"})


@dataclass(frozen=True)
class Hierarchy:
    """One mounted tree of control groups. `controllers` is empty for version 1's named trees and a bare version 2."""

    root: Path
    version: int
    controllers: frozenset[str]


@dataclass(frozen=True)
class Cgroups:
    """All trees of this machine."""

    hierarchies: tuple[Hierarchy, ...]

    @property
    def version(self) -> int:
        """The version that has the controllers, which is the one that kubelet and runc use."""
        return 2 if all(tree.version == 2 for tree in self.hierarchies) else 1

    def missing(self) -> list[str]:
        """Controllers that the kubelet needs and this machine does not have."""
        present = frozenset().union(*(tree.controllers for tree in self.hierarchies))
        return sorted((_NEEDED_V2 if self.version == 2 else _NEEDED_V1) - present)

    def paths(self, group: str) -> list[Path]:
        """A group's directory in every tree."""
        return [tree.root / group for tree in self.hierarchies]

    def create(self, group: str, *, delegate: bool = False) -> None:
        """Make a group and those above it, in every tree, ready to take processes. Repeating it changes nothing.

        delegate: its children get controllers too (version 2), so processes must not be put into it directly
        """
        for tree in self.hierarchies:
            parts = Path(group).parts
            for depth in range(1, len(parts) + 1):
                directory = tree.root.joinpath(*parts[:depth])
                if tree.version == 2:
                    _enable(directory.parent, tree.controllers)
                directory.mkdir(exist_ok=True)
                if tree.version == 1 and "cpuset" in tree.controllers:
                    # A new v1 cpuset is empty and takes no process until it has CPUs and memory nodes.
                    for name in ("cpuset.cpus", "cpuset.mems"):
                        _copy_down(directory, name)
            if delegate and tree.version == 2:
                _enable(tree.root / group, tree.controllers)

    def processes(self, group: str) -> list[int]:
        """Ids of all processes in a group and below, in any tree."""
        found: set[int] = set()
        for root in self.paths(group):
            for directory in _walk(root):
                found.update(_pids(directory))
        return sorted(found)

    def processes_of_container(self, group: str, identity: str) -> list[int]:
        """Ids of all processes of a container, whose control group is named by its id, somewhere below a group."""
        found: set[int] = set()
        for root in self.paths(group):
            for directory in _walk(root):
                if directory.name == identity:
                    for below in _walk(directory):
                        found.update(_pids(below))
        return sorted(found)

    def kill(self, group: str, *, within: float = 10) -> None:
        """End every process in a group and below; ClusterError if one survives. An absent group is fine."""

        def gone() -> bool:
            for root in self.paths(group):
                for directory in _walk(root):
                    _thaw(directory)
            alive = self.processes(group)
            for pid in alive:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
            return not alive

        eventually(
            f"all processes of control group {group} have ended",
            lambda: gone() or self.processes(group),
            until=lambda left: left is True or not left,
            within=within,
            every=0.05,
            hint=f"cat {self.paths(group)[0]}/cgroup.procs",
        )

    def remove(self, group: str, *, within: float = 10) -> None:
        """Remove a group with all groups below it; it must hold no process. An absent group is fine."""

        def removed() -> bool:
            for root in self.paths(group):
                for directory in _walk(root):
                    try:
                        directory.rmdir()
                    except FileNotFoundError:
                        continue
                    except OSError as reason:
                        if reason.errno != errno.EBUSY:
                            raise ClusterError(f"{directory} cannot be removed", seen=str(reason)) from None
            return not any(root.exists() for root in self.paths(group))

        eventually(f"control group {group} is gone", removed, within=within, every=0.05)

    def named(self, prefix: str) -> list[str]:
        """Names of top-level groups that start with a prefix, in any tree."""
        return sorted(
            {path.parent.name for tree in self.hierarchies for path in tree.root.glob(f"{prefix}*/cgroup.procs")}
        )


def detect(mounts: Path = Path("/proc/self/mounts")) -> Cgroups:
    """Read which trees this machine has. MissingCapability if none is mounted."""
    trees: list[Hierarchy] = []
    for line in mounts.read_text().splitlines():
        _, target, kind, options, *_ = line.split()
        root = Path(target)
        if kind == "cgroup2":
            controllers = (root / "cgroup.controllers").read_text().split()
            trees.append(Hierarchy(root, 2, frozenset(controllers)))
        elif kind == "cgroup":
            # The controllers stand among rw, relatime, name=systemd and the like.
            trees.append(Hierarchy(root, 1, frozenset(options.split(",")) & _V1_CONTROLLERS))
    unique = {tree.root: tree for tree in trees}
    if not unique:
        raise MissingCapability(
            "no control groups are mounted",
            expected="cgroup2 on /sys/fs/cgroup",
            todo="mount -t cgroup2 none /sys/fs/cgroup",
        )
    return Cgroups(tuple(unique.values()))


def _enable(directory: Path, controllers: frozenset[str]) -> None:
    """Hand the controllers of a version 2 group to its children; those that it lacks or cannot hand on are left out."""
    have = set((directory / "cgroup.controllers").read_text().split()) & controllers
    have -= set((directory / "cgroup.subtree_control").read_text().split())
    for controller in sorted(have):
        try:
            (directory / "cgroup.subtree_control").write_text(f"+{controller}")
        except OSError as reason:
            if controller in _NEEDED_V2:
                raise MissingCapability(
                    f"control group {directory} does not hand on the controller {controller}",
                    seen=str(reason),
                    todo="run on a host or container whose root control group is delegated",
                ) from reason


def _copy_down(directory: Path, name: str) -> None:
    own = directory / name
    if own.exists() and not own.read_text().strip():
        own.write_text((directory.parent / name).read_text())


def _walk(root: Path) -> Iterator[Path]:
    """A group and all below it, the deepest first; groups that vanish meanwhile are passed over."""
    for directory, _, _ in os.walk(root, topdown=False):
        yield Path(directory)


def _pids(directory: Path) -> list[int]:
    try:
        return [int(pid) for pid in (directory / "cgroup.procs").read_text().split()]
    except (FileNotFoundError, OSError):
        # The group was removed between listing and reading it.
        return []


def _thaw(directory: Path) -> None:
    """A frozen process does not die from SIGKILL before it is thawed (version 1)."""
    state = directory / "freezer.state"
    try:
        if state.exists() and state.read_text().strip() != "THAWED":
            state.write_text("THAWED")
    except FileNotFoundError:
        return

"""Control groups of both versions, on trees of ordinary folders."""

from __future__ import annotations

from pathlib import Path

import pytest

from ethinfra.cluster.embedded.cgroups import Cgroups, Hierarchy, detect
from ethinfra.errors import MissingCapability

V2_CONTROLLERS = "cpuset cpu io memory pids"


@pytest.fixture
def unified(tmp_path: Path) -> Path:
    """A version 2 root."""
    (tmp_path / "cgroup.controllers").write_text(V2_CONTROLLERS)
    (tmp_path / "cgroup.subtree_control").write_text("")
    return tmp_path


def mounts(tmp_path: Path, *lines: str) -> Path:
    file = tmp_path / "mounts"
    file.write_text("".join(f"{line}\n" for line in ["proc /proc proc rw 0 0", *lines]))
    return file


def test_version_1_is_detected_by_its_controllers(tmp_path: Path) -> None:
    found = detect(
        mounts(
            tmp_path,
            "cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,nosuid,cpu,cpuacct 0 0",
            "cgroup /sys/fs/cgroup/cpuset cgroup rw,cpuset 0 0",
            "cgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0",
            "cgroup /sys/fs/cgroup/systemd cgroup rw,name=systemd 0 0",
        )
    )

    assert found.version == 1
    assert found.missing() == []
    assert found.hierarchies[0].controllers == {"cpu", "cpuacct"}
    assert found.hierarchies[3].controllers == set()


def test_version_2_is_detected_by_its_file_system(tmp_path: Path, unified: Path) -> None:
    found = detect(mounts(tmp_path, f"cgroup2 {unified} cgroup2 rw,nsdelegate 0 0"))

    assert found.version == 2
    assert found.missing() == []


def test_a_bare_version_2_beside_version_1_does_not_count_as_version_2(tmp_path: Path, unified: Path) -> None:
    """The hybrid layout: runc and the kubelet use version 1 then, but runc joins both."""
    (unified / "cgroup.controllers").write_text("")

    found = detect(
        mounts(tmp_path, "cgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0", f"cgroup2 {unified} cgroup2 rw 0 0")
    )

    assert found.version == 1
    assert len(found.paths("group")) == 2
    assert found.missing() == ["cpu", "cpuacct", "cpuset"]


def test_no_control_groups_is_said(tmp_path: Path) -> None:
    with pytest.raises(MissingCapability):
        detect(mounts(tmp_path))


def test_version_2_hands_controllers_down_to_a_group(unified: Path) -> None:
    """A group has the controllers that the one above it hands on; a delegating one hands them on too."""
    groups = Cgroups((Hierarchy(unified, 2, frozenset(V2_CONTROLLERS.split())),))
    for directory in (unified / "top", unified / "top" / "nodes"):
        directory.mkdir()
        (directory / "cgroup.controllers").write_text(V2_CONTROLLERS)
        (directory / "cgroup.subtree_control").write_text("")

    groups.create("top/nodes")
    assert (unified / "cgroup.subtree_control").read_text() == "+pids"
    assert (unified / "top" / "cgroup.subtree_control").read_text() == "+pids"
    assert (unified / "top" / "nodes" / "cgroup.subtree_control").read_text() == ""

    groups.create("top/nodes", delegate=True)
    assert (unified / "top" / "nodes" / "cgroup.subtree_control").read_text() == "+pids"


def test_a_version_1_cpuset_gets_what_its_parent_has(tmp_path: Path) -> None:
    """A new one is empty, and takes no process so."""
    tree = tmp_path / "cpuset"
    (tree / "top").mkdir(parents=True)
    for name, value in (("cpuset.cpus", "0-1"), ("cpuset.mems", "0")):
        (tree / name).write_text(value)
        (tree / "top" / name).write_text("\n")

    Cgroups((Hierarchy(tree, 1, frozenset({"cpuset"})),)).create("top")

    assert (tree / "top" / "cpuset.cpus").read_text() == "0-1"
    assert (tree / "top" / "cpuset.mems").read_text() == "0"


def test_processes_are_found_below_a_group_in_every_tree(tmp_path: Path) -> None:
    """runc may have put a container's process into a tree that the kubelet does not use."""
    trees = []
    for name, pid in (("cpu", 11), ("memory", 12)):
        below = tmp_path / name / "top" / "pods" / "abc"
        below.mkdir(parents=True)
        (below / "cgroup.procs").write_text(f"{pid}\n")
        trees.append(Hierarchy(tmp_path / name, 1, frozenset({name})))
    groups = Cgroups(tuple(trees))

    assert groups.processes("top") == [11, 12]
    assert groups.processes_of_container("top", "abc") == [11, 12]
    assert groups.processes_of_container("top", "other") == []
    assert groups.processes("absent") == []


def test_groups_are_removed_from_the_inside_out(tmp_path: Path) -> None:
    (tmp_path / "top" / "a" / "b").mkdir(parents=True)
    groups = Cgroups((Hierarchy(tmp_path, 1, frozenset({"cpu"})),))

    groups.remove("top")
    groups.remove("top")

    assert not (tmp_path / "top").exists()

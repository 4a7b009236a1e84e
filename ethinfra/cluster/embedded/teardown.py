"""Taking a cluster down, from any state: what it consists of is found by its names, not by what a record says.

Processes are found by their control groups. With the last of them the kernel removes the spaces: their mounts (and
with these the loop devices), links, addresses and rules. What is left for us is the machine's link, the control groups,
files and, with the last cluster, shared settings.
"""

from __future__ import annotations

import shutil

from ethinfra.cluster.embedded import sysctls
from ethinfra.cluster.embedded.cgroups import Cgroups
from ethinfra.cluster.embedded.disk import loop_devices
from ethinfra.cluster.embedded.plan import ClusterPlan, load_plan
from ethinfra.cluster.embedded.slots import cluster_lock, machine_lock
from ethinfra.errors import ClusterError
from ethinfra.paths import state_dir
from ethinfra.process import run
from ethinfra.progress import Progress
from ethinfra.waiting import eventually


def tear_down(identity: str, cgroups: Cgroups, progress: Progress) -> None:
    """Leave nothing of a cluster. Nothing to remove is not an error."""
    directory, group = state_dir() / identity, f"ethinfra-{identity}"
    with cluster_lock(identity):
        plan = _readable_plan(identity)
        with progress.step("processes", within=20):
            # The supervisor first: it would start again what ends.
            cgroups.kill(f"{group}/supervisor")
            cgroups.kill(group, within=20)
        with progress.step("links", within=10):
            for link in _links(plan):
                run(["ip", "link", "delete", link], check=False)
        with progress.step("disks", within=30):
            eventually(
                f"the disks of cluster {identity} are released",
                lambda: loop_devices(directory),
                until=lambda devices: not devices,
                within=30,
                every=0.05,
                hint="losetup --list; a process outside of the cluster may be in one of its folders",
            )
        with progress.step("control groups and files", within=20):
            cgroups.remove(group)
            with machine_lock():
                shutil.rmtree(directory, ignore_errors=False)
                # Only folders are clusters; the record of settings is a file.
                if not any(path.is_dir() for path in state_dir().iterdir()):
                    sysctls.restore()
                    state_dir().rmdir()


def _readable_plan(identity: str) -> ClusterPlan | None:
    try:
        return load_plan(identity)
    except ClusterError:
        # A plan that cannot be read must not keep a cluster from being removed.
        return None


def _links(plan: ClusterPlan | None) -> list[str]:
    """The machine's link of a cluster. Without a plan none was made: the plan is written first."""
    return [plan.machine_link] if plan else []

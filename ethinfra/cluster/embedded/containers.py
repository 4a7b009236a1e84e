"""Reaching into a container from the machine: its processes are those of its control group."""

from __future__ import annotations

import os
import signal

from ethinfra.cluster.embedded.api import Api
from ethinfra.cluster.embedded.cgroups import Cgroups
from ethinfra.cluster.embedded.plan import ClusterPlan
from ethinfra.errors import ClusterError

#: A process may start another between listing and signalling; so often is looked again.
_PASSES = 3


def container_processes(plan: ClusterPlan, cgroups: Cgroups, namespace: str, pod: str, container: str) -> list[int]:
    """Process ids, as the machine counts them. ClusterError if the container does not run."""
    status = Api(plan).get(f"/api/v1/namespaces/{namespace}/pods/{pod}").get("status", {})
    known = [*status.get("containerStatuses", []), *status.get("initContainerStatuses", [])]
    found = next((one for one in known if one["name"] == container), None)
    if found is None:
        raise ClusterError(
            f"pod {namespace}/{pod} has no container {container}", expected=", ".join(one["name"] for one in known)
        )
    identity = found.get("containerID", "").rpartition("/")[2]
    processes = cgroups.processes_of_container(plan.cgroup, identity) if identity else []
    if not processes:
        raise ClusterError(
            f"container {container} of pod {namespace}/{pod} does not run", seen=", ".join(found.get("state", {}))
        )
    return processes


def signal_container(
    plan: ClusterPlan, cgroups: Cgroups, namespace: str, pod: str, container: str, number: int
) -> None:
    """Send a signal to every process of a container; those that it starts meanwhile get it too."""
    reached: set[int] = set()
    for _ in range(_PASSES):
        fresh = set(container_processes(plan, cgroups, namespace, pod, container)) - reached
        for pid in fresh:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue
        reached |= fresh
        # After a deadly signal there may be nothing left to look at.
        if not fresh or number not in (signal.SIGSTOP, signal.SIGCONT):
            return

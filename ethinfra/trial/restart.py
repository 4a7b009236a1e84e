"""A pod is deleted, its controller makes another one, and what can be seen of that."""

from __future__ import annotations

import time
from dataclasses import dataclass

from ethinfra.errors import ClusterError
from ethinfra.kube import Kube, Object, readiness
from ethinfra.waiting import eventually


@dataclass(frozen=True)
class Replaced:
    """seconds: from the request to the old pod's end. grace: what the pod was given for it, in seconds.

    exit_codes: of the containers whose end was seen; 137 is a process that was killed
    """

    pod: str
    uid: str
    seconds: float
    grace: float
    exit_codes: dict[str, int]


def replace_pod(kube: Kube, namespace: str, name: str, *, within: float) -> Replaced:
    """Delete a pod of a StatefulSet with its own grace period, and return once its successor is ready."""
    old = kube.get("Pod", name, namespace)
    if old is None:
        raise ClusterError(f"there is no pod {namespace}/{name}")
    uid, grace = old["metadata"]["uid"], old["spec"]["terminationGracePeriodSeconds"]
    codes: dict[str, int] = {}

    def look() -> str:
        pod = kube.get("Pod", name, namespace)
        if pod and pod["metadata"]["uid"] == uid:
            codes.update(_exit_codes(pod))
        return _uid(pod)

    began = time.monotonic()
    kube.kubectl("delete", "pod", "-n", namespace, name, "--wait=false")
    eventually(
        f"pod {namespace}/{name} has ended",
        look,
        until=lambda seen: seen != uid,
        within=grace + 30,
        every=0.1,
        hint=f"kubectl -n {namespace} describe pod {name}",
    )
    ended = time.monotonic() - began
    eventually(
        f"the new pod {namespace}/{name} is ready",
        lambda: readiness(kube.get("Pod", name, namespace)),
        until=lambda seen: seen == "ready",
        within=within,
        every=0.5,
        hint=f"kubectl -n {namespace} describe pod {name}",
    )
    return Replaced(name, uid, ended, grace, codes)


def must_have_ended_by_itself(replaced: Replaced, *, within: float) -> None:
    """The old pod ended within its grace period and these seconds, and nobody killed it. ClusterError if not."""
    limit = min(replaced.grace, within)
    if replaced.seconds >= limit:
        raise ClusterError(
            f"the end of {replaced.pod}",
            expected=f"below {limit:.0f}s",
            seen=f"it took {replaced.seconds:.1f}s of {limit:.0f}s",
        )
    killed = sorted(name for name, code in replaced.exit_codes.items() if code == 137)
    if killed:
        raise ClusterError(
            f"the end of {replaced.pod}", expected="no killed container", seen=f"killed: {', '.join(killed)}"
        )


def restarts(kube: Kube, namespace: str, name: str) -> dict[str, int]:
    """Restart counts of a pod's containers."""
    pod = kube.get("Pod", name, namespace) or {}
    return {one["name"]: one["restartCount"] for one in pod.get("status", {}).get("containerStatuses", [])}


def container_ready(kube: Kube, namespace: str, name: str) -> dict[str, bool]:
    """Whether each of a pod's containers is ready by its own probe."""
    pod = kube.get("Pod", name, namespace) or {}
    return {one["name"]: one["ready"] for one in pod.get("status", {}).get("containerStatuses", [])}


def must_not_restart_for_liveness(kube: Kube, namespace: str, name: str) -> None:
    """No container restarts for as long as the execution client's liveness probe would put up with a dead one."""
    pod = kube.get("Pod", name, namespace)
    if pod is None:
        raise ClusterError(f"there is no pod {namespace}/{name}")
    probe = next(one for one in pod["spec"]["containers"] if one["name"] == "execution")["livenessProbe"]
    window = probe["periodSeconds"] * (probe["failureThreshold"] + 1) + probe["timeoutSeconds"]
    before = restarts(kube, namespace, name)
    deadline = time.monotonic() + window
    seen = eventually(
        f"the liveness window of {namespace}/{name} is over",
        lambda: restarts(kube, namespace, name),
        until=lambda now: now != before or time.monotonic() >= deadline,
        within=window + 10,
        every=1,
    )
    if seen != before:
        raise ClusterError(f"containers of {namespace}/{name}", expected=f"restarts {before}", seen=f"restarts {seen}")


def _uid(pod: Object | None) -> str:
    return pod["metadata"]["uid"] if pod else ""


def _exit_codes(pod: Object) -> dict[str, int]:
    return {
        one["name"]: one["state"]["terminated"]["exitCode"]
        for one in pod["status"].get("containerStatuses", [])
        if "terminated" in one.get("state", {})
    }

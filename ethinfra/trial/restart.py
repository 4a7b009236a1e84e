"""A pod is deleted, its controller makes another one, and what can be seen of that."""

from __future__ import annotations

import time
from dataclasses import dataclass

from ethinfra.errors import ClusterError
from ethinfra.kube import Kube, Object
from ethinfra.waiting import eventually


@dataclass(frozen=True)
class Replaced:
    """seconds: from the request to the old pod's end. grace: what the pod was given for it, in seconds."""

    pod: str
    uid: str
    seconds: float
    grace: float


def replace_pod(kube: Kube, namespace: str, name: str, *, within: float) -> Replaced:
    """Delete a pod of a StatefulSet with its own grace period, and return once its successor is ready."""
    old = kube.get("Pod", name, namespace)
    if old is None:
        raise ClusterError(f"there is no pod {namespace}/{name}")
    uid, grace = old["metadata"]["uid"], old["spec"]["terminationGracePeriodSeconds"]
    began = time.monotonic()
    kube.kubectl("delete", "pod", "-n", namespace, name, "--wait=false")
    eventually(
        f"pod {namespace}/{name} has ended",
        lambda: _uid(kube.get("Pod", name, namespace)),
        until=lambda seen: seen != uid,
        within=grace + 30,
        every=0.25,
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
    return Replaced(name, uid, ended, grace)


def readiness(pod: Object | None) -> str:
    """`ready`, or what the pod lacks."""
    if pod is None:
        return "no pod"
    conditions = {one["type"]: one for one in pod["status"].get("conditions", [])}
    ready = conditions.get("Ready", {"status": "False"})
    return "ready" if ready["status"] == "True" else ready.get("message", "not ready yet")


def restarts(kube: Kube, namespace: str, name: str) -> dict[str, int]:
    """Restart counts of a pod's containers."""
    pod = kube.get("Pod", name, namespace) or {}
    return {one["name"]: one["restartCount"] for one in pod.get("status", {}).get("containerStatuses", [])}


def _uid(pod: Object | None) -> str:
    return pod["metadata"]["uid"] if pod else ""

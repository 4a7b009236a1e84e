"""Objects in the shape in which the API server gives them: what is rendered, and what controllers and kubelets add."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from ethinfra.kube import Object

LABELS = {"app.kubernetes.io/name": "geth", "app.kubernetes.io/instance": "sync"}

#: Of a controller that has done all its work.
DONE: dict[str, Object] = {
    "StatefulSet": {
        "observedGeneration": 1,
        "replicas": 2,
        "readyReplicas": 2,
        "availableReplicas": 2,
        "updatedReplicas": 2,
        "currentRevision": "geth-6c8",
        "updateRevision": "geth-6c8",
    },
    "Deployment": {"observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2},
    "DaemonSet": {
        "observedGeneration": 1,
        "desiredNumberScheduled": 2,
        "updatedNumberScheduled": 2,
        "numberAvailable": 2,
    },
    "Job": {"succeeded": 1, "conditions": [{"type": "Complete", "status": "True"}]},
    "Namespace": {"phase": "Active"},
    "APIService": {"conditions": [{"type": "Available", "status": "True", "message": "all checks passed"}]},
}


def rendered(kind: str, name: str = "geth", **metadata: Any) -> Object:
    """A manifest, as a chart has it."""
    api = {"StatefulSet": "apps/v1", "Deployment": "apps/v1", "DaemonSet": "apps/v1", "Job": "batch/v1"}.get(kind, "v1")
    one: Object = {"apiVersion": api, "kind": kind, "metadata": {"name": name, "namespace": "ethereum", **metadata}}
    if kind == "Namespace":
        del one["metadata"]["namespace"]
    if api != "v1":
        pod = {"metadata": {"labels": LABELS}, "spec": {"containers": [{"name": "execution", "image": "geth:1"}]}}
        one["spec"] = {"template": pod}
    if kind in ("StatefulSet", "Deployment"):
        one["spec"] |= {"replicas": 2, "selector": {"matchLabels": LABELS}}
    return one


def live(manifest: Object, **status: Any) -> Object:
    """A manifest as the API server has it, its controller's work done, but for what `status` says."""
    one = deepcopy(manifest)
    one["metadata"] |= {"uid": f"uid-of-{one['metadata']['name']}", "generation": 1, "resourceVersion": "4711"}
    one["metadata"]["managedFields"] = [{"manager": "helm"}]
    if one["kind"] == "Job":
        one["spec"]["selector"] = {"matchLabels": {"batch.kubernetes.io/controller-uid": "3f"}}
    one["status"] = {**DONE.get(one["kind"], {}), **status}
    return one


def pod(
    name: str = "geth-0", *, containers: list[Object] | None = None, labels: Object | None = None, **conditions: str
) -> Object:
    """A pod of the sync nodes; conditions by their type, as `Ready="False"`."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "ethereum", "uid": f"uid-of-{name}", "labels": labels or LABELS},
        "status": {
            "phase": "Running",
            "conditions": [{"type": kind, "status": value} for kind, value in conditions.items()],
            "containerStatuses": containers or [],
        },
    }


def crashing(name: str = "execution") -> Object:
    """The status of a container that the kubelet has given up for the moment."""
    return {
        "name": name,
        "ready": False,
        "restartCount": 4,
        "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 1m20s restarting failed container"}},
        "lastState": {"terminated": {"exitCode": 1, "reason": "Error"}},
    }


def event(of: Object, reason: str, message: str, at: str, kind: str = "Warning") -> Object:
    metadata = {"name": f"{of['metadata']['name']}.{at}", "namespace": "ethereum"}
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": metadata,
        "involvedObject": {"uid": of["metadata"]["uid"]},
        "type": kind,
        "reason": reason,
        "message": message,
        "lastTimestamp": at,
    }

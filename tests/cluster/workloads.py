"""Pods for the provider contract: BusyBox, which every cluster of ours has, under the restricted profile."""

from __future__ import annotations

from typing import Any

from ethinfra.images import find_image
from ethinfra.kube import Kube
from ethinfra.process import Completed
from ethinfra.waiting import eventually

NAMESPACE = "contract"
STORAGE_CLASS = "contract-local"
#: Every pod serves HTTP here.
PORT = 8000


def prepare(kube: Kube) -> None:
    """The namespace and the storage class of all workloads."""
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    kube.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": labels}})
    kube.apply(
        {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "StorageClass",
            "metadata": {"name": STORAGE_CLASS},
            "provisioner": "rancher.io/local-path",
            "volumeBindingMode": "WaitForFirstConsumer",
            "reclaimPolicy": "Delete",
        }
    )


def start(kube: Kube, name: str, *, claim: str = "", node: str = "") -> str:
    """A pod that serves its own name over HTTP; returns its name when it is ready."""
    serve = f"mkdir /tmp/www && echo {name} > /tmp/www/index.html && exec httpd -f -p {PORT} -h /tmp/www"
    mounts, volumes = [{"name": "tmp", "mountPath": "/tmp"}], [{"name": "tmp", "emptyDir": {}}]  # noqa: S108 -- in the pod
    if claim:
        mounts.append({"name": "data", "mountPath": "/data"})
        volumes.append({"name": "data", "persistentVolumeClaim": {"claimName": claim}})  # type: ignore[dict-item]
    container = {
        "name": "shell",
        "image": find_image("busybox").reference,
        "command": ["sh", "-c", serve],
        "readinessProbe": {"httpGet": {"path": "/", "port": PORT}, "periodSeconds": 1},
        "resources": {"requests": {"cpu": "5m", "memory": "8Mi"}, "limits": {"memory": "32Mi"}},
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        "volumeMounts": mounts,
    }
    spec: dict[str, Any] = {
        "containers": [container],
        "volumes": volumes,
        "enableServiceLinks": False,
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": 0,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 10001,
            "fsGroup": 10001,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }
    if node:
        spec["nodeSelector"] = {"kubernetes.io/hostname": node}
    kube.apply({"apiVersion": "v1", "kind": "Pod", "metadata": _metadata(name, {"app": name}), "spec": spec})
    eventually(
        f"pod {name} is ready",
        lambda: _conditions(kube, name),
        until=lambda seen: "Ready" in seen,
        within=60,
        hint=f"kubectl -n {NAMESPACE} describe pod {name}",
    )
    return name


def claim(kube: Kube, name: str) -> None:
    spec = {
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": STORAGE_CLASS,
        "resources": {"requests": {"storage": "16Mi"}},
    }
    kube.apply({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": _metadata(name), "spec": spec})


def deny_all(app: str) -> dict[str, Any]:
    """Nobody may reach the pods of an app."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": _metadata(f"deny-{app}"),
        "spec": {"podSelector": {"matchLabels": {"app": app}}, "policyTypes": ["Ingress"]},
    }


def privileged() -> dict[str, Any]:
    container = {"name": "shell", "image": find_image("busybox").reference, "securityContext": {"privileged": True}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": _metadata("privileged"), "spec": {"containers": [container]}}


def service(app: str) -> dict[str, Any]:
    spec = {"selector": {"app": app}, "ports": [{"port": 80, "targetPort": PORT}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": _metadata(app), "spec": spec}


def shell(kube: Kube, pod: str, command: str, *, check: bool = True) -> Completed:
    return kube.exec(NAMESPACE, pod, "shell", "sh", "-c", command, within=30, check=check)


def fetch(kube: Kube, pod: str, address: str, port: int = PORT) -> str:
    """What another pod serves; empty if it is not reached. By hand, since a static BusyBox's wget needs a resolver."""
    request = f"(printf 'GET / HTTP/1.0\\r\\n\\r\\n'; sleep 1) | timeout 3 nc -w 2 {address} {port}"
    return shell(kube, pod, request, check=False).stdout.strip().rpartition("\n")[2]


def address(kube: Kube, pod: str) -> str:
    return str(_get(kube, pod)["status"]["podIP"])


def node_of(kube: Kube, pod: str) -> str:
    return str(_get(kube, pod)["spec"]["nodeName"])


def restarts(kube: Kube, pod: str) -> int:
    return sum(one["restartCount"] for one in _get(kube, pod)["status"]["containerStatuses"])


def _get(kube: Kube, pod: str) -> dict[str, Any]:
    found = kube.get("Pod", pod, NAMESPACE)
    assert found is not None, f"pod {pod} is gone"
    return found


def _conditions(kube: Kube, pod: str) -> set[str]:
    seen = _get(kube, pod)["status"].get("conditions") or []
    return {one["type"] for one in seen if one["status"] == "True"}


def _metadata(name: str, labels: dict[str, str] | None = None) -> dict[str, Any]:
    return {"name": name, "namespace": NAMESPACE, "labels": labels or {}}

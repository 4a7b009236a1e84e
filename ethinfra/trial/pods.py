"""Pods to try things from: hardened like any other workload, idle until they are asked to run a line of Python."""

from __future__ import annotations

import secrets
import subprocess
from dataclasses import dataclass
from typing import Any

from ethinfra.images import find_image
from ethinfra.kube import Kube, Object
from ethinfra.process import Completed
from ethinfra.waiting import eventually

#: Namespace of the trials that do not have to be somewhere else. No layer owns it, so no policy of a layer covers it.
NAMESPACE = "trial"

LABEL = "ethinfra.io/trial"

#: The image of every trial pod: the node probe's, because it is in every deployment and carries Python.
IMAGE = "node-probe"

#: Where a trial pod listens that is there to be reached.
PORT = 8080

#: The folder that it serves over HTTP.
SERVED = "/served"


@dataclass(frozen=True)
class TrialPod:
    """A pod that runs and waits for commands."""

    kube: Kube
    namespace: str
    name: str

    def python(self, code: str, *args: str, within: float = 30, check: bool = True) -> Completed:
        """Run Python code in the pod; `args` are its `sys.argv[1:]`."""
        return self.kube.exec(
            self.namespace, self.name, "trial", "python3", "-c", code, *args, within=within, check=check
        )

    def start_python(self, code: str, *args: str) -> subprocess.Popen[bytes]:
        """Run Python code in the pod and do not wait for it; its input ends when the caller closes it."""
        return self.kube.start(
            "exec", "-i", "-n", self.namespace, self.name, "-c", "trial", "--", "python3", "-c", code, *args
        )

    def address(self) -> str:
        """Its IP address."""
        address: str = (self.kube.get("Pod", self.name, self.namespace) or {})["status"]["podIP"]
        return address

    def serve(self, name: str, content: bytes, *, within: float = 30) -> str:
        """Serve a file over HTTP, in a pod that listens on PORT; its address, for other pods."""
        code = "import sys; open(sys.argv[1], 'wb').write(sys.stdin.buffer.read())"
        self.kube.kubectl(
            "exec", "-i", "-n", self.namespace, self.name, "-c", "trial", "--",
            "python3", "-c", code, f"{SERVED}/{name}",
            stdin=content, within=within,
        )  # fmt: skip
        return f"http://{self.address()}:{PORT}/{name}"

    def delete(self) -> None:
        """Remove the pod at once: it has nothing to save."""
        self.kube.delete("Pod", self.name, self.namespace, grace=0)


class TrialPods:
    """Makes trial pods for one run, and removes them when the run is over."""

    def __init__(self, kube: Kube, run_id: str, *, within: float) -> None:
        self._kube = kube
        self._run_id = run_id
        self._within = within
        self._made: list[TrialPod] = []

    def prepare_namespace(self) -> None:
        """The namespace `trial`, restricted like those of the layers."""
        self._kube.apply(
            {
                "apiVersion": "v1",
                "kind": "Namespace",
                "metadata": {
                    "name": NAMESPACE,
                    "labels": {LABEL: "namespace", "pod-security.kubernetes.io/enforce": "restricted"},
                },
            }
        )

    def start(
        self,
        purpose: str,
        *,
        namespace: str = NAMESPACE,
        labels: dict[str, str] | None = None,
        claim: str | None = None,
        node: str | None = None,
        image: str | None = None,
        listens: int | None = None,
        reserved: str = "",
    ) -> TrialPod:
        """A pod that runs; NotInTime says what its containers wait for.

        purpose: part of its name
        claim:   a PersistentVolumeClaim to mount at /claim
        node:    name of the Kubernetes node to run on
        image:   another reference to an image that carries Python
        listens: a TCP port on which it answers HTTP with the files that it serves; none at first
        reserved: CPU that is kept free for it and that it cannot exceed, such as 500m
        """
        if namespace == NAMESPACE:
            self.prepare_namespace()
        name = f"trial-{purpose}-{secrets.token_hex(3)}"
        self._kube.apply(
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {
                    "name": name,
                    "namespace": namespace,
                    "labels": {LABEL: self._run_id, **(labels or {})},
                },
                "spec": _spec(image or find_image(IMAGE).reference, claim, node, listens, reserved),
            }
        )
        pod = TrialPod(self._kube, namespace, name)
        self._made.append(pod)
        eventually(
            f"pod {namespace}/{name} runs",
            lambda: _phase(self._kube.get("Pod", name, namespace)),
            until=lambda phase: phase == "Running",
            within=self._within,
            every=0.25,
            hint=f"kubectl -n {namespace} describe pod {name}",
        )
        return pod

    def remove_all(self) -> None:
        """Delete every pod that this object made."""
        while self._made:
            self._made.pop().delete()


_WAIT = ["python3", "-c", "import signal; signal.sigwait({signal.SIGTERM, signal.SIGINT})"]


def _spec(image: str, claim: str | None, node: str | None, listens: int | None, reserved: str) -> Object:
    container: dict[str, Any] = {
        "name": "trial",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["python3", "-m", "http.server", str(listens), "--directory", SERVED] if listens else _WAIT,
        "resources": {
            "requests": {"cpu": reserved or "10m", "memory": "32Mi"},
            "limits": {"cpu": reserved or "500m", "memory": "128Mi"},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }
    # What is mounted: name → place and kind of volume.
    mounts: dict[str, tuple[str, Object]] = {
        **({"claim": ("/claim", {"persistentVolumeClaim": {"claimName": claim}})} if claim else {}),
        **({"served": (SERVED, {"emptyDir": {"sizeLimit": "64Mi"}})} if listens else {}),
    }
    container["volumeMounts"] = [{"name": name, "mountPath": place} for name, (place, _) in mounts.items()]
    return {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 1,
        "enableServiceLinks": False,
        "automountServiceAccountToken": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 10001,
            "runAsGroup": 10001,
            "fsGroup": 10001,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
        "volumes": [{"name": name, **volume} for name, (_, volume) in mounts.items()],
        **({"nodeName": node} if node else {}),
    }


def _phase(pod: Object | None) -> str:
    """`Running`, or what the pod waits for, in words for the failure."""
    if pod is None:
        return "the pod is gone"
    status = pod.get("status", {})
    if status.get("phase") == "Running":
        return "Running"
    waits = [
        f"{state['name']}: {waiting.get('reason')} {waiting.get('message', '')}".strip()
        for state in status.get("containerStatuses", [])
        if (waiting := state.get("state", {}).get("waiting"))
    ]
    conditions = [
        c.get("message", "") for c in status.get("conditions", []) if c.get("status") == "False" and c.get("message")
    ]
    return f"{status.get('phase')}: {'; '.join(waits or conditions) or 'no reason given yet'}"

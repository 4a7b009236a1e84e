"""The infrastructure layer is there to keep the others apart: Pod Security must refuse, policies must deny."""

from __future__ import annotations

import json

from ethinfra.environment import Environment
from ethinfra.errors import LayerUnhealthy
from ethinfra.kube import Kube, Object

#: Breaks every profile but `privileged`.
_PRIVILEGED_POD: Object = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"generateName": "layer-check-"},
    "spec": {
        "containers": [
            {
                "name": "privileged",
                "image": "layer.check/nothing:none",
                "securityContext": {"privileged": True},
                "resources": {"requests": {"cpu": "1m", "memory": "1Mi"}, "limits": {"cpu": "1m", "memory": "1Mi"}},
            }
        ]
    },
}


def check(kube: Kube, environment: Environment) -> None:
    """LayerUnhealthy where a namespace of a layer admits a privileged pod, or default-deny policies are missing."""
    problems = []
    for namespace in sorted({layer.namespace for layer in environment.layers} - {"kube-system"}):
        problems += [f"namespace {namespace} {problem}" for problem in _namespace(kube, namespace)]
    if problems:
        raise LayerUnhealthy("the infrastructure layer does not keep workloads apart", seen="\n".join(problems))


def _namespace(kube: Kube, namespace: str) -> list[str]:
    live = kube.get("Namespace", namespace)
    if live is None:
        return ["does not exist"]
    problems = []
    if live["metadata"].get("labels", {}).get("pod-security.kubernetes.io/enforce") != "privileged":
        tried = kube.kubectl(
            "create", "-n", namespace, "--dry-run=server", "-f", "-", stdin=json.dumps(_PRIVILEGED_POD), check=False
        )
        if tried.ok:
            problems.append("admits a privileged pod")
        elif "violates PodSecurity" not in tried.stderr:
            problems.append(f"refuses a privileged pod for another reason than Pod Security: {tried.stderr}")
    deny = kube.get("NetworkPolicy", "default-deny", namespace)
    if deny is None or deny["spec"].get("podSelector") or deny["spec"].get("ingress") or deny["spec"].get("egress"):
        problems.append("has no policy that denies by default")
    return problems

"""The infrastructure layer keeps the others apart: Pod Security must refuse, policies must deny. And it scales."""

from __future__ import annotations

import json

from ethinfra.environment import Environment
from ethinfra.errors import LayerUnhealthy
from ethinfra.kube import Kube, Object

#: What our objects are part of, by their labels.
OURS = "ethereum-node-infra"

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


#: The API by which autoscalers ask for metrics, and what KEDA's operator says of a ScaledObject that does not exist.
_EXTERNAL_METRICS = "v1beta1.external.metrics.k8s.io"
_NOBODY = "layer-check"
_NOT_FOUND = f'ScaledObject.keda.sh "{_NOBODY}" not found'


def check(kube: Kube, environment: Environment) -> None:
    """LayerUnhealthy where a namespace admits a privileged pod or has no default-deny policy, or our KEDA is silent."""
    problems = []
    for namespace in sorted({layer.namespace for layer in environment.layers} - {"kube-system"}):
        problems += [f"namespace {namespace} {problem}" for problem in _namespace(kube, namespace)]
    if problems:
        raise LayerUnhealthy("the infrastructure layer does not keep workloads apart", seen="\n".join(problems))
    _keda_must_answer(kube, environment.layer("ethereum").namespace)


def _keda_must_answer(kube: Kube, namespace: str) -> None:
    """Adapter and operator are both ready without each other, so something is asked that only the operator knows.

    Whether there is an adapter is told by the layer's objects, and somebody else's is not ours to judge.
    """
    service = kube.get("APIService", _EXTERNAL_METRICS)
    if service is None or service["metadata"].get("labels", {}).get("app.kubernetes.io/part-of") != OURS:
        return
    of = f"labelSelector=scaledobject.keda.sh%2Fname%3D{_NOBODY}"
    path = f"/apis/external.metrics.k8s.io/v1beta1/namespaces/{namespace}/{_NOBODY}?{of}"
    # The adapter would wait for the operator for longer than anybody asks.
    asked = kube.kubectl("get", "--raw", path, "--request-timeout=5s", check=False)
    if _NOT_FOUND not in asked.stderr:
        raise LayerUnhealthy(
            "autoscalers get no metrics from KEDA",
            expected=f"its operator's answer: {_NOT_FOUND}",
            seen=asked.stderr or asked.stdout,
            todo="kubectl -n keda get pods; kubectl -n keda logs deployment/keda-metrics-apiserver",
        )


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

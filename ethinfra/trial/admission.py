"""What the API server admits and serves."""

from __future__ import annotations

import json

from ethinfra.kube import Kube
from ethinfra.process import Completed
from ethinfra.waiting import eventually


def try_privileged_pod(kube: Kube, namespace: str) -> Completed:
    """Ask for a privileged pod, as a server-side dry run: admission answers, nothing is created."""
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "trial-privileged"},
        "spec": {
            "containers": [
                {
                    "name": "trial",
                    "image": "registry.k8s.io/pause:3.10.1",
                    "securityContext": {"privileged": True},
                    # Quotas of the namespace ask for these; without them the answer would be about quotas.
                    "resources": {
                        "requests": {"cpu": "1m", "memory": "1Mi"},
                        "limits": {"cpu": "1m", "memory": "8Mi"},
                    },
                }
            ]
        },
    }
    return kube.kubectl("create", "-n", namespace, "--dry-run=server", "-f", "-", stdin=json.dumps(pod), check=False)


def must_have_node_metrics(kube: Kube, *, within: float) -> None:
    """The metrics API has figures of every node; it needs two scrapes before its first answer."""
    nodes = {node["metadata"]["name"] for node in kube.list("Node")}

    def measured() -> set[str]:
        return {
            item["metadata"]["name"]
            for item in kube.list("NodeMetrics", api_version="metrics.k8s.io/v1beta1")
            if item["usage"].get("memory", "0") != "0"
        }

    eventually(
        f"the metrics API reports the usage of {', '.join(sorted(nodes))}",
        measured,
        until=lambda seen: seen >= nodes,
        within=within,
        hint="kubectl -n kube-system logs deployment/metrics-server",
    )

"""Who decides how many pods there are."""

from __future__ import annotations

from ethinfra.deploy.render import title
from ethinfra.deploy.rules.manifests import Manifests


def autoscaled_workloads_state_no_replicas(manifests: Manifests) -> list[str]:
    """Where an autoscaler decides, the workload has no `replicas` of its own: each apply would set them back."""
    said = []
    for scaler in manifests.of_kind("HorizontalPodAutoscaler"):
        wanted = scaler["spec"]["scaleTargetRef"]
        found = [
            pods.owner
            for pods in manifests.workloads
            if (pods.owner["kind"], pods.owner["metadata"]["name"]) == (wanted["kind"], wanted["name"])
            and pods.namespace == scaler["metadata"]["namespace"]
        ]
        if not found:
            said.append(f"{title(scaler)}: scales {wanted['kind']} {wanted['name']}, which is not rendered")
        said += [
            f"{title(one)}: states replicas, and {title(scaler)} decides them"
            for one in found
            if "replicas" in one["spec"]
        ]
        if scaler["spec"].get("minReplicas", 1) > scaler["spec"]["maxReplicas"]:
            said.append(f"{title(scaler)}: minReplicas is above maxReplicas")
    return said


def autoscalers_know_what_is_used(manifests: Manifests) -> list[str]:
    """A share of a resource is a share of what is requested: every container of the target requests it."""
    said = []
    for scaler in manifests.of_kind("HorizontalPodAutoscaler"):
        target = scaler["spec"]["scaleTargetRef"]["name"]
        resources = [one["resource"]["name"] for one in scaler["spec"].get("metrics", []) if one["type"] == "Resource"]
        if not scaler["spec"].get("metrics"):
            said.append(f"{title(scaler)}: has no metrics to scale by")
        said += [
            f"{pods.title}: container {container['name']} requests no {resource}, which {title(scaler)} scales by"
            for pods in manifests.workloads
            if pods.owner["metadata"]["name"] == target and pods.namespace == scaler["metadata"]["namespace"]
            for container in pods.containers
            for resource in resources
            if resource not in container.get("resources", {}).get("requests", {})
        ]
    return said


RULES = (autoscaled_workloads_state_no_replicas, autoscalers_know_what_is_used)

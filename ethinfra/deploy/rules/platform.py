"""Namespaces and their limits, priorities, storage classes (PLAT-03, PLAT-04)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal

from ethinfra.deploy.render import title
from ethinfra.deploy.rules.manifests import Manifests, Pods
from ethinfra.deploy.rules.quantities import quantity
from ethinfra.kube import Object

_POD_SECURITY = "pod-security.kubernetes.io"

_REASON = "ethinfra.io/pod-security-reason"

#: Priority classes that every cluster has.
_BUILT_IN = ("system-cluster-critical", "system-node-critical")


def namespaces_enforce_pod_security(manifests: Manifests) -> list[str]:
    """Objects live in namespaces of ours, which enforce `restricted`, or say why not, and stay with their claims."""
    rendered = {one["metadata"]["name"]: one["metadata"] for one in manifests.of_kind("Namespace")}
    said = []
    for name in manifests.namespaces:
        metadata = rendered.get(name)
        if metadata is None:
            said.append(f"Namespace {name}: is not rendered, and objects live in it")
            continue
        labels, annotations = metadata.get("labels", {}), metadata.get("annotations", {})
        enforced = labels.get(f"{_POD_SECURITY}/enforce")
        if enforced not in ("restricted", "baseline", "privileged"):
            said.append(f"Namespace {name}: enforces no Pod Security")
        elif enforced != "restricted" and not annotations.get(_REASON):
            said.append(f"Namespace {name}: enforces only {enforced} and does not say why")
        if labels.get(f"{_POD_SECURITY}/warn") != "restricted":
            said.append(f"Namespace {name}: does not warn of what `restricted` would refuse")
        if annotations.get("helm.sh/resource-policy") != "keep":
            said.append(f"Namespace {name}: would take its claims along when the release is removed")
    return said


def namespaces_have_limits(manifests: Manifests) -> list[str]:
    """Where pods run there is a quota for all and a default for each."""
    said = []
    for namespace in sorted({pods.namespace for pods in manifests.pods}):
        for kind in ("ResourceQuota", "LimitRange"):
            if not any(one["metadata"]["namespace"] == namespace for one in manifests.of_kind(kind)):
                said.append(f"Namespace {namespace}: has no {kind}")
    return said


def quotas_hold_what_is_rendered(manifests: Manifests) -> list[str]:
    """A quota that is too small keeps a pod or a claim from being made, which is seen late and elsewhere.

    As many replicas as an autoscaler may ask for, and every job at once.
    """
    said = []
    for quota in manifests.of_kind("ResourceQuota"):
        needed: dict[str, Decimal] = defaultdict(Decimal)
        for pods in manifests.pods:
            if pods.namespace == quota["metadata"]["namespace"]:
                for resource, amount in _needs(pods):
                    needed[resource] += amount * manifests.replicas(pods)[1]
        for claim in manifests.of_kind("PersistentVolumeClaim"):
            if claim["metadata"]["namespace"] == quota["metadata"]["namespace"]:
                needed["persistentvolumeclaims"] += 1
                needed["requests.storage"] += quantity(claim["spec"]["resources"]["requests"]["storage"])
        for resource, limit in quota["spec"]["hard"].items():
            if needed[resource] > quantity(limit):
                said.append(f"{title(quota)}: {resource} is {limit}, and {needed[resource]:f} are needed")
    return said


def priorities_exist(manifests: Manifests) -> list[str]:
    """A pod of an unknown priority is refused; one without a priority goes first when a node is full."""
    known = {one["metadata"]["name"] for one in manifests.of_kind("PriorityClass")} | set(_BUILT_IN)
    return [
        f"{pods.title}: priorityClassName is {pods.spec.get('priorityClassName')!r}, not one of {sorted(known)}"
        for pods in manifests.pods
        if pods.spec.get("priorityClassName") not in known
    ]


def storage_classes_exist(manifests: Manifests) -> list[str]:
    """Each claim names a class that is rendered, or its volume, and each class says what becomes of its volumes."""
    classes = {one["metadata"]["name"]: one for one in manifests.of_kind("StorageClass")}
    volumes = {one["metadata"]["name"] for one in manifests.of_kind("PersistentVolume")}
    said = [
        f"{title(owner)}: claim {claim['metadata']['name']} is of class {name!r}, which does not exist"
        for owner, claim in _claims(manifests)
        if (name := claim["spec"].get("storageClassName")) not in classes
        and not (name == "" and claim["spec"].get("volumeName") in volumes)
    ]
    for one in classes.values():
        stated = ("provisioner", "reclaimPolicy", "volumeBindingMode", "allowVolumeExpansion")
        said += [f"{title(one)}: does not say {field}" for field in stated if field not in one]
    return said


def passing_claims_leave_nothing(manifests: Manifests) -> list[str]:
    """A claim that goes with its pod is of a class that deletes the volume: else each pod would leave one behind."""
    classes = {one["metadata"]["name"]: one.get("reclaimPolicy") for one in manifests.of_kind("StorageClass")}
    return [
        f"{pods.title}: claim {claim['metadata']['name']} goes with its pod, and class {name} keeps its volumes"
        for pods in manifests.pods
        for claim in pods.passing_claims
        if classes.get(name := claim["spec"].get("storageClassName"), "Delete") != "Delete"
    ]


RULES = (
    namespaces_enforce_pod_security,
    namespaces_have_limits,
    quotas_hold_what_is_rendered,
    priorities_exist,
    storage_classes_exist,
    passing_claims_leave_nothing,
)


def _claims(manifests: Manifests) -> Iterator[tuple[Object, Object]]:
    for pods in manifests.pods:
        for claim in pods.claims:
            yield pods.owner, claim
    for claim in manifests.of_kind("PersistentVolumeClaim"):
        yield claim, claim


def _needs(pods: Pods) -> Iterator[tuple[str, Decimal]]:
    """What one pod takes of a quota, with its claims."""
    yield "pods", Decimal(1)
    for resource in ("cpu", "memory"):
        # Init containers run one after the other, before the others and beside the sidecars that were started before.
        beside, before = Decimal(), [Decimal()]
        for one in pods.before:
            if one.get("restartPolicy") == "Always":
                beside += _request(one, resource)
            before.append(beside + (0 if one.get("restartPolicy") == "Always" else _request(one, resource)))
        running = beside + sum((_request(one, resource) for one in pods.containers), Decimal())
        yield f"requests.{resource}", max([running, *before])
    for claim in pods.claims:
        yield "persistentvolumeclaims", Decimal(1)
        yield "requests.storage", quantity(claim["spec"]["resources"]["requests"]["storage"])


def _request(container: Object, resource: str) -> Decimal:
    return quantity(container.get("resources", {}).get("requests", {}).get(resource, 0))

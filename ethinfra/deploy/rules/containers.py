"""What a container may do, and what it may use (SEC-01, SEC-02)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ethinfra.deploy.rules.manifests import Manifests, Pods
from ethinfra.kube import Object

#: Tags that mean another image tomorrow.
MOVING_TAGS = ("latest", "stable", "main", "master", "edge", "nightly")


def containers_run_as_non_root(manifests: Manifests) -> list[str]:
    """No container runs as root, and the kubelet makes sure of it, whatever the image says."""

    def problem(pods: Pods, container: Object) -> str:
        user = _effective(pods, container, "runAsUser")
        if _effective(pods, container, "runAsNonRoot") is not True or user == 0:
            return "may run as root"
        return "" if user else "names no user"

    return _each(manifests, problem)


def root_file_systems_are_read_only(manifests: Manifests) -> list[str]:
    """What a container writes, it writes to a volume that the pod names."""

    def problem(_: Pods, container: Object) -> str:
        return "" if _security(container).get("readOnlyRootFilesystem") is True else "may write to its image"

    return _each(manifests, problem)


def privileges_do_not_grow(manifests: Manifests) -> list[str]:
    """No set-user-id program, and no privileged container."""

    def problem(_: Pods, container: Object) -> str:
        if _security(container).get("privileged"):
            return "is privileged"
        return "" if _security(container).get("allowPrivilegeEscalation") is False else "may gain privileges"

    return _each(manifests, problem)


def capabilities_are_dropped(manifests: Manifests) -> list[str]:
    """All of them; none of the clients needs one."""

    def problem(_: Pods, container: Object) -> str:
        capabilities = _security(container).get("capabilities", {})
        if capabilities.get("add"):
            return f"adds capabilities {capabilities['add']}"
        return "" if "ALL" in capabilities.get("drop", []) else "does not drop all capabilities"

    return _each(manifests, problem)


def system_calls_are_filtered(manifests: Manifests) -> list[str]:
    """By the container runtime's own profile."""

    def problem(pods: Pods, container: Object) -> str:
        profile = _effective(pods, container, "seccompProfile") or {}
        return "" if profile.get("type") == "RuntimeDefault" else f"has seccomp profile {profile.get('type')}"

    return _each(manifests, problem)


def pods_stay_off_the_host(manifests: Manifests) -> list[str]:
    """No network, processes, paths or ports of the Kubernetes node."""
    said = []
    for pods in manifests.pods:
        said += [f"{pods.title}: uses {key}" for key in ("hostNetwork", "hostPID", "hostIPC") if pods.spec.get(key)]
        said += [
            f"{pods.title}: volume {volume['name']} is a host path"
            for volume in pods.spec.get("volumes", [])
            if "hostPath" in volume
        ]
        said += [
            f"{pods.title}: container {container['name']} takes port {port['hostPort']} of the host"
            for container in pods.all_containers
            for port in container.get("ports", [])
            if "hostPort" in port
        ]
    return said


def resources_are_stated(manifests: Manifests) -> list[str]:
    """CPU and memory that a container needs, and the memory at which it ends. CPU may be unlimited: it only slows."""

    def problem(_: Pods, container: Object) -> str:
        resources = container.get("resources", {})
        stated = {(kind, name) for kind in ("requests", "limits") for name in resources.get(kind, {})}
        missing = {("requests", "cpu"), ("requests", "memory"), ("limits", "memory")} - stated
        return "".join(f"states no {name} in its {kind}" for kind, name in sorted(missing)[:1])

    return _each(manifests, problem)


def images_are_named_exactly(manifests: Manifests) -> list[str]:
    """By registry and by a tag that stays, or by digest."""

    def problem(_: Pods, container: Object) -> str:
        name, _, digest = container["image"].partition("@")
        repository, colon, tag = name.rpartition(":")
        if "/" in tag:  # the colon was that of the registry's port
            repository, colon, tag = name, "", ""
        if not digest and (not colon or tag in MOVING_TAGS):
            return f"runs {container['image']}, which may be another image tomorrow"
        host = (repository or name).partition("/")[0]
        return "" if "." in host or ":" in host else f"runs {container['image']}, of no registry"

    return _each(manifests, problem)


def services_stay_out_of_the_environment(manifests: Manifests) -> list[str]:
    """A Service called geth would set GETH_PORT, which geth and others read as their own setting."""
    return [
        f"{pods.title}: enableServiceLinks is not false"
        for pods in manifests.pods
        if pods.spec.get("enableServiceLinks") is not False
    ]


RULES = (
    containers_run_as_non_root,
    root_file_systems_are_read_only,
    privileges_do_not_grow,
    capabilities_are_dropped,
    system_calls_are_filtered,
    pods_stay_off_the_host,
    resources_are_stated,
    images_are_named_exactly,
    services_stay_out_of_the_environment,
)


def _each(manifests: Manifests, problem: Callable[[Pods, Object], str]) -> list[str]:
    return [
        f"{pods.title}: container {container['name']} {found}"
        for pods in manifests.pods
        for container in pods.all_containers
        if (found := problem(pods, container))
    ]


def _security(container: Object) -> Object:
    return container.get("securityContext") or {}


def _effective(pods: Pods, container: Object, field: str) -> Any:
    """A field of the container's security context; the pod's where the container says nothing."""
    own = _security(container)
    return own[field] if field in own else (pods.spec.get("securityContext") or {}).get(field)

"""Objects among each other: none is there twice, none takes another's pods, none refers to nothing."""

from __future__ import annotations

from collections import Counter

from ethinfra.deploy.render import title
from ethinfra.deploy.rules.manifests import Manifests, Pods


def objects_are_unique(manifests: Manifests) -> list[str]:
    """Two releases with the same object would take it from each other at every apply."""
    seen = Counter(title(one) for one in manifests.objects)
    return [f"{name}: is rendered {times} times" for name, times in seen.items() if times > 1]


def workloads_select_their_own_pods(manifests: Manifests) -> list[str]:
    """A workload's selector matches its own template, and nobody else's pods."""
    said = []
    for pods in manifests.workloads:
        selected = manifests.selected(pods.owner, pods.owner["spec"]["selector"])
        said += [] if pods in selected else [f"{pods.title}: does not select its own pods"]
        said += [f"{pods.title}: selects pods of {other.title}" for other in selected if other != pods]
    return said


def pods_find_what_they_mount(manifests: Manifests) -> list[str]:
    """Volumes are declared, and of ConfigMaps that are rendered; a StatefulSet's Service is there too.

    The files of a client's options are the operator's own.
    """
    maps = {(one["metadata"]["namespace"], one["metadata"]["name"]) for one in manifests.of_kind("ConfigMap")}
    services = {(one["metadata"]["namespace"], one["metadata"]["name"]) for one in manifests.of_kind("Service")}
    said = []
    for pods in manifests.pods:
        volumes = {one["name"]: one for one in pods.spec.get("volumes", [])}
        claims = {one["metadata"]["name"] for one in pods.owner["spec"].get("volumeClaimTemplates", [])}
        mounted = {one["name"] for container in pods.all_containers for one in container.get("volumeMounts", [])}
        said += [
            f"{pods.title}: mounts {name}, which is no volume" for name in sorted(mounted - volumes.keys() - claims)
        ]
        said += [f"{pods.title}: nobody mounts volume {name}" for name in sorted(volumes.keys() - mounted)]
        own = _of_options(manifests, pods)
        for name, volume in volumes.items():
            if name not in own and "configMap" in volume and (pods.namespace, volume["configMap"]["name"]) not in maps:
                said.append(f"{pods.title}: volume {name} is of a ConfigMap that is not rendered")
        service = pods.owner["spec"].get("serviceName")
        if service and (pods.namespace, service) not in services:
            said.append(f"{pods.title}: serviceName is {service!r}, which is not rendered")
    return said


RULES = (objects_are_unique, workloads_select_their_own_pods, pods_find_what_they_mount)


def _of_options(manifests: Manifests, pods: Pods) -> set[str]:
    """Names of the volumes for the files that options of the clients need."""
    return {
        f"{container['name']}-{option}"
        for container, program in manifests.programs(pods)
        for option, known in (program.get("options") or {}).items()
        if known.get("files")
    }

"""Objects among each other: none is there twice, none takes another's pods, none refers to nothing."""

from __future__ import annotations

import re
from collections import Counter
from urllib.parse import urlsplit

from ethinfra.deploy.render import title
from ethinfra.deploy.rules.manifests import Manifests, Pods, arguments


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


def claims_exist(manifests: Manifests) -> list[str]:
    """A claim that a pod names is rendered, or made by a StatefulSet for a replica; else the pod waits for good."""
    known = {
        (one["metadata"]["namespace"], one["metadata"]["name"]) for one in manifests.of_kind("PersistentVolumeClaim")
    }
    known |= {
        (pods.namespace, f"{claim['metadata']['name']}-{pods.owner['metadata']['name']}-{ordinal}")
        for pods in manifests.workloads
        for claim in pods.owner["spec"].get("volumeClaimTemplates") or []
        for ordinal in range(pods.replicas)
    }
    return [
        f"{pods.title}: claim {name} is neither rendered nor of a StatefulSet's replica"
        for pods in manifests.pods
        for volume in pods.spec.get("volumes", [])
        if (name := volume.get("persistentVolumeClaim", {}).get("claimName")) and (pods.namespace, name) not in known
    ]


def called_services_exist(manifests: Manifests) -> list[str]:
    """A name without a domain in an address is that of a Service beside the pod, with that port."""
    ports = {
        (one["metadata"]["namespace"], one["metadata"]["name"]): {port["port"] for port in one["spec"]["ports"]}
        for one in manifests.of_kind("Service")
    }
    return [
        f"{pods.title}: container {container['name']} calls {address} ({flag}), which is no port of a Service here"
        for pods in manifests.pods
        for container in pods.all_containers
        for flag, value in arguments(container)
        for address in re.findall(r"https?://[a-z][a-z0-9-]*:[0-9]+", value)
        if (url := urlsplit(address)).hostname != "localhost"
        and url.port not in ports.get((pods.namespace, url.hostname or ""), set())
    ]


RULES = (
    objects_are_unique,
    workloads_select_their_own_pods,
    pods_find_what_they_mount,
    claims_exist,
    called_services_exist,
)


def _of_options(manifests: Manifests, pods: Pods) -> set[str]:
    """Names of the volumes for the files that options of the clients need."""
    return {
        f"{container['name']}-{option}"
        for container, program in manifests.programs(pods)
        for option, known in (program.get("options") or {}).items()
        if known.get("files")
    }

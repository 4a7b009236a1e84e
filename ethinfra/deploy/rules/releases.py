"""The order of a layer's releases: who makes something comes before who uses it.

helm applies a release at once and helmfile the releases of a layer side by side, but for `needs`. A pod that mounts
what no earlier release has made hangs, and nothing says why.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ethinfra.deploy.rules.manifests import Manifests, Pods, arguments
from ethinfra.kube import Object

_RELEASE = "app.kubernetes.io/instance"

#: Flags by which our own jobs are told what to make.
_MAKES = {"--configmap": "ConfigMap", "--secret": "Secret"}


def needs_of(state: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    """From a helmfile, as `helmfile build` prints it: each release with all those that come before it."""
    direct = {
        release["name"]: {one.rpartition("/")[2] for one in release.get("needs") or []}
        for release in state.get("releases") or []
    }

    def reached(name: str) -> frozenset[str]:
        return frozenset(direct.get(name, ())).union(*(reached(one) for one in direct.get(name, ())))

    return {name: reached(name) for name in direct}


def releases_wait_for_what_they_use(manifests: Manifests, needs: Mapping[str, frozenset[str]]) -> list[str]:
    """What a pod mounts or reads is of its own release, or of one that its release needs."""
    makers = dict(_made(manifests))
    return [
        f"{pods.title}: uses {kind} {name}, and release {release} does not need {maker}, which makes it"
        for pods in manifests.pods
        for release in [_release(pods.owner)]
        for kind, name in sorted(set(_used(pods)))
        for maker in [makers.get((pods.namespace, kind, name), release)]
        if release in needs and maker != release and maker not in needs[release]
    ]


def _made(manifests: Manifests) -> Iterator[tuple[tuple[str, str, str], str]]:
    for one in manifests.of_kind("ConfigMap", "Secret"):
        yield (one["metadata"]["namespace"], one["kind"], one["metadata"]["name"]), _release(one)
    for pods in manifests.pods:
        if pods.owner["kind"] == "Job":
            for container in pods.containers:
                for flag, value in arguments(container):
                    if flag in _MAKES:
                        yield (pods.namespace, _MAKES[flag], value), _release(pods.owner)


def _used(pods: Pods) -> Iterator[tuple[str, str]]:
    for volume in pods.spec.get("volumes", []):
        if "configMap" in volume:
            yield "ConfigMap", volume["configMap"]["name"]
        if "secret" in volume:
            yield "Secret", volume["secret"]["secretName"]
    for container in pods.all_containers:
        for variable in container.get("env", []):
            source = variable.get("valueFrom") or {}
            if "configMapKeyRef" in source:
                yield "ConfigMap", source["configMapKeyRef"]["name"]
            if "secretKeyRef" in source:
                yield "Secret", source["secretKeyRef"]["name"]


def _release(one: Object) -> str:
    name: str = one["metadata"].get("labels", {}).get(_RELEASE, "")
    return name

"""The snapshot builder in manifests: which containers run it, what they were told, and what they may see."""

from __future__ import annotations

import json
from collections.abc import Iterator

from ethinfra.deploy.rules.manifests import Manifests, Pods, arguments, image_of
from ethinfra.errors import BadInput
from ethinfra.kube import Object
from ethinfra.snapshot.plan import Plan, parse_plan

#: Name of the image, whatever registry it is in.
BUILDER = "snapshot-builder"


def program(container: Object) -> tuple[str, ...]:
    """The words by which the builder is called in a container: `("job", "take")`; none in others."""
    if image_of(container).repository.rpartition("/")[2] != BUILDER:
        return ()
    words = container.get("args", [])
    return tuple(word for word in words[: next((i for i, one in enumerate(words) if one.startswith("-")), len(words))])


def jobs(manifests: Manifests) -> list[Pods]:
    """CronJobs that take, push or remove snapshots."""
    return [pods for pods in manifests.pods if any(program(one)[:1] == ("job",) for one in pods.all_containers)]


def steps(pods: Pods) -> list[str]:
    """What a job does, in this order."""
    return [program(one)[1] for one in pods.all_containers if program(one)[:1] == ("job",)]


def plans(manifests: Manifests) -> Iterator[tuple[Pods, Object, Plan]]:
    """Each container of the builder with the plans that it was given. Those that cannot be read are `unreadable`."""
    for pods, container, text in _given(manifests):
        try:
            yield pods, container, parse_plan(json.loads(text))
        except (BadInput, ValueError):
            continue


def unreadable(manifests: Manifests) -> list[str]:
    """Containers whose plan is missing, or that the builder itself would refuse, with its reason."""
    said = []
    for pods, container, text in _given(manifests):
        where = f"{pods.title}: container {container['name']}"
        try:
            parse_plan(json.loads(text))
        except BadInput as reason:
            said.append(f"{where} has a plan that is refused: {reason.subject}: {reason.expected}")
        except ValueError:
            said.append(f"{where} has no plan at the path that it is told")
    return list(dict.fromkeys(said))


def mounted(pods: Pods, container: Object, path: str) -> Object:
    """The volume that a container has at a path, or above it; empty if there is none."""
    mounts = sorted(container.get("volumeMounts", []), key=lambda one: -len(one["mountPath"]))
    for one in mounts:
        if path == one["mountPath"] or path.startswith(f"{one['mountPath'].rstrip('/')}/"):
            return next((volume for volume in pods.spec.get("volumes", []) if volume["name"] == one["name"]), {})
    return {}


def _given(manifests: Manifests) -> Iterator[tuple[Pods, Object, str]]:
    maps = {(one["metadata"]["namespace"], one["metadata"]["name"]): one for one in manifests.of_kind("ConfigMap")}
    for pods in manifests.pods:
        for container in pods.all_containers:
            if not program(container):
                continue
            for flag, path in arguments(container):
                if flag == "--plan":
                    name = mounted(pods, container, path).get("configMap", {}).get("name")
                    data = maps.get((pods.namespace, name), {}).get("data", {})
                    yield pods, container, data.get(path.rpartition("/")[2], "")

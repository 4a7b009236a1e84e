"""What an upgrade from one rendering to the next would break: fields that an API server lets nobody change.

`helm upgrade` fails on them halfway, and the way out is to delete the object, which with a StatefulSet takes the pods
and may take the claims. Labels that select are as bad: the new selector finds none of the pods that are still there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ethinfra.deploy.render import HOOK, address, title
from ethinfra.kube import Object

#: Paths that never change, by kind; a path through a field that is missing leads to None.
IMMUTABLE: dict[str, tuple[str, ...]] = {
    "StatefulSet": ("spec.selector", "spec.serviceName", "spec.volumeClaimTemplates", "spec.podManagementPolicy"),
    "Deployment": ("spec.selector",),
    "DaemonSet": ("spec.selector",),
    "Job": ("spec.template", "spec.selector", "spec.completionMode", "spec.completions"),
    "PersistentVolumeClaim": ("spec.storageClassName", "spec.accessModes", "spec.volumeName", "spec.volumeMode"),
    "PersistentVolume": ("spec.csi", "spec.local", "spec.hostPath", "spec.nodeAffinity"),
    "StorageClass": ("provisioner", "parameters", "reclaimPolicy", "volumeBindingMode"),
    "PriorityClass": ("value", "preemptionPolicy"),
    "RoleBinding": ("roleRef",),
    "ClusterRoleBinding": ("roleRef",),
}

#: Their objects hold data, or others' objects, and leave a hole when they go.
_LASTING = ("StatefulSet", "PersistentVolumeClaim", "PersistentVolume", "Namespace", "StorageClass")

#: Labels that are meant to change with each release.
_CHANGING = frozenset({"helm.sh/chart", "app.kubernetes.io/version"})


def immutable_fields_kept(before: Iterable[Object], after: Iterable[Object]) -> list[str]:
    """What the objects of a later rendering change, and must not; each sentence begins with the object.

    Hooks are left out: they are deleted before they are made again.
    """
    new = {address(one): one for one in after if not _is_hook(one)}
    said = []
    for old in before:
        if _is_hook(old):
            continue
        found = new.get(address(old))
        if found is None:
            said += [f"{title(old)}: is not rendered any more; its data would be left behind"] * (
                old["kind"] in _LASTING
            )
            continue
        said += [
            f"{title(old)}: {path} was {_shown(was)}, and is {_shown(now)}"
            for path, was, now in [*_fixed(old, found), *_selection(old, found), *_addresses(old, found)]
        ]
    return said


Change = tuple[str, Any, Any]


def _fixed(old: Object, new: Object) -> Iterator[Change]:
    for path in IMMUTABLE.get(old["kind"], ()):
        was, now = _at(old, path), _at(new, path)
        if was != now:
            yield path, _first_difference(was, now), _first_difference(now, was)
    if old.get("immutable"):
        for path in ("data", "binaryData", "stringData"):
            if _at(old, path) != _at(new, path):
                yield path, "immutable", "changed"


def _selection(old: Object, new: Object) -> Iterator[Change]:
    """Selectors that could be changed and would miss the pods of before, and labels that somebody selects by."""
    paths = ["spec.selector"] if old["kind"] in ("Service", "PodDisruptionBudget") else []
    paths += ["spec.podSelector"] if old["kind"] == "NetworkPolicy" else []
    for path in paths:
        if _at(old, path) != _at(new, path):
            yield path, _at(old, path), _at(new, path)
    for path in ("metadata.labels", "spec.template.metadata.labels"):
        was, now = _at(old, path) or {}, _at(new, path) or {}
        for name in sorted(was.keys() - _CHANGING):
            if was[name] != now.get(name):
                yield f"{path} {name}", was[name], now.get(name)


def _addresses(old: Object, new: Object) -> Iterator[Change]:
    """A Service keeps its address, or keeps having none."""
    if old["kind"] == "Service":
        for path in ("spec.clusterIP", "spec.ipFamilies"):
            if _at(old, path) != _at(new, path):
                yield path, _at(old, path), _at(new, path)
    if old["kind"] == "PersistentVolumeClaim":
        from ethinfra.deploy.rules.quantities import quantity

        was, now = (_at(one, "spec.resources.requests.storage") for one in (old, new))
        if quantity(now or 0) < quantity(was or 0):
            yield "spec.resources.requests.storage", was, now


def _at(tree: Any, path: str) -> Any:
    for name in path.split("."):
        tree = tree.get(name) if isinstance(tree, dict) else None
    return tree


def _first_difference(one: Any, other: Any) -> Any:
    """The smallest part of a value in which it differs, so that a sentence stays readable."""
    if isinstance(one, dict) and isinstance(other, dict):
        key = next((key for key in sorted({*one, *other}) if one.get(key) != other.get(key)), None)
        return one if key is None else _named(key, _first_difference(one.get(key), other.get(key)))
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        number = next(number for number in range(len(one)) if one[number] != other[number])
        return _first_difference(one[number], other[number])
    return one


def _shown(value: Any) -> Any:
    """`None` is what a headless Service has for an address."""
    return "missing" if value is None else value


def _named(key: str, value: Any) -> str:
    return f"{key}.{value}" if isinstance(value, str) and ": " in value else f"{key}: {value}"


def _is_hook(one: Object) -> bool:
    return HOOK in (one["metadata"].get("annotations") or {})

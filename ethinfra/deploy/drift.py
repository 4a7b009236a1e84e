"""Drift: where live objects differ from what is rendered.

Every rendered object is applied on the server as a dry run; what the server would store is compared with what it has.
So defaults, admission and other owners' fields are the same on both sides, and only what an apply would change is left.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from ethinfra.deploy.render import address, title
from ethinfra.kube import Kube, Object

#: Fields that every write changes, and those that are not of the operator.
_BOOKKEEPING = ("managedFields", "resourceVersion", "generation", "uid", "creationTimestamp")


@dataclass(frozen=True)
class Difference:
    """One field of one object. `wanted` is what is rendered, `live` what is there; None where there is nothing.

    field: its path, as `spec.template.spec.terminationGracePeriodSeconds`; empty for the object as a whole
    """

    object: str
    field: str
    wanted: Any
    live: Any

    def __str__(self) -> str:
        if not self.field:
            return f"{self.object} does not exist"
        return f"{self.object}: {self.field} is {self.live!r}, should be {self.wanted!r}"


def drift(kube: Kube, objects: Iterable[Object]) -> list[Difference]:
    """What has drifted, in the order of the objects; empty if nothing has."""
    with ThreadPoolExecutor(max_workers=4) as workers:
        found = workers.map(lambda one: _of(kube, one), list(objects))
        return [difference for differences in found for difference in differences]


def _of(kube: Kube, wanted: Object) -> list[Difference]:
    kind, namespace, name = address(wanted)
    live = kube.get(kind, name, namespace or None, api_version=wanted["apiVersion"])
    if live is None:
        return [Difference(title(wanted), "", wanted, None)]
    applied = kube.apply(wanted, dry_run=True)
    return differences(title(wanted), applied, live)


def differences(subject: str, wanted: Object, live: Object) -> list[Difference]:
    """The fields in which two states of one object differ, status and bookkeeping aside."""
    compared = _compare(_substance(wanted), _substance(live), "")
    return [Difference(subject, path, left, right) for path, left, right in compared]


def _substance(one: Object) -> Object:
    kept = {key: value for key, value in one.items() if key != "status"}
    kept["metadata"] = {key: value for key, value in one["metadata"].items() if key not in _BOOKKEEPING}
    return kept


def _compare(wanted: Any, live: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(wanted, dict) and isinstance(live, dict):
        for key in sorted(wanted.keys() | live.keys()):
            yield from _compare(wanted.get(key), live.get(key), f"{path}.{key}" if path else key)
    elif isinstance(wanted, list) and isinstance(live, list) and len(wanted) == len(live):
        for index, (left, right) in enumerate(zip(wanted, live, strict=True)):
            yield from _compare(left, right, f"{path}[{_label(left, index)}]")
    elif wanted != live:
        yield path, wanted, live


def _label(item: Any, index: int) -> str:
    """Items of Kubernetes' lists mostly have names; those say more than a number."""
    return str(item["name"]) if isinstance(item, dict) and isinstance(item.get("name"), str) else str(index)

"""The order of the environments: a stricter one is never laxer in any field (PLAT-02).

Local, staging and production use the same charts and differ by values alone. What production demands, staging
rehearses; so each field of a deployment has an order, and the later environment is at the same place in it or further
on. A deployment is read from its manifests, not from its values: what is deployed counts, whoever set it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ethinfra.deploy.render import title
from ethinfra.deploy.rules.manifests import Manifests, Pods, arguments, image_of
from ethinfra.deploy.rules.nodes import allowed_disruptions
from ethinfra.deploy.rules.quantities import quantity
from ethinfra.deploy.rules.services import rpc_namespaces
from ethinfra.kube import Object

#: Weaker ones first.
_POD_SECURITY = ("privileged", "baseline", "restricted")
_KEEPING = ("Delete", "Retain")
_AVOIDANCE = ("none", "preferred", "required")
_SPREAD = ("none", "ScheduleAnyway", "DoNotSchedule")


@dataclass(frozen=True)
class Field:
    """One field of some pods, and when one value of it is at least as strict as another.

    read: every value, by what it is of (a container, a claim); what only one of two deployments has is not compared
    """

    name: str
    read: Callable[[Manifests, Pods], dict[str, Any]]
    keeps: Callable[[Any, Any], bool]


def at_least(stricter: Any, laxer: Any) -> bool:
    return bool(stricter >= laxer)


def at_most(stricter: Any, laxer: Any) -> bool:
    return bool(stricter <= laxer)


def placed_in(order: tuple[str, ...]) -> Callable[[str, str], bool]:
    return lambda stricter, laxer: order.index(stricter) >= order.index(laxer)


def never_laxer(stricter: Manifests, laxer: Manifests) -> list[str]:
    """Where an environment that should be at least as strict as another is laxer; each sentence names the object."""
    said = []
    for pods, others in _pairs(stricter, laxer):
        for field in FIELDS:
            mine = field.read(stricter, pods)
            for other in others:
                theirs = field.read(laxer, other)
                said += [
                    f"{pods.title}: {field.name}{f' of {one}' if one else ''} is {_shown(mine[one])}, "
                    f"laxer than {_shown(theirs[one])} of {other.title}"
                    for one in sorted(mine.keys() & theirs.keys())
                    if not field.keeps(mine[one], theirs[one])
                ]
    return [*dict.fromkeys(said), *_sums(stricter, laxer), *_platform(stricter, laxer)]


def _pairs(stricter: Manifests, laxer: Manifests) -> Iterator[tuple[Pods, list[Pods]]]:
    """Each workload of the stricter with its counterparts: of the same name, or else of the same role and client."""
    for pods in stricter.workloads:
        same = [one for one in laxer.workloads if one.title == pods.title]
        yield pods, same or [one for one in laxer.workloads if pods.is_node and _kind(one) == _kind(pods)]


def _kind(pods: Pods) -> tuple[str | None, ...]:
    return tuple(pods.labels.get(f"ethinfra.io/{label}") for label in ("role", "client"))


def _replicas(manifests: Manifests, pods: Pods) -> dict[str, Any]:
    fewest, most = manifests.replicas(pods)
    scaled = any(scaler.is_of(pods) for scaler in manifests.scalers)
    return {"": fewest, "an autoscaler, at most": most} if scaled else {"": fewest}


def _resources(kind: str) -> Callable[[Manifests, Pods], dict[str, Any]]:
    def read(_: Manifests, pods: Pods) -> dict[str, Any]:
        return {
            f"{resource} of container {container['name']}": quantity(amount)
            for container in pods.containers
            for resource, amount in container.get("resources", {}).get(kind, {}).items()
        }

    return read


def _claims(_: Manifests, pods: Pods) -> dict[str, Any]:
    return {one["metadata"]["name"]: quantity(one["spec"]["resources"]["requests"]["storage"]) for one in pods.claims}


def _claimed(_: Manifests, pods: Pods) -> dict[str, Any]:
    return {"": frozenset(one["metadata"]["name"] for one in pods.claims)}


def _retention(_: Manifests, pods: Pods) -> dict[str, Any]:
    policy = pods.owner["spec"].get("persistentVolumeClaimRetentionPolicy", {})
    return {when: policy.get(when, "Retain") for when in ("whenDeleted", "whenScaled")} if pods.claims else {}


def _budget(manifests: Manifests, pods: Pods) -> dict[str, Any]:
    """The share of the replicas that a disruption may take; all of them where there is no budget."""
    fewest, _ = manifests.replicas(pods)
    shares = [
        Decimal(allowed_disruptions(one["spec"], fewest)) / fewest
        for one in manifests.of_kind("PodDisruptionBudget")
        if fewest and pods in manifests.selected(one, one["spec"]["selector"])
    ]
    return {"": min([Decimal(1), *shares])}


def _anti_affinity(_: Manifests, pods: Pods) -> dict[str, Any]:
    anti = (pods.spec.get("affinity") or {}).get("podAntiAffinity") or {}
    found = [kind for kind in _AVOIDANCE if any(key.startswith(kind) and terms for key, terms in anti.items())]
    return {"": found[-1] if found else "none"}


def _spread(_: Manifests, pods: Pods) -> dict[str, Any]:
    found = {
        one["topologyKey"]: one.get("whenUnsatisfiable", "DoNotSchedule")
        for one in pods.spec.get("topologySpreadConstraints") or []
    }
    return {"kubernetes.io/hostname": "none", **found}


def _pinning(_: Manifests, pods: Pods) -> dict[str, Any]:
    return {f"container {one['name']}": bool(image_of(one).digest) for one in pods.all_containers}


def _grace(_: Manifests, pods: Pods) -> dict[str, Any]:
    return {"": int(pods.spec.get("terminationGracePeriodSeconds", 30))}


def _peers(_: Manifests, pods: Pods) -> dict[str, Any]:
    given = dict(arguments(pods.container("probe") or {}))
    return {"": int(given["--min-peers"])} if "--min-peers" in given else {}


def _namespaces(manifests: Manifests, pods: Pods) -> dict[str, Any]:
    offered = [rpc_namespaces(*one).values() for one in manifests.programs(pods)]
    found = frozenset(one for flags in offered for names in flags for one in names)
    return {"": found} if found else {}


def _tls(_: Manifests, pods: Pods) -> dict[str, Any]:
    """Whatever is called TLS and is there: a flag that is not off, a volume with a key."""
    flags = {
        f"{container['name']} {name}"
        for container in pods.containers
        for name, value in arguments(container)
        if "tls" in name.lower() and value.lower() != "false"
    }
    return {
        "": frozenset(flags | {one["name"] for one in pods.spec.get("volumes", []) if "tls" in one["name"].lower()})
    }


#: What is compared of each workload.
FIELDS = (
    Field("replicas", _replicas, at_least),
    Field("requests", _resources("requests"), at_least),
    Field("limits", _resources("limits"), at_least),
    Field("claims", _claimed, at_least),
    Field("size of claim", _claims, at_least),
    Field("retention", _retention, placed_in(_KEEPING)),
    Field("share that disruptions may take", _budget, at_most),
    Field("anti-affinity", _anti_affinity, placed_in(_AVOIDANCE)),
    Field("spread", _spread, placed_in(_SPREAD)),
    Field("pinning by digest", _pinning, at_least),
    Field("grace period", _grace, at_least),
    Field("peers for readiness", _peers, at_least),
    Field("RPC namespaces", _namespaces, at_most),
    Field("TLS", _tls, at_least),
)


def _sums(stricter: Manifests, laxer: Manifests) -> list[str]:
    """A node more makes no replica less: of all sync nodes together there are as many."""
    mine, theirs = (sum(one.replicas for one in manifests.nodes if _is_sync(one)) for manifests in (stricter, laxer))
    return [f"sync nodes: {mine} replicas in sum, laxer than {theirs}"] if mine < theirs else []


def _is_sync(pods: Pods) -> bool:
    return pods.labels.get("ethinfra.io/role") == "sync"


def _platform(stricter: Manifests, laxer: Manifests) -> list[str]:
    """What namespaces enforce, which policies there are, and what becomes of volumes."""

    def enforced(one: Object) -> str:
        level: str = one["metadata"].get("labels", {}).get("pod-security.kubernetes.io/enforce", "privileged")
        return level

    def reclaimed(one: Object) -> str:
        policy: str = one.get("reclaimPolicy", "Delete")
        return policy

    said = _compare("Pod Security", "Namespace", stricter, laxer, enforced, placed_in(_POD_SECURITY))
    said += _compare("reclaimPolicy", "StorageClass", stricter, laxer, reclaimed, placed_in(_KEEPING))
    # A namespace that only one of them has is not compared.
    common = set(stricter.namespaces)
    for kind in ("ResourceQuota", "LimitRange"):
        names = {title(one) for one in stricter.of_kind(kind)}
        there = [one for one in laxer.of_kind(kind) if one["metadata"]["namespace"] in common]
        said += [f"{title(one)}: is missing" for one in there if title(one) not in names]
    denied, wanted = (
        {one["metadata"]["namespace"] for one in manifests.of_kind("NetworkPolicy") if not one["spec"]["podSelector"]}
        for manifests in (stricter, laxer)
    )
    said += [f"Namespace {one}: denies nothing by default" for one in sorted(wanted & common - denied)]
    missing = _taken(laxer) & _clients(stricter.nodes) - _taken(stricter)
    return said + [f"snapshots of {client}: are taken of no sync node" for client in sorted(missing)]


def _taken(manifests: Manifests) -> set[str]:
    """Clients whose sync nodes are held for snapshots: where a laxer environment takes them, a stricter one that has
    the client does."""
    return _clients(one for one in manifests.nodes if any(container["name"] == "hold" for container in one.before))


def _clients(nodes: Iterable[Pods]) -> set[str]:
    return {one.labels.get("ethinfra.io/client", "") for one in nodes}


def _compare(
    field: str,
    kind: str,
    stricter: Manifests,
    laxer: Manifests,
    read: Callable[[Object], Any],
    keeps: Callable[[Any, Any], bool],
) -> list[str]:
    theirs = {title(one): read(one) for one in laxer.of_kind(kind)}
    return [
        f"{title(one)}: {field} is {read(one)}, laxer than {theirs[title(one)]}"
        for one in stricter.of_kind(kind)
        if title(one) in theirs and not keeps(read(one), theirs[title(one)])
    ]


def _shown(value: Any) -> str:
    if isinstance(value, Iterable) and not isinstance(value, str):
        return ", ".join(sorted(value)) or "nothing"
    if isinstance(value, Decimal) and value >= 1 << 20:
        return f"{value / (1 << 30):g}Gi"
    return f"{float(value):.3g}" if isinstance(value, Decimal) else str(value)

"""Evictions: how a drain, or an upgrade of Kubernetes nodes, asks for pods. A disruption budget may refuse them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial

from ethinfra.errors import ClusterError
from ethinfra.kube import Kube, readiness
from ethinfra.waiting import eventually


@dataclass(frozen=True)
class Evicted:
    """Two replicas of a node that were evicted one after the other.

    uids:     of both, by name
    refusals: what the API said while it refused the second
    then:     what the first one's successor was when the second was let go: `ready`, or what it lacked
    """

    first: str
    second: str
    uids: dict[str, str]
    refusals: tuple[str, ...]
    then: str


def evict(kube: Kube, namespace: str, pod: str) -> str:
    """Ask for a pod once; empty if it is let go, else the words of the disruption budget that keeps it."""
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod, "namespace": namespace}}
    path = f"/api/v1/namespaces/{namespace}/pods/{pod}/eviction"
    done = kube.kubectl("create", "--raw", path, "-f", "-", stdin=json.dumps(eviction), check=False)
    said = done.stderr.strip()
    # HTTP 429, which an API server that is too busy answers as well.
    if not done.ok and not ("TooManyRequests" in said and "disruption budget" in said):
        raise ClusterError(f"eviction of {namespace}/{pod}", expected="granted, or refused by its budget", seen=said)
    return "" if done.ok else said


def evict_in_turn(kube: Kube, namespace: str, first: str, second: str, *, within: float) -> Evicted:
    """Evict a pod, then ask for the other until it is let go, as a drain does. within: seconds for that"""
    uids = {pod: _uid(kube, namespace, pod) for pod in (first, second)}
    kept = evict(kube, namespace, first)
    if kept:
        raise ClusterError(f"eviction of {namespace}/{first}", expected="granted: all replicas are ready", seen=kept)
    refusals: list[str] = []

    def ask() -> str:
        said = evict(kube, namespace, second)
        refusals.extend([said] if said else [])
        return said

    hint = f"kubectl -n {namespace} describe poddisruptionbudgets"
    eventually(f"{second} is let go", ask, until=lambda said: not said, within=within, every=1, hint=hint)
    return Evicted(first, second, uids, tuple(refusals), _successor(kube, namespace, first, uids[first]))


def must_have_been_held_back(evicted: Evicted) -> None:
    """The second was refused first, and let go only when the first one's successor was ready. ClusterError if not."""
    if not evicted.refusals or evicted.then != "ready":
        raise ClusterError(
            f"eviction of {evicted.second} after {evicted.first}",
            expected="refused by the disruption budget until the successor of the first is ready",
            seen=f"refused {len(evicted.refusals)} times, then let go; the successor was: {evicted.then}",
            todo="kubectl get poddisruptionbudgets -A",
        )


def must_be_replaced(kube: Kube, namespace: str, evicted: Evicted, *, within: float) -> None:
    """Both have successors that are ready. within: seconds for each"""
    for pod, uid in evicted.uids.items():
        eventually(
            f"the successor of {namespace}/{pod} is ready",
            partial(_successor, kube, namespace, pod, uid),
            until=lambda seen: seen == "ready",
            within=within,
            hint=f"kubectl -n {namespace} describe pod {pod}",
        )


def _uid(kube: Kube, namespace: str, pod: str) -> str:
    found = kube.get("Pod", pod, namespace)
    if found is None:
        raise ClusterError(f"there is no pod {namespace}/{pod}")
    uid: str = found["metadata"]["uid"]
    return uid


def _successor(kube: Kube, namespace: str, pod: str, uid: str) -> str:
    """What the pod of this name is that is not the evicted one: `ready`, or what it lacks."""
    found = kube.get("Pod", pod, namespace)
    return "not there yet" if found is None or found["metadata"]["uid"] == uid else readiness(found)

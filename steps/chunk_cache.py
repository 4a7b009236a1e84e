"""Steps about a Kubernetes node's cache of chunks."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from pytest_bdd import given, then, when

from ethinfra.kube import Kube, Object
from ethinfra.trial.builders import VOLUME, Builder, Builders
from ethinfra.trial.serving import restore_of
from ethinfra.trial.snapshots import Snapshots
from fixtures.evidence import Evidence


@dataclass
class Cached:
    """A builder with a Kubernetes node's chunk cache, and its restores."""

    builder: Builder
    plan: dict[str, Any]
    said: list[str]


@given("a promoted snapshot that was restored through the chunk cache of a Kubernetes node", target_fixture="cached")
def restored_through_cache(snapshots: Snapshots, builders: Builders, kube: Kube) -> Cached:
    """Into a folder of a volume of that node, by the init container's program of a serve node."""
    assert snapshots.latest() is not None, f"nothing was promoted in {snapshots.repository}"
    mounted, plan = cache_of(kube, snapshots)

    def with_cache(spec: Object) -> None:
        spec["volumes"].append(mounted)
        spec["containers"][0]["volumeMounts"].append({"name": mounted["name"], "mountPath": plan["cache"]["directory"]})

    found = Cached(builders.start(snapshots, with_cache), plan, [])
    done = found.builder.restore(plan, f"{VOLUME}/first")
    assert done.ok, done.stdout + done.stderr
    found.said.append(done.stdout)
    return found


@when("the same snapshot is restored there to another empty volume")
def restored_once_more(cached: Cached, evidence: Evidence) -> None:
    done = cached.builder.restore(cached.plan, f"{VOLUME}/second")
    assert done.ok, done.stdout + done.stderr
    cached.said.append(done.stdout)
    evidence.attach("restores", cached.said)


@then("nothing was fetched from the registry")
def nothing_fetched(cached: Cached) -> None:
    restored = restore_of(cached.said[-1])
    assert restored.fetched == 0
    assert restored.cached > 0


@then("the volume shares its blocks with the cache")
def shares_blocks(cached: Cached) -> None:
    """As the restore says: no chunk was copied."""
    restored = restore_of(cached.said[-1])
    assert restored.copied == 0
    assert restored.shared > 0


def cache_of(kube: Kube, snapshots: Snapshots) -> tuple[Object, dict[str, Any]]:
    """The volume of the serve nodes that leads to the cache, and the plan that they are told."""
    for deployment in kube.list("Deployment", snapshots.namespace, labels="ethinfra.io/role=serve"):
        volumes = deployment["spec"]["template"]["spec"]["volumes"]
        plans = [one["configMap"]["name"] for one in volumes if one["name"] == "plan"]
        plan = json.loads((kube.get("ConfigMap", plans[0], snapshots.namespace) or {})["data"]["plan.json"])
        if plan["cache"] is not None:
            return next(one for one in volumes if one["name"] == "cache"), plan
    raise AssertionError("no serve node has a chunk cache")

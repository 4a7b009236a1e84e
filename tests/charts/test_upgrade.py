"""What an upgrade may not change."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from ethinfra.deploy.rules import Manifests
from ethinfra.deploy.rules.upgrade import IMMUTABLE, immutable_fields_kept
from ethinfra.kube import Object
from tests.charts.draft import Draft

GETH = "StatefulSet ethereum/geth"


def thing(kind: str, path: str, value: Any) -> Object:
    """An object with one field."""
    one: Object = {"apiVersion": "v1", "kind": kind, "metadata": {"name": "one", "namespace": "ethereum"}}
    inner = one
    *way, last = path.split(".")
    for name in way:
        inner = inner.setdefault(name, {})
    inner[last] = value
    return one


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        *((kind, path) for kind, paths in IMMUTABLE.items() for path in paths),
        ("Service", "spec.clusterIP"),
        ("Service", "spec.selector"),
        ("NetworkPolicy", "spec.podSelector"),
        ("PodDisruptionBudget", "spec.selector"),
    ],
)
def test_change_is_named(kind: str, path: str) -> None:
    said = immutable_fields_kept([thing(kind, path, "old")], [thing(kind, path, "new")])

    assert said == [f"{kind} ethereum/one: {path} was old, and is new"]


def test_the_same_manifests_are_an_upgrade(local: Manifests) -> None:
    assert immutable_fields_kept(local.objects, deepcopy(local.objects)) == []


def test_what_may_change_may_change(local: Manifests) -> None:
    draft = Draft(local)
    draft[GETH]["spec"]["replicas"] = 5
    draft.container(GETH, "execution")["image"] += "-1"
    draft["Service ethereum/geth-rpc"]["spec"]["ports"][0]["port"] = 80
    draft.remove("NetworkPolicy ethereum/geth-rpc")

    assert immutable_fields_kept(local.objects, draft.manifests.objects) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda draft: draft.remove(GETH), "is not rendered any more; its data would be left behind"),
        (
            lambda draft: draft[GETH]["spec"]["volumeClaimTemplates"][0]["spec"].update(storageClassName="fast"),
            "spec.volumeClaimTemplates was spec.storageClassName: chain-data, and is spec.storageClassName: fast",
        ),
        (
            lambda draft: draft[GETH]["spec"]["template"]["metadata"]["labels"].pop("ethinfra.io/network"),
            "spec.template.metadata.labels ethinfra.io/network was devnet, and is missing",
        ),
    ],
    ids=["gone", "claim", "label"],
)
def test_change_of_a_node_is_named(change: Callable[[Draft], None], said: str, local: Manifests) -> None:
    draft = Draft(local)
    change(draft)

    assert immutable_fields_kept(local.objects, draft.manifests.objects) == [f"{GETH}: {said}"]


def test_a_headless_service_stays_headless(local: Manifests) -> None:
    draft = Draft(local)
    del draft["Service ethereum/geth-p2p"]["spec"]["clusterIP"]

    said = immutable_fields_kept(local.objects, draft.manifests.objects)

    assert said == ["Service ethereum/geth-p2p: spec.clusterIP was None, and is missing"]


def test_claims_never_shrink() -> None:
    path = "spec.resources.requests.storage"
    large, small = (thing("PersistentVolumeClaim", path, size) for size in ("2Ti", "500Gi"))

    assert immutable_fields_kept([small], [large]) == []
    assert immutable_fields_kept([large], [small]) == [
        "PersistentVolumeClaim ethereum/one: spec.resources.requests.storage was 2Ti, and is 500Gi"
    ]


def test_hooks_come_and_go() -> None:
    hook = thing("Job", "spec.template", "old")
    hook["metadata"]["annotations"] = {"helm.sh/hook": "pre-install"}

    assert immutable_fields_kept([hook], []) == []


def test_labels_of_a_release_may_change() -> None:
    one, other = (thing("ConfigMap", "metadata.labels", {"app.kubernetes.io/version": tag}) for tag in ("1", "2"))
    for each in (one, other):
        each["metadata"] |= {"name": "one", "namespace": "ethereum"}

    assert immutable_fields_kept([one], [other]) == []

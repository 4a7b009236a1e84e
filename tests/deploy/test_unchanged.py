"""Whether applying again changed anything."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ethinfra.deploy import changes, fingerprint
from ethinfra.environment import Environment
from ethinfra.kube import Object
from tests.deploy.fake_cluster import FakeCluster
from tests.deploy.recorded import live, pod, rendered

Change = Callable[[FakeCluster], None]


@pytest.fixture
def applied(fake: FakeCluster) -> FakeCluster:
    """A cluster with all layers, and with what came of them."""
    for manifests in fake.layers.values():
        fake.has(*(live(one) for one in manifests))
    fake.has(pod(), live(rendered("ConfigMap", "devnet-genesis")))
    return fake


def after(applied: FakeCluster, environment: Environment, change: Change) -> list[str]:
    before = fingerprint(applied, environment)  # type: ignore[arg-type]
    change(applied)
    return changes(before, fingerprint(applied, environment))  # type: ignore[arg-type]


def node(fake: FakeCluster) -> Object:
    return fake.objects[("StatefulSet", "ethereum", "geth")]


def test_nothing_has_changed(applied: FakeCluster, environment: Environment) -> None:
    assert after(applied, environment, lambda _: None) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda fake: node(fake)["metadata"].update(generation=2), "StatefulSet ethereum/geth has changed"),
        (lambda fake: node(fake)["spec"].update(replicas=3), "StatefulSet ethereum/geth has changed"),
        (lambda fake: node(fake)["metadata"].update(labels={"a": "b"}), "StatefulSet ethereum/geth has changed"),
        (lambda fake: node(fake)["metadata"].update(uid="another"), "StatefulSet ethereum/geth was made anew"),
        (lambda fake: fake.delete("StatefulSet", "geth", "ethereum"), "StatefulSet ethereum/geth is gone"),
        (lambda fake: fake.has(pod("geth-1")), "Pod ethereum/geth-1 is new"),
        (
            lambda fake: fake.delete("ConfigMap", "devnet-genesis", "ethereum"),
            "ConfigMap ethereum/devnet-genesis is gone",
        ),
    ],
    ids=["generation", "spec", "labels", "made anew", "gone", "a new pod", "what a job made"],
)
def test_a_change_is_told(change: Change, said: str, applied: FakeCluster, environment: Environment) -> None:
    assert after(applied, environment, change) == [said]


@pytest.mark.parametrize(
    "change",
    [
        lambda fake: node(fake)["status"].update(readyReplicas=1),
        lambda fake: node(fake)["metadata"].update(resourceVersion="4712", managedFields=[]),
        lambda fake: fake.has(live(rendered("Secret", "sh.helm.release.v1.sync.v2")) | {"type": "helm.sh/release.v1"}),
        lambda fake: fake.has(live(rendered("ConfigMap", "somebody-elses", namespace="default"))),
    ],
    ids=["status", "bookkeeping", "helm's record of a release", "another namespace"],
)
def test_what_is_no_change_is_not_told(change: Change, applied: FakeCluster, environment: Environment) -> None:
    assert after(applied, environment, change) == []


def test_several_changes_are_told_in_the_order_of_names(applied: FakeCluster, environment: Environment) -> None:
    assert after(applied, environment, lambda fake: fake.has(pod("b"), pod("a"))) == [
        "Pod ethereum/a is new",
        "Pod ethereum/b is new",
    ]

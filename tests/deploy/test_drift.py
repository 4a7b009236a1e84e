"""Drift is what an apply would change, by object and field; nothing else is."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from ethinfra.deploy import Difference, drift
from ethinfra.deploy.drift import differences
from ethinfra.kube import Object
from tests.deploy.fake_cluster import FakeCluster
from tests.deploy.recorded import live, rendered


def changed(one: Object, *path: str | int, to: Any) -> Object:
    other = deepcopy(one)
    below: Any = other
    for key in path[:-1]:
        below = below[key]
    if to is None:
        del below[path[-1]]
    else:
        below[path[-1]] = to
    return other


def test_what_is_as_rendered_has_not_drifted(fake: FakeCluster) -> None:
    """Status, defaults and other owners' fields are the server's business."""
    node = live(rendered("StatefulSet"))
    node["spec"]["revisionHistoryLimit"] = 10
    fake.has(node, live(rendered("Service")))

    assert drift(fake, [rendered("StatefulSet"), rendered("Service")]) == []  # type: ignore[arg-type]


def test_a_field_that_was_changed_by_hand_is_named(fake: FakeCluster) -> None:
    wanted = rendered("StatefulSet")
    wanted["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] = 120
    fake.has(changed(live(wanted), "spec", "template", "spec", "terminationGracePeriodSeconds", to=5))

    (found,) = drift(fake, [wanted])  # type: ignore[arg-type]

    assert found == Difference(
        "StatefulSet ethereum/geth", "spec.template.spec.terminationGracePeriodSeconds", wanted=120, live=5
    )
    assert str(found) == (
        "StatefulSet ethereum/geth: spec.template.spec.terminationGracePeriodSeconds is 5, should be 120"
    )


def test_an_object_that_is_gone_is_named(fake: FakeCluster) -> None:
    (found,) = drift(fake, [rendered("Service")])  # type: ignore[arg-type]

    assert str(found) == "Service ethereum/geth does not exist"


def test_drift_keeps_the_order_of_the_objects(fake: FakeCluster) -> None:
    """They are looked at side by side."""
    names = [f"service-{number}" for number in range(20)]

    found = drift(fake, [rendered("Service", name) for name in names])  # type: ignore[arg-type]

    assert [one.object for one in found] == [f"Service ethereum/{name}" for name in names]


CONTAINER = ("spec", "template", "spec", "containers", 0)


@pytest.mark.parametrize(
    ("path", "to", "field"),
    [
        ((*CONTAINER, "image"), "geth:2", "spec.template.spec.containers[execution].image"),
        ((*CONTAINER, "image"), None, "spec.template.spec.containers[execution].image"),
        (("spec", "template", "spec", "containers"), [], "spec.template.spec.containers"),
        (("spec", "replicas"), 3, "spec.replicas"),
        (("metadata", "labels"), {"added": "by hand"}, "metadata.labels"),
        (("metadata", "annotations"), {"kubectl.kubernetes.io/restartedAt": "today"}, "metadata.annotations"),
    ],
)
def test_a_difference_has_the_path_of_its_field(path: tuple[str | int, ...], to: Any, field: str) -> None:
    one = live(rendered("StatefulSet"))

    (found,) = differences("StatefulSet ethereum/geth", one, changed(one, *path, to=to))

    assert found.field == field
    assert found.live == to


@pytest.mark.parametrize("field", ["uid", "generation", "resourceVersion", "managedFields"])
def test_bookkeeping_is_no_difference(field: str) -> None:
    one = live(rendered("StatefulSet"))

    assert differences("", one, changed(one, "metadata", field, to="another")) == []
    assert differences("", one, changed(one, "status", to={"replicas": 7})) == []


def test_items_without_names_are_counted() -> None:
    one = rendered("Service")
    one["spec"] = {"ports": [{"port": 1}, {"port": 2}]}

    (found,) = differences("", one, changed(one, "spec", "ports", 1, to={"port": 3}))

    assert found.field == "spec.ports[1].port"

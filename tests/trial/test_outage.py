"""An outage of the registry begins when it is gone, and ends when it is back, whatever happens between."""

from __future__ import annotations

from typing import Any

import pytest

from ethinfra.errors import ClusterError
from ethinfra.kube import Kube
from ethinfra.trial.outage import RegistryOutage
from ethinfra.waiting import NotInTime


class Cluster:
    """A StatefulSet and its pod. obeys: False keeps the pod, whatever is asked for"""

    def __init__(self, *, obeys: bool = True) -> None:
        self.replicas = 1
        self._obeys = obeys

    def get(self, kind: str, _name: str, _namespace: str) -> dict[str, Any] | None:
        if kind == "StatefulSet":
            return {"spec": {"replicas": self.replicas}}
        there = self.replicas or not self._obeys
        return {"status": {"conditions": [{"type": "Ready", "status": "True"}]}} if there else None

    def patch(self, _kind: str, _name: str, _namespace: str, change: dict[str, Any]) -> None:
        self.replicas = change["spec"]["replicas"]


def outage(cluster: Cluster) -> RegistryOutage:
    api: Any = cluster
    kube: Kube = api
    return RegistryOutage(kube, within=0.1)


def test_registry_is_stopped_and_started_again() -> None:
    cluster = Cluster()
    one = outage(cluster)

    one.begin()
    one.must_last()
    assert cluster.replicas == 0

    one.end()
    one.end()
    assert cluster.replicas == 1
    with pytest.raises(ClusterError, match="while the registry is stopped"):
        one.must_last()


def test_what_was_not_stopped_is_not_started() -> None:
    cluster = Cluster()
    cluster.replicas = 0
    outage(cluster).end()
    assert cluster.replicas == 0


def test_registry_that_does_not_stop_is_no_outage_and_is_put_back() -> None:
    cluster = Cluster(obeys=False)
    one = outage(cluster)
    with pytest.raises(NotInTime, match="has ended"):
        one.begin()
    one.end()
    assert cluster.replicas == 1

"""Why a scaler scaled, and whether a fleet gained by it, against scalers and machines that show something else."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from ethinfra.errors import ClusterError
from ethinfra.kube import Kube
from ethinfra.trial.scaling import (
    Measured,
    Rescale,
    Scaler,
    idle_share,
    measured,
    must_be_because,
    must_have_gained,
    saturated,
)

RPC = Rescale(2, "external metric s1-requests(&LabelSelector{MatchLabels:map[string]string{}}) above target")
CPU = Rescale(2, "cpu container resource utilization (percentage of request) above target")
IDLE = Rescale(1, "All metrics below target")


@pytest.mark.parametrize(("cause", "rescale"), [("its RPC rate", RPC), ("its CPU", CPU)])
def test_cause_is_the_one_that_the_scaler_gives(cause: str, rescale: Rescale) -> None:
    assert must_be_because([rescale, IDLE], cause) == rescale


@pytest.mark.parametrize(
    ("cause", "rescales"),
    [
        pytest.param("its RPC rate", [CPU], id="CPU instead of the rate"),
        pytest.param("its CPU", [RPC], id="the rate instead of CPU"),
        pytest.param("its RPC rate", [RPC, CPU], id="both"),
        pytest.param("its RPC rate", [IDLE], id="it only took replicas away"),
        pytest.param("its RPC rate", [], id="it did nothing"),
    ],
)
def test_other_causes_are_refused(cause: str, rescales: list[Rescale]) -> None:
    with pytest.raises(ClusterError, match="why a scaler added replicas"):
        must_be_because(rescales, cause)


class Events:
    """An API server with events, and an autoscaler of each of two Deployments."""

    def list(self, kind: str, _namespace: str, api_version: str | None = None) -> list[dict[str, Any]]:
        if kind == "HorizontalPodAutoscaler":
            assert api_version
            return [
                {"metadata": {"name": f"{name}-keda"}, "spec": {"scaleTargetRef": {"name": name}}}
                for name in ("other", "fleet")
            ]

        def event(kind: str, name: str, at: str, message: str) -> dict[str, Any]:
            about = {"kind": kind, "name": name}
            return {"involvedObject": about, "lastTimestamp": at, "message": message, "reason": "SuccessfulRescale"}

        mine, other = (("HorizontalPodAutoscaler", name) for name in ("fleet-keda", "other-keda"))
        return [
            event(*mine, "2026-01-01T00:05:00Z", f"New size: 1; reason: {IDLE.reason}"),
            event(*mine, "2026-01-01T00:01:00Z", f"New size: 2; reason: {RPC.reason}"),
            event(*other, "2026-01-01T00:02:00Z", f"New size: 3; reason: {CPU.reason}"),
            event("Deployment", "fleet", "2026-01-01T00:02:00Z", "Scaled up replica set fleet to 2"),
            event(*mine, "2026-01-01T00:03:00Z", "failed to get external metric"),
        ]


def test_decisions_are_those_of_this_scaler_in_their_order() -> None:
    api: Any = Events()
    kube: Kube = api
    assert Scaler(kube, "ethereum", "fleet").rescales() == [RPC, IDLE]


def scaler(*metrics: dict[str, Any]) -> dict[str, Any]:
    return {"status": {"currentMetrics": list(metrics)}}


def test_figures_with_a_value_are_told() -> None:
    rate = {"type": "External", "external": {"metric": {"name": "s1-requests"}, "current": {"averageValue": "1500m"}}}
    cpu = {
        "type": "ContainerResource",
        "containerResource": {"name": "cpu", "container": "execution", "current": {"averageUtilization": 12}},
    }
    assert measured(scaler(rate, cpu)) == {"its RPC rate": "1500m", "its CPU": "12"}


def test_figures_without_a_value_are_not() -> None:
    """As they are while KEDA or the metrics API does not answer."""
    rate = {"type": "External", "external": {"metric": {"name": "s1-requests"}, "current": {}}}
    memory = {
        "type": "ContainerResource",
        "containerResource": {"name": "memory", "current": {"averageUtilization": 3}},
    }
    assert measured(scaler(rate, memory)) == {}
    assert measured({}) == {}


def with_replicas(count: int, rate: float, idle: float = 0.3, loader: float = 0.2) -> Measured:
    return Measured(count, rate, {"node-1": idle}, loader)


def test_twice_the_answers_are_a_gain() -> None:
    assert must_have_gained(with_replicas(1, 60), with_replicas(2, 120)) == 2


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(with_replicas(1, 60), with_replicas(2, 66), id="hardly more"),
        pytest.param(with_replicas(1, 60), with_replicas(1, 120), id="without another replica"),
        pytest.param(with_replicas(1, 0), with_replicas(2, 120), id="nothing to compare with"),
    ],
)
def test_less_is_none(before: Measured, after: Measured) -> None:
    with pytest.raises(ClusterError, match="verified answers"):
        must_have_gained(before, after)


@pytest.mark.parametrize("changed", [0, 1], ids=["before", "after"])
def test_replicas_that_came_or_went_while_they_were_measured_show_nothing(changed: int) -> None:
    both = [with_replicas(1, 60), with_replicas(2, 120)]
    both[changed] = dataclasses.replace(both[changed], changed=("fleet-2",))
    with pytest.raises(ClusterError, match="fleet-2"):
        must_have_gained(*both)


def test_fit_machine_says_nothing() -> None:
    assert saturated(with_replicas(1, 60), with_replicas(2, 120)) == ""


@pytest.mark.parametrize(
    ("measurement", "why"),
    [
        (with_replicas(2, 70, idle=0.01), "processors of node-1 were idle for 1.0%"),
        (with_replicas(2, 70, loader=0.97), "the loader took 97%"),
    ],
    ids=["machine", "loader"],
)
def test_what_was_used_up_first_is_named(measurement: Measured, why: str) -> None:
    assert why in saturated(with_replicas(1, 60), measurement)


def test_idle_share_is_of_all_time_but_that_of_guests() -> None:
    before = [100, 0, 50, 800, 40, 5, 5, 0, 30, 0]
    after = [150, 0, 70, 820, 45, 8, 7, 0, 80, 0]
    # 100 ticks, of which 20 were idle and 5 waited for a disk.
    assert idle_share(before, after) == pytest.approx(0.25)

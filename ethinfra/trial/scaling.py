"""What a scaler does with a fleet under load, and whether the machine was fit to show it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ethinfra.errors import ClusterError
from ethinfra.kube import Kube, Object
from ethinfra.trial.load import Load
from ethinfra.trial.serving import Fleet
from ethinfra.waiting import eventually

#: More replicas, each bound by its own CPU limit, must give so many times the answers of one.
GAIN = 1.3

#: Share of a machine's processors below which it counts as used up, and of the loader's limit above which it does.
IDLE, LOADER = 0.05, 0.9

#: What a scaler's events call the figures by which it scales (kubernetes v1.36, pkg/controller/podautoscaler).
CAUSES = {"its RPC rate": "external metric", "its CPU": "cpu container resource utilization"}


@dataclass(frozen=True)
class Rescale:
    """One decision of a scaler. replicas: that it then asked for"""

    replicas: int
    reason: str


_RESCALED = re.compile(r"New size: (\d+); reason: (.*)", re.DOTALL)


class Scaler:
    """The HorizontalPodAutoscaler of a fleet, whoever made it."""

    def __init__(self, kube: Kube, namespace: str, name: str) -> None:
        """name: of the Deployment that it scales"""
        self._kube = kube
        self._namespace = namespace
        self.name = name

    def look(self) -> Object:
        """ClusterError if there is none."""
        for found in self._kube.list("HorizontalPodAutoscaler", self._namespace, api_version="autoscaling/v2"):
            if found["spec"]["scaleTargetRef"]["name"] == self.name:
                return found
        raise ClusterError(
            f"there is no HorizontalPodAutoscaler of {self._namespace}/{self.name}",
            todo=f"kubectl -n {self._namespace} describe scaledobject {self.name}",
        )

    def rescales(self) -> list[Rescale]:
        """What it has decided, the oldest first."""
        mine = ("HorizontalPodAutoscaler", self.look()["metadata"]["name"])
        events = [
            one
            for one in self._kube.list("Event", self._namespace)
            if (one["involvedObject"].get("kind"), one["involvedObject"].get("name")) == mine
        ]
        events.sort(key=lambda one: one.get("lastTimestamp") or one.get("eventTime") or "")
        found = (_RESCALED.match(one.get("message") or "") for one in events)
        return [Rescale(int(one[1]), one[2]) for one in found if one]

    def must_measure(self, causes: Sequence[str], *, within: float) -> dict[str, str]:
        """It has a value for each of these figures (keys of CAUSES); figure → value."""
        return eventually(
            f"scaler {self.name} knows {' and '.join(causes)}",
            lambda: measured(self.look()),
            until=lambda seen: set(causes) <= set(seen),
            within=within,
            every=2,
            hint=f"kubectl -n {self._namespace} get hpa,scaledobject",
        )


def measured(scaler: Object) -> dict[str, str]:
    """The figures that a HorizontalPodAutoscaler has a value for, in the words of CAUSES."""
    found = {}
    for one in (scaler.get("status") or {}).get("currentMetrics") or []:
        if one["type"] == "External":
            current = one["external"]["current"]
            value = current.get("averageValue") or current.get("value")
            name = "its RPC rate"
        elif one["type"] == "ContainerResource" and one["containerResource"]["name"] == "cpu":
            value = one["containerResource"]["current"].get("averageUtilization")
            name = "its CPU"
        else:
            continue
        if value is not None:
            found[name] = str(value)
    return found


def must_be_because(rescales: Sequence[Rescale], cause: str) -> Rescale:
    """The scaler raised the number for that cause (a key of CAUSES) and for no other; its first such decision."""
    more = [one for one in rescales if "above target" in one.reason]
    others = [one for one in more if CAUSES[cause] not in one.reason]
    if others or not more:
        raise ClusterError(
            "why a scaler added replicas",
            expected=CAUSES[cause],
            seen="; ".join(one.reason for one in others) or f"it added none: {list(rescales)}",
        )
    return more[0]


@dataclass(frozen=True)
class Measured:
    """A fleet under load over some seconds.

    replicas: that were ready when it began
    rate:     verified answers per second
    idle:     Kubernetes node → share of its processors' time in which they had nothing to do
    loader:   share that the loader took of the processor time that it may have, at most
    changed:  pods that were ready only at its beginning, or only at its end
    """

    replicas: int
    rate: float
    idle: Mapping[str, float]
    loader: float
    changed: tuple[str, ...] = ()


def measure(fleet: Fleet, load: Load, *, seconds: int, loader_limit: float) -> Measured:
    """Look at the load for so many seconds.

    loader_limit: processors that the loader may use
    """
    ready = {node.pod for node in fleet.ready()}
    before, began = _times(fleet), len(load.seconds)
    eventually(
        f"{seconds} seconds of load",
        lambda: len(load.seconds) - began,
        until=lambda passed: passed >= seconds,
        within=seconds + 30,
        hint="the loader prints a line each second",
    )
    window, after = load.seconds[began:], _times(fleet)
    return Measured(
        len(ready),
        sum(one.answered for one in window) / len(window),
        {name: idle_share(before[name], after[name]) for name in before if name in after},
        max(one.cpu for one in window) / loader_limit,
        tuple(sorted(ready ^ {node.pod for node in fleet.ready()})),
    )


def saturated(*measurements: Measured) -> str:
    """What was used up before the fleet was; empty if the measurements tell about the fleet."""
    for one in measurements:
        for name, idle in one.idle.items():
            if idle < IDLE:
                return f"the processors of {name} were idle for {idle:.1%} of the time, with {one.replicas} replicas"
        if one.loader > LOADER:
            return f"the loader took {one.loader:.0%} of the processor time that it may have"
    return ""


def must_have_gained(before: Measured, after: Measured) -> float:
    """More replicas answered GAIN times as much as fewer, and all of them all the time; the ratio."""
    changed = [*before.changed, *after.changed]
    if changed:
        raise ClusterError(
            "replicas while they are measured",
            expected="the same are ready at its beginning and at its end",
            seen=f"not so: {', '.join(changed)}",
        )
    ratio = after.rate / before.rate if before.rate else 0.0
    if after.replicas <= before.replicas or ratio < GAIN:
        raise ClusterError(
            "verified answers per second",
            expected=f"at least {GAIN} times as many with more replicas",
            seen=f"{before.rate:.0f} with {before.replicas}, {after.rate:.0f} with {after.replicas}",
        )
    return ratio


def idle_share(before: Sequence[int], after: Sequence[int]) -> float:
    """Of two looks at the line `cpu` of /proc/stat: user nice system idle iowait irq softirq steal guest guest_nice."""
    # Guests' time is counted in user and nice already.
    spent = [late - early for early, late in zip(before[:8], after[:8], strict=True)]
    return (spent[3] + spent[4]) / max(sum(spent), 1)


def _times(fleet: Fleet) -> dict[str, list[int]]:
    """Kubernetes node → its processors' times. A container sees those of the machine that it runs on."""
    found: dict[str, list[int]] = {}
    for pod in fleet.pods():
        name = pod["spec"].get("nodeName")
        if name and name not in found and pod["status"].get("phase") == "Running":
            line = fleet.kube.exec(
                fleet.namespace,
                pod["metadata"]["name"],
                "probe",
                "python3",
                "-c",
                "print(open('/proc/stat').readline())",
            ).stdout
            found[name] = [int(number) for number in line.split()[1:]]
    return found

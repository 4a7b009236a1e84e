"""Where a job runs: its plan, its pod, the places where volumes are mounted."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

from ethinfra.errors import BadInput
from ethinfra.snapshot.job.cluster import Cluster
from ethinfra.snapshot.plan import Plan


@dataclass(frozen=True)
class Place:
    """One job of one node.

    ordinal: of the node's pod, whose volume is copied
    pod:     the name of this pod, which is also who holds the lease and the volume
    data:    the node's volume, or the one that is restored into
    work:    a directory that the containers of this pod share
    forced:  somebody asked for a snapshot now, so it is not asked whether one is due
    """

    plan: Plan
    ordinal: int
    namespace: str
    pod: str
    data: Path
    work: Path
    forced: bool = False

    @classmethod
    def of_environment(cls, plan: Plan, *, data: Path, work: Path) -> Place:
        """By ORDINAL, NAMESPACE and POD_NAME, which the pod template sets; FORCE for a run that somebody asked for."""
        ordinal = _variable("ORDINAL")
        if not ordinal.isdecimal() or int(ordinal) >= max(plan.replicas, 1):
            raise BadInput(f"ORDINAL={ordinal}", expected=f"0 to {plan.replicas - 1}: one of {plan.node}'s pods")
        forced = os.environ.get("FORCE", "") not in ("", "0", "false")
        return cls(plan, int(ordinal), namespace(), _variable("POD_NAME"), data, work, forced)

    @property
    def node_pod(self) -> str:
        """The pod whose volume this is."""
        return f"{self.plan.node}-{self.ordinal}"

    @property
    def other_pods(self) -> list[str]:
        """The node's other replicas."""
        return [f"{self.plan.node}-{index}" for index in range(self.plan.replicas) if index != self.ordinal]

    @property
    def lease(self) -> str:
        return f"snapshot-{self.plan.node}"

    @property
    def claim(self) -> str:
        """The claim of the node's volume."""
        return f"execution-{self.node_pod}"

    @property
    def volume_snapshot(self) -> str:
        """The name of the CSI snapshot, of whichever replica; the claims of the second job are made from it by this
        name."""
        return f"snapshot-{self.plan.node}"

    def tell(self, cluster: Cluster, reason: str, message: str, *, warning: bool = False) -> None:
        """Say it to people: in this pod's log, and as an event of the node's pod."""
        say(f"{reason}: {message}")
        about = {"apiVersion": "v1", "kind": "Pod", "name": self.node_pod}
        cluster.event(about, reason, message, warning=warning)


def say(text: str) -> None:
    """One line in the pod's log."""
    print(f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} {text}", flush=True)


def namespace() -> str:
    """This pod's, by the variable NAMESPACE."""
    return _variable("NAMESPACE")


def _variable(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        raise BadInput(f"environment variable {name} is not set", expected="the pod template to set it")
    return value

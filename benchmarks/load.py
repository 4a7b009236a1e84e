"""What a cluster's own processes take while nobody asks for anything: memory, processor, requests to the API server.

Memory is told twice. RSS counts a page in every process that has it, so two kube-proxies of one binary count its code
twice; PSS (proportional) shares such pages out, so that a sum of PSS is what the machine really gives.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Any

from ethinfra.chain.discovery import samples
from ethinfra.cluster.embedded import cgroups as control_groups
from ethinfra.cluster.embedded.components import load_components
from ethinfra.cluster.embedded.plan import ClusterPlan, cluster_id, load_plan
from ethinfra.cluster.provider import Cluster
from ethinfra.errors import ClusterError
from ethinfra.kube import Kube

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Load:
    """A cluster's daemons over some seconds; `components` are PSS in MB, the pods of its addons are not among them."""

    pss_mb: float
    rss_mb: float
    components: dict[str, float]
    cores: float
    api_requests_per_second: float

    def as_facts(self) -> dict[str, Any]:
        return {
            "pssMB": round(self.pss_mb, 1),
            "rssMB": round(self.rss_mb, 1),
            "componentsPssMB": {name: round(value, 1) for name, value in self.components.items()},
            "cores": round(self.cores, 3),
            "apiRequestsPerSecond": round(self.api_requests_per_second, 2),
        }


def observe(cluster: Cluster, seconds: float) -> Load:
    """Watch for so long, then weigh. Control plane, node daemons, containers' shims and the supervisor."""
    plan = load_plan(cluster_id(cluster.name))
    if plan is None:
        raise ClusterError(f"cluster {cluster.name} is gone")
    kube = Kube.of(cluster)
    groups = daemons(plan)
    began, ticks, asked = monotonic(), _ticks(groups), _requests(kube)
    # Nothing is waited for: this is the time that is watched.
    Event().wait(seconds)
    passed, ticks, asked = monotonic() - began, _ticks(groups) - ticks, _requests(kube) - asked
    weights = {name: [memory_mb(pid) for pid in pids] for name, pids in daemons(plan).items()}
    return Load(
        pss_mb=sum(pss for one in weights.values() for pss, _ in one),
        rss_mb=sum(rss for one in weights.values() for _, rss in one),
        components={name: sum(pss for pss, _ in one) for name, one in weights.items()},
        cores=ticks / _TICKS / passed,
        # The second look at the metrics counts the first.
        api_requests_per_second=(asked - 1) / passed,
    )


def daemons(plan: ClusterPlan) -> dict[str, list[int]]:
    """Processes of every component of a cluster, by the component's name."""
    groups = control_groups.detect()
    found = {
        one.name: groups.processes(plan.cgroup_of_component(one.name)) for one in load_components(plan.components_file)
    }
    return {**found, "supervisor": groups.processes(plan.cgroup_of_supervisor)}


def memory_mb(pid: int) -> tuple[float, float]:
    """PSS and RSS of a process; zeros if it has just ended."""
    facts = {"Pss": 0, "Rss": 0}
    with suppress(FileNotFoundError, ProcessLookupError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
            name, _, rest = line.partition(":")
            if name in facts:
                facts[name] = int(rest.split()[0])
    return facts["Pss"] * 1024 / 1e6, facts["Rss"] * 1024 / 1e6


def _ticks(groups: dict[str, list[int]]) -> int:
    total = 0
    for pid in (pid for pids in groups.values() for pid in pids):
        with suppress(FileNotFoundError, ProcessLookupError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
    return total


def _requests(kube: Kube) -> float:
    page = samples(kube.kubectl("get", "--raw", "/metrics").stdout)
    return sum(value for name, value in page.items() if name.startswith("apiserver_request_total"))

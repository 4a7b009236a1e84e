"""The readiness report: supervisor, components, nodes, DNS and addons, each asked now."""

from __future__ import annotations

import datetime
from typing import Any, Protocol

from ethinfra.cluster.embedded.api import Api, condition
from ethinfra.cluster.embedded.cgroups import Cgroups
from ethinfra.cluster.embedded.dns import resolve
from ethinfra.cluster.embedded.plan import CLUSTER_DOMAIN, ClusterPlan
from ethinfra.cluster.embedded.report import component_states, log_tail, supervisor_alive
from ethinfra.cluster.provider import Health
from ethinfra.errors import EthinfraError

#: What must be available beside the nodes; `namespace/Deployment`.
_ADDONS = ("kube-system/coredns", "kube-system/metrics-server", "local-path-storage/local-path-provisioner")
#: Seconds within which an addon may start; `up` waits for DNS only.
_STARTING = 60
#: Lines of a broken component's log in its problem.
_LOG_LINES = 8


class _Note(Protocol):
    """Takes down how one thing is."""

    def __call__(self, name: str, seen: str, *, well: bool, more: str = "") -> None: ...


def health(plan: ClusterPlan, cgroups: Cgroups) -> Health:
    """Look at everything. What cannot be asked is a problem, not an error."""
    lines: dict[str, str] = {}
    problems: list[str] = []

    def note(name: str, seen: str, *, well: bool, more: str = "") -> None:
        lines[name] = seen
        if not well:
            problems.append(f"{name}: {seen}{more}")

    alive = supervisor_alive(plan, cgroups)
    note("supervisor", "works" if alive else "does not run; `ethinfra up` starts it again", well=alive)
    states = component_states(plan)
    if not states:
        note("components", "none was ever started", well=False)
    for state in states.values():
        end = "" if state.ready else f"\n{log_tail(state.log, _LOG_LINES)}"
        note(state.name, str(state), well=state.ready, more=end)
    _ask_api(plan, note)
    try:
        address = resolve(plan.dns_service, f"kubernetes.default.svc.{CLUSTER_DOMAIN}", within=2)
        right = address == plan.api_service
        note("cluster DNS", "answers" if right else f"says {address} for the API server", well=right)
    except OSError as reason:
        note("cluster DNS", f"does not answer: {reason}", well=False)
    return Health(lines, tuple(problems))


def _ask_api(plan: ClusterPlan, note: _Note) -> None:
    try:
        api = Api(plan)
        nodes = {one["metadata"]["name"]: one for one in api.get("/api/v1/nodes")["items"]}
        for wanted in plan.nodes:
            ready = wanted.name in nodes and condition(nodes[wanted.name], "Ready")
            seen = "Ready" if ready else "not Ready" if wanted.name in nodes else "not registered"
            note(f"node {wanted.name}", seen, well=ready)
        for addon in _ADDONS:
            namespace, name = addon.split("/")
            found = api.get(f"/apis/apps/v1/namespaces/{namespace}/deployments/{name}")
            age = _age(found)
            if condition(found, "Available"):
                note(addon, "available", well=True)
            elif age < _STARTING:
                note(addon, f"starting, for {age:.0f}s", well=True)
            else:
                note(addon, f"not available, {age:.0f}s after it was deployed", well=False)
    except (EthinfraError, OSError) as reason:
        note("API", str(reason), well=False)


def _age(thing: dict[str, Any]) -> float:
    made = datetime.datetime.fromisoformat(thing["metadata"]["creationTimestamp"])
    return (datetime.datetime.now(datetime.UTC) - made).total_seconds()

"""What is known about a cluster's components: the supervisor's report, checked against what runs, and their logs."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from ethinfra.cluster.embedded.cgroups import Cgroups
from ethinfra.cluster.embedded.plan import ClusterPlan
from ethinfra.cluster.embedded.supervisor import start_time
from ethinfra.errors import ClusterError
from ethinfra.process import tail
from ethinfra.waiting import NotInTime, eventually

Seen = TypeVar("Seen")

#: A component that has exited so often during the boot will not come up.
_GIVE_UP_AFTER = 4


@dataclass(frozen=True)
class ComponentState:
    """One component, now. `seen` says how it is doing, in words."""

    name: str
    pid: int
    ready: bool
    seen: str
    restarts: int
    log: Path

    def __str__(self) -> str:
        again = f", restarted {self.restarts} times" if self.restarts else ""
        return f"{self.seen}{again}"


class ComponentBroken(ClusterError):
    """A component does not come up; carries the end of its log. Not a reason to go on waiting."""

    def __init__(self, plan: ClusterPlan, state: ComponentState) -> None:
        self.component = state.name
        super().__init__(
            f"{state.name} of cluster {plan.id} does not work",
            seen=f"{state}\nend of {state.log}:\n{log_tail(state.log)}",
            todo=f"ethinfra status; remove the cluster: ethinfra down --name {plan.name}",
        )


def component_states(plan: ClusterPlan) -> dict[str, ComponentState]:
    """All components that the supervisor has reported; a dead process is not ready whatever the report says."""
    try:
        report = json.loads(plan.report_file.read_text())
    except FileNotFoundError:
        return {}
    states: dict[str, ComponentState] = {}
    for name, one in report.items():
        alive = bool(one["pid"]) and start_time(one["pid"]) == one["started"]
        seen = one["seen"] if alive or not one["ready"] else "has ended"
        states[name] = ComponentState(name, one["pid"], alive and one["ready"], seen, one["restarts"], Path(one["log"]))
    return states


def supervisor_alive(plan: ClusterPlan, cgroups: Cgroups) -> bool:
    """Whether anybody watches over the components."""
    return bool(cgroups.processes(plan.cgroup_of_supervisor))


def hopeless(state: ComponentState) -> bool:
    """Whether waiting for a component makes no sense any more."""
    return state.restarts >= _GIVE_UP_AFTER and not state.ready


def must_work(plan: ClusterPlan, which: Callable[[str], bool], what: str, *, within: float) -> None:
    """Wait until the components whose names fulfil `which` work; ClusterError with a log's end if one does not."""

    def look() -> list[ComponentState]:
        return [one for one in component_states(plan).values() if which(one.name)]

    def settled(states: list[ComponentState]) -> bool:
        return bool(states) and (all(one.ready for one in states) or any(map(hopeless, states)))

    try:
        states = eventually(what, look, until=settled, within=within, every=0.1)
    except NotInTime as late:
        states = [one for one in component_states(plan).values() if which(one.name) and not one.ready]
        started = [one for one in states if one.pid or one.restarts]
        if started:
            raise ComponentBroken(plan, started[0]) from late
        log = plan.log_dir / "supervisor.log"
        late.todo = f"{log}: {log_tail(log)}" if log.exists() else "see `ethinfra status`"
        raise
    broken = next((one for one in states if hopeless(one)), None)
    if broken:
        raise ComponentBroken(plan, broken)


def must_come(
    plan: ClusterPlan,
    what: str,
    look: Callable[[], Seen],
    *,
    until: Callable[[Seen], bool],
    within: float,
    every: float,
    hint: str,
) -> None:
    """Wait as `eventually` does, for something that needs the components: ComponentBroken once there is no hope."""

    def look_at_both() -> Seen | ComponentBroken:
        broken = next(filter(hopeless, component_states(plan).values()), None)
        return ComponentBroken(plan, broken) if broken else look()

    def settled(seen: Seen | ComponentBroken) -> bool:
        return isinstance(seen, ComponentBroken) or until(seen)

    seen = eventually(what, look_at_both, until=settled, within=within, every=every, hint=hint)
    if isinstance(seen, ComponentBroken):
        raise seen


def log_tail(log: Path, lines: int = 15) -> str:
    """The end of a component's log; says so if there is none."""
    try:
        with log.open("rb") as file:
            file.seek(max(log.stat().st_size - 64 * 1024, 0))
            return tail(file.read().decode(errors="replace"), lines)
    except FileNotFoundError:
        return "(no log)"

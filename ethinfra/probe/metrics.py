"""The view and the verdicts as Prometheus text (exposition format 0.0.4).

What is not known has no sample: an absent series can be alerted on, a made-up zero cannot be told from a true one.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from ethinfra.probe.marker import Restored, Unreadable
from ethinfra.probe.verdict import Code, Limits, liveness, readiness, startup
from ethinfra.probe.view import ChainView

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_STARTED = time.time()

Label = TypeVar("Label", bound=str)


def render(
    view: ChainView | None,
    limits: Limits,
    counts: Mapping[Code, int],
    *,
    closing: bool = False,
    snapshot: Restored | Unreadable | None = None,
    requests_per_second: float | None = None,
) -> str:
    """All series. Names are stable: alerts and dashboards go by them."""
    page = _Page()
    ready = readiness(view, limits)
    page.gauge("ethinfra_node_ready", "1 if the node may serve", ready.ready and not closing)
    page.gauge("ethinfra_node_live", "1 if the execution client answers at all", liveness(view).ready)
    page.gauge("ethinfra_node_started", "1 if it answers on the right chain", startup(view, limits).ready)
    present = {objection.code for objection in ready.objections}
    page.each(
        "ethinfra_node_not_ready",
        "gauge",
        "1 for each reason why the node is not ready now",
        "code",
        {code: int(code in present) for code in Code if code is not Code.READY},
    )
    page.each(
        "ethinfra_probe_verdicts_total",
        "counter",
        "Looks by the verdict that they led to",
        "code",
        {code: counts.get(code, 0) for code in Code},
    )
    if view is not None:
        _chain(page, view)
    page.gauge(
        "ethinfra_rpc_requests_per_second",
        "RPC requests that the execution client answered, over the last half minute",
        requests_per_second,
    )
    if isinstance(snapshot, Restored):
        page.info(
            "ethinfra_snapshot_info",
            "From which snapshot the node's data came",
            {"id": snapshot.id, "digest": snapshot.digest},
        )
    page.counter("process_cpu_seconds_total", "CPU time of the probe", time.process_time())
    page.gauge("process_resident_memory_bytes", "Memory of the probe", _resident())
    page.gauge("process_start_time_seconds", "When the probe started, Unix seconds", _STARTED)
    return page.text()


def _chain(page: _Page, view: ChainView) -> None:
    execution, consensus, head = view.execution, view.consensus, view.execution.head
    if head is not None:
        page.gauge("ethinfra_node_head_number", "Number of the execution client's head", head.number)
        page.gauge("ethinfra_node_head_timestamp_seconds", "Time of the head's slot, Unix seconds", head.timestamp)
    page.gauge("ethinfra_node_head_age_seconds", "Seconds since the head's slot", view.head_age)
    page.gauge("ethinfra_node_head_unchanged_seconds", "Seconds since the head moved", view.unchanged_for + view.age)
    page.gauge("ethinfra_node_peers", "Peers of the execution client", execution.peers)
    page.each(
        "ethinfra_node_lag_blocks",
        "gauge",
        "Blocks that the head is behind",
        "behind",
        {"consensus": view.lag, "reference": view.reference_lag},
    )
    if execution.trouble is None:
        page.gauge("ethinfra_node_execution_syncing", "1 if eth_syncing is not false", execution.sync is not None)
    if consensus.trouble is None:
        page.gauge("ethinfra_node_consensus_peers", "Peers of the consensus client", consensus.peers)
        page.gauge("ethinfra_node_consensus_syncing", "1 while the consensus client syncs", consensus.syncing)
        page.gauge("ethinfra_node_consensus_optimistic", "1 while its head is not verified", consensus.optimistic)
        page.gauge("ethinfra_node_consensus_el_offline", "1 if it misses execution", consensus.execution_offline)
        page.gauge("ethinfra_node_consensus_distance_slots", "Slots between its head and the clock", consensus.distance)
        page.gauge("ethinfra_node_consensus_head_slot", "Slot of its head", consensus.head_slot)
    page.gauge("ethinfra_probe_view_age_seconds", "Seconds since the last look", view.age)
    page.gauge("ethinfra_probe_duration_seconds", "Seconds that the last look took", view.duration)


class _Page:
    def __init__(self) -> None:
        self._lines: list[str] = []

    def gauge(self, name: str, text: str, value: float | None) -> None:
        self._one(name, "gauge", text, value)

    def counter(self, name: str, text: str, value: float) -> None:
        self._one(name, "counter", text, value)

    def info(self, name: str, text: str, labels: Mapping[str, str]) -> None:
        pairs = ",".join(f'{key}="{_escaped(value)}"' for key, value in labels.items())
        self._lines += [f"# HELP {name} {text}", f"# TYPE {name} gauge", f"{name}{{{pairs}}} 1"]

    def each(self, name: str, kind: str, text: str, label: str, values: Mapping[Label, float | None]) -> None:
        known = {key: value for key, value in values.items() if value is not None}
        if known:
            self._lines += [f"# HELP {name} {text}", f"# TYPE {name} {kind}"]
            self._lines += [f'{name}{{{label}="{key!s}"}} {_number(value)}' for key, value in known.items()]

    def _one(self, name: str, kind: str, text: str, value: float | None) -> None:
        if value is not None:
            self._lines += [f"# HELP {name} {text}", f"# TYPE {name} {kind}", f"{name} {_number(value)}"]

    def text(self) -> str:
        return "\n".join(self._lines) + "\n"


def _number(value: float) -> str:
    return str(int(value)) if isinstance(value, (bool, int)) else f"{value:.6f}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _resident() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")

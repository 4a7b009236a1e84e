"""Where a result was measured, and what else was going on there."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any

import psutil

from ethinfra.certificate.subject import source
from ethinfra.cluster.embedded.plan import all_plans

#: Load average of the last minute, per core, above which a machine is not quiet.
QUIET = 0.5


def describe() -> dict[str, Any]:
    """The machine now: call it before measuring, because measuring is a load too."""
    return {
        "cores": os.cpu_count(),
        "processor": _processor(),
        "memoryMB": round(psutil.virtual_memory().total / 1e6),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "source": source(),
        "load": [round(one, 2) for one in os.getloadavg()],
        "clusters": [plan.id for plan in all_plans()],
    }


def disturbances(machine: dict[str, Any]) -> list[str]:
    """Why figures of this machine do not count, a sentence each; empty if it was quiet."""
    found = []
    load, cores = machine["load"][0], machine["cores"]
    if load > QUIET * cores:
        found.append(f"load average {load} before the first measurement, on {cores} cores")
    found += [f"cluster {name} was running" for name in machine["clusters"]]
    return found


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")

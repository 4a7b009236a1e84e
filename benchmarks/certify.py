"""All scenarios: run now, or read from the newest record of such a run."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.life import Keep
from benchmarks.result import Sample
from benchmarks.steps import TimedProgress
from ethinfra.errors import EthinfraError
from ethinfra.paths import ROOT, reports_dir

#: Arguments that make a run less than all of it.
_NARROWING = ("-m", "-k", "--layers", "--lf", "--collect-only", "--deselect", "--reuse")


def run_certify(keep: Keep, progress: TimedProgress) -> None:
    """What `make certify` does once everything is set up, on a cluster of its own. Its output goes to stderr."""
    command = [sys.executable, "-m", "pytest", "features/", "--env", "local", "--fresh"]
    with progress.step("make certify"):
        started = time.monotonic()
        child = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=sys.stderr)
        try:
            code = child.wait()
        except KeyboardInterrupt:
            # It takes its cluster down before it ends.
            child.send_signal(signal.SIGINT)
            child.wait()
            raise
        seconds = time.monotonic() - started
    if code:
        raise EthinfraError("make certify failed, so its time means nothing", seen=f"exit code {code}")
    keep(Sample("certify", seconds))


def recorded_certify(records: Iterable[dict[str, Any]]) -> Sample | None:
    """The newest of these run records that is of all scenarios on a cluster that it booted; None if there is none."""
    whole = sorted((one for one in records if is_whole(one)), key=lambda one: one["run"]["finished"])
    if not whole:
        return None
    last = whole[-1]
    run, facts = last["run"], {"layers": {one["name"]: one["seconds"] for one in last["layers"]}}
    when = datetime.fromtimestamp(run["started"], UTC).isoformat(sep=" ", timespec="minutes")
    failed = sum(one["status"] not in ("PASSED", "PENDING", "NOT_APPLICABLE") for one in last["scenarios"])
    outcome = f", {failed} of {len(last['scenarios'])} scenarios failed" if failed else ""
    kept = ", without taking down" if "--keep" in run["arguments"] else ""
    note = f"not run now: from the record {run['id']} of {when}{kept}{outcome}; pass --certify to run it"
    return Sample("certify", run["finished"] - run["started"], facts=facts, note=note)


def is_whole(record: dict[str, Any]) -> bool:
    """Whether a run was of everything, from the boot on, and came to its end."""
    run = record["run"]
    arguments = [one for one in run["arguments"] if not one.startswith("-")]
    everything = "features/" in arguments or "features" in arguments
    narrowed = any(one.split("=")[0] in _NARROWING for one in run["arguments"])
    made = bool(record["cluster"].get("made"))
    return everything and not narrowed and made and not run["interrupted"] and run["env"] == "local"


def run_records(folder: Path | None = None) -> list[dict[str, Any]]:
    """The records of all runs that ended, in `reports/`."""
    return [json.loads(path.read_text()) for path in sorted((folder or reports_dir()).glob("*/run.json"))]

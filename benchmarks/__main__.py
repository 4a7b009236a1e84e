"""`python -m benchmarks [FIGURE…]`: measure, print, store under `reports/bench/`.

Exit codes: 0 measured, whatever the figures say; 1 something could not be measured; 2 bad input; 130 interrupted.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from rich.console import Console

from benchmarks import certify, life, machine, static
from benchmarks.figures import FIGURES, FLEET, ONE_NODE, SNAPSHOTS, select
from benchmarks.fleet import fleet
from benchmarks.replica import replicas
from benchmarks.result import SCHEMA, Sample, changes, load, outcomes, store
from benchmarks.snapshot import snapshots
from benchmarks.snapshot_data import of_a_chain
from benchmarks.steps import TimedProgress
from benchmarks.table import quantity, table
from benchmarks.tools import cold_tools
from ethinfra.errors import BadInput, ClusterError, EthinfraError
from ethinfra.paths import cache_dir, reports_dir


def main(arguments: list[str] | None = None) -> int:
    """The exit code is returned."""
    options = _parser().parse_args(arguments)
    # SIGTERM unwinds like Ctrl-C, so that clusters are removed on the way out.
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        if options.list:
            for figure in FIGURES:
                print(f"{figure.name:<22}{quantity(figure.limit, figure.unit):>10}  {figure.what}")
            return 0
        return _measure(options)
    except EthinfraError as error:
        print(error, file=sys.stderr)
        return 2 if isinstance(error, BadInput) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure what the project promises.")
    parser.add_argument("figures", nargs="*", metavar="FIGURE", help="see --list; all of them if none is named")
    parser.add_argument("--list", action="store_true", help="name the figures and their limits")
    parser.add_argument("--json", action="store_true", help="print the result as JSON instead of a table")
    parser.add_argument("--compare", type=Path, metavar="FILE", help="show the change against an earlier result")
    parser.add_argument("--repeat", type=int, default=3, metavar="N", help="lives of each cluster (default: 3)")
    parser.add_argument("--cold-tools", action="store_true", help="build all tools from nothing: half an hour, 20 GB")
    parser.add_argument("--certify", action="store_true", help="run all scenarios, instead of reading the last run")
    return parser


def _measure(options: argparse.Namespace) -> int:
    figures = select(options.figures)
    if options.repeat < 1:
        raise BadInput(f"--repeat {options.repeat}", expected="1 or more")
    earlier = load(options.compare) if options.compare else None
    lock = FileLock(cache_dir() / "locks" / "bench.lock", timeout=0)
    Path(lock.lock_file).parent.mkdir(parents=True, exist_ok=True)
    try:
        lock.acquire()
    except Timeout:
        raise ClusterError("another benchmark is running", todo="wait: neither would measure anything") from None
    with lock:
        where, started = machine.describe(), time.time()
        progress = TimedProgress()
        for sentence in machine.disturbances(where):
            progress.note(f"[yellow]not a quiet machine: {sentence}; these figures do not count[/yellow]")
        samples, reasons, interrupted = _try_all({figure.name for figure in figures}, options, progress)
    made = outcomes(figures, samples, reasons)
    result: dict[str, Any] = {
        "schema": SCHEMA,
        "started": round(started, 3),
        "seconds": round(time.time() - started, 3),
        "interrupted": interrupted,
        "machine": {**where, "disturbances": machine.disturbances(where)},
        "figures": [one.as_record() for one in made],
    }
    path = reports_dir() / "bench" / f"{datetime.fromtimestamp(started, UTC):%Y%m%dT%H%M%SZ}.json"
    store(result, path)
    if options.json:
        print(json.dumps(result, indent=1))
    else:
        console = Console(highlight=False)
        if not console.is_terminal:
            console.width = 160
        console.print(table(made, changes(earlier, result) if earlier else None))
        print(f"\n{path}")
    failed = any(reason.startswith(_FAILED) for reason in reasons.values())
    return 130 if interrupted else int(failed)


_FAILED = "failed: "

#: Bytes of the chain's database, and a disk for it, where /tmp may be memory.
_CHAIN, _DISK = 2 << 30, Path("/var/tmp")  # noqa: S108


def _try_all(
    wanted: set[str], options: argparse.Namespace, progress: TimedProgress
) -> tuple[list[Sample], dict[str, str], bool]:
    """Run the trials that the wanted figures need. One that fails does not keep the others from being tried.

    Returns the samples, why a figure has none or too few, and whether somebody interrupted.
    """
    samples: list[Sample] = []
    reasons: dict[str, str] = {}
    lives = life.Options(options.repeat)
    trials: list[tuple[frozenset[str], Callable[[set[str]], None]]] = [
        (frozenset({"rendering"}), lambda _: static.one_rendering(samples.append, progress, options.repeat)),
        (frozenset({"static"}), lambda _: static.static_tier(samples.append, progress, options.repeat)),
        (frozenset({"mutants"}), lambda _: static.mutants(samples.append, progress)),
        (SNAPSHOTS, lambda _: _snapshots(samples.append, progress, options.repeat)),
        (frozenset({"replica-restored"}), lambda _: replicas(samples.append, _CHAIN, _DISK, progress)),
        (FLEET, lambda mine: fleet(mine, options.repeat, samples.append, progress)),
        (ONE_NODE, lambda mine: life.one_node(mine, lives, samples.append, progress)),
        (frozenset({"boot-three"}), lambda mine: life.three_nodes(mine, lives, samples.append, progress)),
    ]
    if options.cold_tools:
        trials.append((frozenset({"tools"}), lambda _: cold_tools(samples.append, progress)))
    elif "tools" in wanted:
        reasons["tools"] = "pass --cold-tools"
    if options.certify:
        trials.append((frozenset({"certify"}), lambda _: certify.run_certify(samples.append, progress)))
    elif "certify" in wanted:
        recorded = certify.recorded_certify(certify.run_records())
        if recorded is not None:
            samples.append(recorded)
        else:
            reasons["certify"] = "no run of all scenarios under reports/; pass --certify"
    for figures, trial in trials:
        mine = wanted & figures
        if not mine:
            continue
        try:
            trial(mine)
        except EthinfraError as error:
            print(error, file=sys.stderr)
            reasons |= dict.fromkeys(mine, f"{_FAILED}{error.subject}")
        except KeyboardInterrupt:
            reasons |= dict.fromkeys(wanted - {one.figure for one in samples}, "interrupted")
            return samples, reasons, True
    return samples, reasons, False


def _snapshots(keep: Callable[[Sample], None], progress: TimedProgress, repeat: int) -> None:
    """On a chain's database of two gigabytes, beside which four times as much has room."""
    data = of_a_chain(_CHAIN, progress)
    with progress.step("snapshots of 2 GiB"):
        snapshots(keep, data, _DISK, repeat)


def _interrupt(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())

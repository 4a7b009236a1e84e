"""The tier without a cluster: how long it takes, what one rendering takes, and whether every mutant is caught."""

from __future__ import annotations

import re
import shutil
import sys
import time
from collections.abc import Callable

from benchmarks.life import Keep
from benchmarks.result import Sample
from benchmarks.steps import TimedProgress
from ethinfra.clients import known_clients
from ethinfra.errors import ClusterError
from ethinfra.matrix.networks import known_values
from ethinfra.paths import ROOT, cache_dir
from ethinfra.process import run
from ethinfra.toolchain import tool

#: Seconds after which something hangs.
_PATIENCE = 1800


def static_tier(keep: Keep, progress: TimedProgress, repeat: int) -> None:
    """`pytest features/static` with nothing rendered beforehand. Beside it: the same with everything rendered."""
    for _ in range(repeat):
        with progress.step("the static tier"):
            shutil.rmtree(cache_dir() / "rendered", ignore_errors=True)
            cold, said = _static_tier()
            warm, _ = _static_tier()
        keep(Sample("static", cold, beside={"rendered before": warm}, facts={"pytest": said}))


def one_rendering(keep: Keep, progress: TimedProgress, repeat: int) -> None:
    """helm renders one sync node of one execution client, each client in turn. Beside it: helm saying its version."""
    clients = sorted(name for name, programs in known_clients().items() if "execution" in programs)
    with progress.step("one client's rendering"):
        floor = min(_seconds(lambda: run([tool("helm"), "version"])) for _ in range(3))
        for _ in range(repeat):
            times = {client: _seconds(lambda client=client: _render(client)) for client in clients}  # type: ignore[misc]
            slowest = max(times, key=lambda name: times[name])
            keep(Sample("rendering", times[slowest], beside={"helm version": floor}, facts=times, note=slowest))


def mutants(keep: Keep, progress: TimedProgress) -> None:
    """`python -m tests.mutants`: the ones that no check caught, of how many. ClusterError if it could not be run."""
    with progress.step("mutants"):
        started = time.monotonic()
        done = run([sys.executable, "-m", "tests.mutants"], within=_PATIENCE, cwd=ROOT, check=False)
        seconds = time.monotonic() - started
    found = re.search(r"(\d+) of (\d+) mutants caught", done.stdout)
    if not found:
        raise ClusterError(
            "python -m tests.mutants", expected="a count of mutants", seen=done.stdout[-400:] + done.stderr
        )
    caught, tried = int(found[1]), int(found[2])
    keep(
        Sample(
            "mutants", tried - caught, facts={"tried": tried, "seconds": seconds}, note=f"{caught} of {tried} caught"
        )
    )


def _static_tier() -> tuple[float, str]:
    command = [sys.executable, "-m", "pytest", "features/static", "--env", "local", "-n", "2", "-q"]
    started = time.monotonic()
    done = run(command, within=_PATIENCE, cwd=ROOT, check=False)
    last = done.stdout.strip().splitlines()[-1:]
    if done.code:
        raise ClusterError("pytest features/static", expected="exit code 0", seen=done.stdout[-1500:])
    return time.monotonic() - started, last[0] if last else ""


def _render(client: str) -> None:
    values = ROOT / "values"
    network = "hoodi" if "hoodi" in known_clients()[client]["execution"]["flags"].get("networks", {}) else "devnet"
    assert network in known_values()
    files = [*sorted((values / "clients").glob("*.yaml")), values / "networks" / f"{network}.yaml"]
    node = f'[{{"name":"node","execution":{{"client":"{client}","syncMode":"full"}},"consensus":{{"client":"prysm"}}}}]'
    run(
        [
            tool("helm"), "template", "sync", ROOT / "charts" / "ethereum-infrastructure", "--namespace", "ethereum",
            *(part for file in files for part in ("--values", file)),
            "--set", "sync.enabled=true", f"--set-json=sync.nodes={node}",
        ]
    )  # fmt: skip


def _seconds(call: Callable[[], object]) -> float:
    started = time.monotonic()
    call()
    return time.monotonic() - started

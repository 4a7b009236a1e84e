"""A bundle is tried: a copy of the project, broken, runs its own scenarios on a cluster of its own.

The copy lies in another folder, so its cluster has another identity than any of the checkout's (`cluster_id`). Caches
of binaries and images are shared.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ethinfra.cluster.embedded.plan import cluster_id
from ethinfra.errors import ClusterError
from ethinfra.paths import ROOT, state_dir
from ethinfra.process import run, tail
from tests.controls.sabotage import Bundle, addresses, apply

#: The one environment that is sabotaged: a cluster that belongs to nobody else.
ENVIRONMENT = "local"

#: Seconds that one bundle may take, and its cluster's end. Patience.
LIMIT, _TAKE_DOWN = 1500, 300

#: Variables that say which run, or which cluster, this is.
_OURS = ("PYTEST_", "ETHINFRA_CLUSTER", "ETHINFRA_PROVIDER", "ETHINFRA_DEPLOY")

#: Most of the time is spent in waiting for what never comes, so several scenarios wait at once.
_WORKERS = 3


@dataclass(frozen=True)
class Outcome:
    """What became of a scenario. `text` is its reason and all that its failure showed."""

    status: str
    text: str


@dataclass(frozen=True)
class Trial:
    """A bundle's run that has ended. Its folder keeps output and report."""

    folder: Path
    code: int
    output: str
    outcomes: dict[str, Outcome]

    def of(self, title: str) -> Outcome:
        """The outcome of a scenario; one that was not recorded shows the end of the run's output."""
        return self.outcomes.get(title, Outcome("NOT RECORDED", ""))

    def __str__(self) -> str:
        return f"{self.folder}: exit code {self.code}\n{tail(self.output, 60)}"


def attempt(bundle: Bundle, folder: Path) -> Trial:
    """Try a bundle in an empty folder. Whatever ends it, its cluster is removed."""
    project = _copy_project(folder / "project")
    apply(bundle.edits, project)
    report = folder / "report"
    selected = [addresses()[title] for title in bundle.titles]
    command = [sys.executable, "-m", "pytest", *selected, "--env", ENVIRONMENT, "--report-dir", str(report)]
    log = folder / "output.txt"
    try:
        code = _run([*command, "-n", str(_WORKERS), "-p", "no:cacheprovider", "--color=no"], project, log)
    finally:
        # Nothing to remove, the usual case, is not an error.
        down = [sys.executable, "-m", "ethinfra", "down", "--env", ENVIRONMENT]
        run(down, cwd=project, env=_surroundings(project), within=_TAKE_DOWN)
    return Trial(folder, code, log.read_text(errors="replace"), _outcomes(report / "run.json"))


def _copy_project(target: Path) -> Path:
    """The checkout as it is now, changes and new files included, ignored ones left out.

    It is a git clone at heart, because the identity of images that are made of the project's sources is their revision:
    without it they would all be built anew.
    """
    run(["git", "clone", "--quiet", "--shared", "--no-checkout", ROOT, target])
    run(["git", "-C", target, "reset", "--quiet"])
    listed = run(["git", "-C", ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    identity = cluster_id(ENVIRONMENT, target.resolve())
    if (state_dir() / identity).exists():
        raise ClusterError(f"a cluster {identity} runs already", todo="run the controls again: it gets another name")
    return target.resolve()


def _surroundings(project: Path) -> dict[str, str]:
    """The copy's own `ethinfra` goes before the installed one, which is this checkout's; also in helmfile's hooks."""
    return {"PYTHONPATH": str(project)}


def _run(command: list[str], project: Path, log: Path) -> int:
    """Run to the end; a Ctrl-C, or a limit, is handed on as SIGTERM, on which the run takes down what it made."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(_OURS)}
    with log.open("wb") as output:
        child = subprocess.Popen(
            command,
            cwd=project,
            env=inherited | _surroundings(project),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            # A terminal's Ctrl-C comes to us alone, and is handed on once.
            start_new_session=True,
        )
    try:
        return child.wait(LIMIT)
    except subprocess.TimeoutExpired:
        return _end(child)
    except BaseException:
        _end(child)
        raise


def _end(child: subprocess.Popen[bytes]) -> int:
    child.send_signal(signal.SIGTERM)
    try:
        return child.wait(_TAKE_DOWN)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)


def _outcomes(record: Path) -> dict[str, Outcome]:
    if not record.exists():
        return {}
    scenarios: list[dict[str, Any]] = json.loads(record.read_text())["scenarios"]
    return {one["title"]: Outcome(one["status"], f"{one['reason']}\n{one['failure']}") for one in scenarios}

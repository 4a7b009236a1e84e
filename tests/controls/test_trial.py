"""How a bundle is run, without a cluster."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

import pytest

from ethinfra.cluster.embedded.plan import cluster_id
from ethinfra.paths import ROOT
from ethinfra.process import run
from tests.controls import trial
from tests.controls.trial import ENVIRONMENT

#: Says that it runs, and what ended it.
_CHILD = """
import signal, sys, time
def ended(*_):
    print("told to end", flush=True)
    sys.exit(7)
signal.signal(signal.SIGTERM, ended)
print("runs", flush=True)
time.sleep(30)
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of this project."""
    return trial._copy_project(tmp_path_factory.mktemp("copy") / "project")


def test_copy_is_a_project_of_its_own(project: Path) -> None:
    """Code and cluster of the copy are the copy's, also for whoever is called by path, as helmfile's hooks are."""
    where = "import ethinfra, fixtures, steps; print(ethinfra.__file__, fixtures.__file__, steps.__file__)"
    (project / "environments" / "nowhere.yaml").write_text("")
    hook = [Path(sys.executable).parent / "ethinfra", "env", "show", "nowhere"]

    imported = run([sys.executable, "-c", where], cwd=project, env=trial._surroundings(project)).stdout.split()
    called = run(hook, cwd=Path("/"), env=trial._surroundings(project))

    assert all(Path(file).is_relative_to(project) for file in imported)
    assert "nowhere" in called.stdout
    assert cluster_id(ENVIRONMENT, project) != cluster_id(ENVIRONMENT, ROOT)


def test_copy_has_the_checkouts_revision_and_changes(project: Path) -> None:
    """Images are named by the revision of their sources; with another one they would be built anew."""
    ask = ["git", "-c", "core.quotepath=off", "status", "--porcelain", "--", "ethinfra/probe", "docker"]

    assert run(["git", "rev-parse", "HEAD"], cwd=project).stdout == run(["git", "rev-parse", "HEAD"], cwd=ROOT).stdout
    assert run(ask, cwd=project).stdout == run(ask, cwd=ROOT).stdout


def test_interruption_is_handed_on(tmp_path: Path) -> None:
    """On Ctrl-C the run is told to end, and its end is waited for: it takes down its cluster in between."""
    log = tmp_path / "output.txt"

    def interrupt() -> None:
        while not (log.exists() and "runs" in log.read_text()):
            pass
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        trial._run([sys.executable, "-c", _CHILD], tmp_path, log)

    assert "told to end" in log.read_text()


def test_run_that_takes_too_long_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit ends it the same way."""
    monkeypatch.setattr(trial, "LIMIT", 1)

    code = trial._run([sys.executable, "-c", _CHILD], tmp_path, tmp_path / "output.txt")

    assert code == 7

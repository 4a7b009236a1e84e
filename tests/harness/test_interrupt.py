"""Ctrl-C, SIGTERM and a killed worker: the record is kept, and says what was not run."""

from __future__ import annotations

import signal

import pytest

from ethinfra.certificate.verify import verify
from ethinfra.waiting import eventually
from tests.harness.conftest import Project, Ran

STEPS = """
@then("it holds")
def holds(): pass

@then("it takes long")
def long(env):
    os.write(2, b"")
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        time.sleep(0.05)

@then("its process dies")
def dies(): os.kill(os.getpid(), signal.SIGKILL)
"""


#: xdist gives its workers ten seconds to end; ours would take them all.
IMPATIENT = """
from xdist.workermanage import NodeManager
NodeManager.EXIT_TIMEOUT = 1
"""


def fill(project: Project, slow: str) -> None:
    project.steps(STEPS)
    project.feature(
        "a",
        f"""
        Feature: A
          @req:PLAT-01.a @static
          Scenario: Before
            Then it holds
          @req:PLAT-01.b @static
          Scenario: During
            Then {slow}
          @req:PLAT-01.c @static
          Scenario: After
            Then it holds
        """,
    )
    # Long enough that the signal comes first.
    conftest = (project.root / "conftest.py").read_text().replace('"scenario": 1.5', '"scenario": 30')
    (project.root / "conftest.py").write_text(conftest + IMPATIENT)


def interrupted(project: Project, with_signal: signal.Signals, *arguments: str) -> Ran:
    fill(project, "it takes long")
    child = project.start("features", *arguments)
    events = project.folder / "events"

    def during() -> bool:
        return any('"started", "id": "a-during"' in path.read_text() for path in events.glob("*.ndjson"))

    eventually("the second scenario runs", during, within=30, every=0.05)
    child.send_signal(with_signal)
    return project.end(child)


@pytest.mark.parametrize("with_signal", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_run_leaves_a_certificate(project: Project, with_signal: signal.Signals) -> None:
    ran = interrupted(project, with_signal)

    assert ran.code == pytest.ExitCode.INTERRUPTED
    assert ran.certificate["verdict"] == "NOT CERTIFIED"
    assert ran.record["run"]["interrupted"]
    assert ran.scenario("Before")["status"] == "PASSED"
    assert ran.scenario("During")["status"] == "ERROR"
    assert ran.scenario("After")["reason"] == "not run: the run ended before its turn"
    verify(ran.folder)


def test_interrupted_workers_leave_a_certificate(project: Project) -> None:
    ran = interrupted(project, signal.SIGTERM, "-n", "2")

    assert ran.code == pytest.ExitCode.INTERRUPTED
    assert ran.certificate["verdict"] == "NOT CERTIFIED"
    assert ran.scenario("During")["status"] == "ERROR"


def test_killed_worker_is_an_error_of_its_scenario(project: Project) -> None:
    fill(project, "its process dies")

    ran = project.run("features", "-n", "2")

    assert ran.code != 0
    assert ran.scenario("During")["status"] == "ERROR"
    assert ran.scenario("During")["reason"] == "its worker ended before it did"
    assert ran.scenario("After")["status"] == "PASSED"

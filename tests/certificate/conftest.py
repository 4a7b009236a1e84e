"""A run's folder as a run leaves it, made from events."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ethinfra.certificate.coverage import as_data
from ethinfra.certificate.evidence import store
from ethinfra.certificate.issue import issue
from ethinfra.certificate.record import Recorder, merge, read_events
from ethinfra.certificate.requirements import load

ROWS = """
nodes:
  NODE-01: {text: Nodes <run>., clauses: {geth: Geth runs., besu: Besu runs.}}
  NODE-02: {text: Nodes follow., clauses: {follows: They follow.}}
"""

BEGIN = 1_800_000_000.0


def scenario(name: str, requirements: list[str]) -> dict[str, Any]:
    return {
        "id": name,
        "feature": "Nodes & <heads>",
        "file": "features/nodes.feature",
        "line": 3,
        "title": f"{name} <title>",
        "requirements": requirements,
        "tags": [],
        "layer": "ethereum",
    }


class MadeRun:
    """Plays the part of workers and controller."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.record = Recorder(folder / "events", "gw0")
        (folder / "requirements.yaml").write_text(ROWS)
        self._rows = load(folder / "requirements.yaml")
        (folder / "requirements.yaml").unlink()

    def collected(self, *scenarios: dict[str, Any]) -> None:
        self.record.add("collected", scenarios=list(scenarios))

    def ran(self, name: str, status: str, reason: str = "") -> None:
        self.record.add("started", id=name)
        self.record.add(
            "step",
            id=name,
            keyword="Then",
            text="it <holds>",
            line=4,
            started=BEGIN,
            seconds=1,
            status=status,
            error=reason,
        )
        self.record.add("evidence", id=name, kind="observed", **store(self.folder, name, "seen.json", '{"head": 7}'))
        facts = {
            "status": status,
            "reason": reason,
            "failure": reason,
            "started": BEGIN + 20,
            "seconds": 1,
            "waited": 0,
        }
        self.record.add("finished", id=name, **facts)

    def merged(self, **run: Any) -> dict[str, Any]:
        head = {
            "run": {"id": "r1", "env": "local", "started": BEGIN, "finished": BEGIN + 60, "interrupted": False, **run},
            "harness": {"python": "3"},
            "source": {"revision": "abc", "dirty": False},
            "environment": {"name": "local", "network": "devnet"},
            "requirements": as_data(self._rows),
        }
        return merge(read_events(self.folder / "events"), head)

    def sealed(self, **run: Any) -> dict[str, Any]:
        return issue(self.folder, self.merged(**run))


@pytest.fixture
def made(tmp_path: Path) -> MadeRun:
    """An empty run."""
    return MadeRun(tmp_path)


@pytest.fixture
def sealed(made: MadeRun) -> MadeRun:
    """A run in which one clause of two was proved, and another row."""
    made.collected(scenario("one", ["NODE-01.geth"]), scenario("two", ["NODE-02.follows"]))
    made.ran("one", "PASSED")
    made.ran("two", "PASSED")
    for second in range(0, 40, 4):
        made.record.add("head", node="geth-<0>", number=second // 2, hash="0xaa")
    made.record.add("layer", name="ethereum", started=BEGIN + 5, seconds=12, failure="", manifests="sha256:aa")
    made.record.add("cluster", name="local", started=BEGIN, seconds=4, failure="", cluster={}, made=True)
    made.sealed()
    return made

"""The command, with trials that measure nothing real."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import __main__ as command
from benchmarks import life
from benchmarks.result import Sample
from ethinfra.errors import ClusterError


@pytest.fixture
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Reads the one result that was stored."""
    monkeypatch.setattr(command, "reports_dir", lambda: tmp_path / "reports")
    monkeypatch.setattr(command, "cache_dir", lambda: tmp_path / "cache")

    def read() -> dict[str, Any]:
        (path,) = (tmp_path / "reports" / "bench").iterdir()
        result = json.loads(path.read_text())
        return {"result": result, **{one["name"]: one for one in result["figures"]}}

    return read


def replace(monkeypatch: pytest.MonkeyPatch, values: list[float], end: BaseException | None = None) -> None:
    """A life that keeps these boot times, and then ends so."""

    def trial(_wanted: set[str], _options: life.Options, keep: life.Keep, _progress: object) -> None:
        for value in values:
            keep(Sample("boot", value))
        if end is not None:
            raise end

    monkeypatch.setattr(life, "one_node", trial)


def test_result_is_printed_and_stored(stored: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Standard output is the result alone, so a script can read it."""
    replace(monkeypatch, [9, 10, 20])

    assert command.main(["boot", "--json"]) == 0

    assert json.loads(capsys.readouterr().out) == stored()["result"]
    assert (stored()["boot"]["median"], stored()["boot"]["ratio"]) == (10, pytest.approx(10 / 15, abs=1e-3))
    assert stored()["result"]["machine"]["cores"] >= 1


def test_limit_that_is_exceeded_is_no_failure(stored: Any, monkeypatch: pytest.MonkeyPatch):
    """A benchmark measures; it does not judge by the clock."""
    replace(monkeypatch, [100])

    assert command.main(["boot"]) == 0
    assert stored()["boot"]["ratio"] > 1


def test_failed_trial_keeps_what_it_had(stored: Any, monkeypatch: pytest.MonkeyPatch):
    """The figure has its samples and the reason why there are no more."""
    replace(monkeypatch, [9], ClusterError("the second boot failed"))

    assert command.main(["boot"]) == 1
    assert (stored()["boot"]["median"], stored()["boot"]["note"]) == (9, "failed: the second boot failed")


def test_interruption_keeps_what_was_measured(stored: Any, monkeypatch: pytest.MonkeyPatch):
    """The result says that it is not complete."""
    replace(monkeypatch, [9], KeyboardInterrupt())

    assert command.main(["boot", "down"]) == 130
    assert stored()["result"]["interrupted"] is True
    assert stored()["boot"]["median"] == 9
    assert stored()["down"]["note"] == "interrupted"


def test_change_against_an_earlier_result_is_shown(
    stored: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """In a column of its own."""
    replace(monkeypatch, [10])
    earlier = tmp_path / "earlier.json"
    earlier.write_text(json.dumps({"schema": 1, "figures": [{"name": "boot", "median": 8}]}))

    assert command.main(["boot", "--compare", str(earlier)]) == 0
    assert "+25%" in capsys.readouterr().out
    assert stored()["boot"]["median"] == 10


def test_cold_tools_are_not_built_unless_asked_for(stored: Any):
    """The reason says how to ask."""
    assert command.main(["tools"]) == 0
    assert stored()["tools"]["note"] == "pass --cold-tools"

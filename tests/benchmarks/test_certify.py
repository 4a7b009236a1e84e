"""Which run record counts as `make certify`."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.certify import is_whole, recorded_certify


def record(finished: float = 700, arguments: tuple[str, ...] = (), **over: Any) -> dict[str, Any]:
    run = {"id": f"run-{finished:g}", "env": "local", "started": 100, "finished": finished, "interrupted": False}
    return {
        "run": {**run, "arguments": ["features/", "--env", "local", *arguments], **over},
        "cluster": {"made": True},
        "layers": [{"name": "ethereum", "seconds": 48}],
        "scenarios": [{"status": "PASSED"}, {"status": "PENDING"}],
    }


def test_newest_whole_run_counts_and_says_that_it_was_not_run_now():
    """It is named, so that it can be looked up."""
    found = recorded_certify([record(900), record(1000), record(2000, ("-m", "smoke"))])

    assert found is not None
    assert found.value == 900
    assert found.note.startswith("not run now: from the record run-1000 of 1970-01-01")
    assert "failed" not in found.note


def test_failed_scenarios_and_kept_clusters_are_said():
    """The time of such a run is not quite what the figure means."""
    kept = record(700, ("--keep",))
    kept["scenarios"].append({"status": "FAILED"})

    found = recorded_certify([kept])

    assert found is not None
    assert "without taking down, 1 of 3 scenarios failed" in found.note


@pytest.mark.parametrize(
    "partial",
    [
        record(arguments=("-m", "smoke")),
        record(arguments=("-k", "late")),
        record(arguments=("--layers=infrastructure",)),
        record(interrupted=True),
        record(env="staging"),
        {**record(), "cluster": {"made": False}},
        {**record(), "cluster": {}},
        {**record(), "run": {**record()["run"], "arguments": ["features/sync", "--env", "local"]}},
    ],
)
def test_part_of_a_run_does_not_count(partial: dict[str, Any]):
    """Narrowed, interrupted, elsewhere, or on a cluster that was there already."""
    assert not is_whole(partial)
    assert recorded_certify([partial]) is None

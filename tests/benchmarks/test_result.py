"""The arithmetic of a result, and its file."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.result import SCHEMA, Figure, Outcome, Sample, changes, load, outcomes, store
from ethinfra.errors import BadInput

BOOT = Figure("boot", "boot of one node", 15)
DOWN = Figure("down", "removal", 20)


def result_of(*made: Outcome) -> dict[str, object]:
    return {"schema": SCHEMA, "figures": [one.as_record() for one in made]}


def test_ratio_is_of_the_median():
    """One slow sample out of three widens the spread and does not move the figure."""
    outcome = Outcome(BOOT, (Sample("boot", 12), Sample("boot", 30), Sample("boot", 9)))

    assert (outcome.low, outcome.median, outcome.high) == (9, 12, 30)
    assert outcome.ratio == pytest.approx(0.8)


def test_what_stands_beside_is_a_median_too():
    """A sample that lacks it is left out, not counted as zero."""
    samples = (Sample("boot", 9, {"floor": 3}), Sample("boot", 9, {"floor": 5}), Sample("boot", 9))

    assert Outcome(BOOT, samples).beside == {"floor": 4}


def test_figure_without_samples_says_why():
    """It has no number anywhere, and is not left out."""
    boot, down = outcomes([BOOT, DOWN], [Sample("down", 4)], {"boot": "pass --boot"})

    assert boot.as_record() | {"samples": []} == {
        "name": "boot", "what": "boot of one node", "limit": 15, "unit": "s", "median": None, "low": None,
        "high": None, "ratio": None, "beside": {}, "note": "pass --boot", "samples": [],
    }  # fmt: skip
    assert down.ratio == pytest.approx(0.2)


def test_notes_of_samples_are_said_once():
    """Three samples from one record have one note."""
    samples = [Sample("boot", 1, note="from a record"), Sample("boot", 2, note="from a record")]

    assert outcomes([BOOT], samples, {"boot": "failed: x"})[0].note == "from a record; failed: x"


def test_change_is_of_figures_that_both_results_have():
    """A figure that was not measured in one of them has no change."""
    before = result_of(Outcome(BOOT, (Sample("boot", 10),)), Outcome(DOWN))
    after = result_of(Outcome(BOOT, (Sample("boot", 12),)), Outcome(DOWN, (Sample("down", 4),)))

    assert changes(before, after) == {"boot": pytest.approx(0.2)}


def test_stored_result_is_read_back(tmp_path: Path):
    """The folder is made."""
    result = result_of(Outcome(BOOT, (Sample("boot", 12.34567, facts={"steps": {"links": 0.1}}),)))

    store(result, tmp_path / "bench" / "now.json")

    assert load(tmp_path / "bench" / "now.json") == result
    assert result["figures"][0]["median"] == 12.346


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema": 99, "figures": []}', '{"schema": 1}'])
def test_other_files_are_refused(tmp_path: Path, text: str):
    """The error names the file."""
    path = tmp_path / "other.json"
    path.write_text(text)

    with pytest.raises(BadInput, match=r"other\.json is no result"):
        load(path)

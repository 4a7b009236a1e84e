"""The result for people."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from benchmarks.result import Figure, Outcome, Sample
from benchmarks.table import quantity, table


def shown(outcome: Outcome, change: dict[str, float] | None = None) -> str:
    console = Console(file=io.StringIO(), width=200)
    console.print(table([outcome], change))
    return " ".join(console.file.getvalue().splitlines()[1].split())


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (4.24, "s", "4.2 s"),
        (90, "s", "90.0 s"),
        (99.96, "s", "100.0 s"),
        (200.4, "s", "3 min 20 s"),
        (1800, "s", "30 min"),
        (869.6, "MB", "870 MB"),
    ],
)
def test_quantity_is_said_as_people_do(value: float, unit: str, text: str):
    """Minutes from a hundred seconds on."""
    assert quantity(value, unit) == text


def test_measured_figure_has_its_spread_its_ratio_and_its_floor():
    """All in one line."""
    figure = Figure("boot", "boot of one node", 15)
    outcome = Outcome(figure, (Sample("boot", 9, {"alone": 3}), Sample("boot", 12, {"alone": 3})))

    assert shown(outcome) == "boot 10.5 s 9.0 s to 12.0 s 15.0 s 0.70 alone: 3.0 s"
    assert shown(outcome, {"boot": -0.25}) == "boot 10.5 s 9.0 s to 12.0 s 15.0 s 0.70 -25% alone: 3.0 s"


def test_figure_that_was_not_measured_says_so():
    """With the reason, and its limit."""
    outcome = Outcome(Figure("tools", "all tools", 1800), note="pass --cold-tools")

    assert shown(outcome) == "tools not measured 30 min pass --cold-tools"

"""Which figures there are, and how they are chosen."""

from __future__ import annotations

import pytest

from benchmarks.__main__ import main
from benchmarks.figures import FIGURES, ONE_NODE, select


def test_figures_are_chosen_by_name_in_their_own_order():
    """Without a name all of them are."""
    assert [one.name for one in select(["down", "boot"])] == ["boot", "down"]
    assert select([]) == list(FIGURES)


def test_every_figure_of_a_life_is_known():
    """Names are written twice, so they are compared."""
    assert {figure.name for figure in FIGURES} >= ONE_NODE


def test_unknown_figure_lists_the_known_ones(capsys: pytest.CaptureFixture[str]):
    """And nothing is measured."""
    assert main(["boot", "bot"]) == 2
    assert "unknown figure 'bot'" in (said := capsys.readouterr().err)
    assert all(figure.name in said for figure in FIGURES)


def test_list_names_every_figure_with_its_limit(capsys: pytest.CaptureFixture[str]):
    """One line each."""
    assert main(["--list"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(FIGURES)


@pytest.mark.parametrize("arguments", [["--repeat", "0"], ["--compare", "/nowhere.json"]])
def test_bad_input_is_said_before_anything_is_measured(arguments: list[str]):
    """Exit code 2."""
    assert main([*arguments, "boot"]) == 2

"""Mutants fit the project, every check has one, and a sample of them is caught; `make mutants` tries all."""

from __future__ import annotations

import pytest

from ethinfra.deploy.rules import RULES
from ethinfra.paths import ROOT
from tests.mutants.catalogue import MUTANTS
from tests.mutants.mutant import CHECKS, KUBERNETES, ORDER, RELEASES, SCHEMA, UPGRADE, Mutant
from tests.mutants.trial import CASES, Copy

#: One in so many is tried here: a mutant takes half a second.
SAMPLE = 5


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    return Copy(tmp_path_factory.mktemp("mutants") / "copy")


@pytest.mark.parametrize("mutant", MUTANTS, ids=str)
def test_edit_fits_the_project(mutant: Mutant) -> None:
    """Once, and it changes something."""
    text = (ROOT / mutant.edit.path).read_text()

    assert mutant.edit.applied_to(text) != text


def test_every_check_has_a_mutant() -> None:
    """A rule that nothing can break would say nothing."""
    checks = {*RULES, SCHEMA, CHECKS, KUBERNETES, ORDER, UPGRADE, RELEASES}

    assert {mutant.by for mutant in MUTANTS} == checks


def test_mutants_are_distinct() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len({mutant.edit for mutant in MUTANTS}) == len(MUTANTS)


@pytest.mark.parametrize("case", CASES)
def test_unedited_charts_are_clean(case: str, copy: Copy) -> None:
    assert copy.complaints(case) == {}


@pytest.mark.parametrize("mutant", MUTANTS[::SAMPLE], ids=str)
def test_mutant_is_caught(mutant: Mutant, copy: Copy) -> None:
    assert mutant.by in copy.judge(mutant)


def test_a_copy_is_as_before_after_a_mutant(copy: Copy) -> None:
    """Else the next one would be judged with two edits."""
    before = (copy.folder / MUTANTS[0].edit.path).read_text()
    with copy.edited(MUTANTS[0].edit):
        assert (copy.folder / MUTANTS[0].edit.path).read_text() != before

    assert (copy.folder / MUTANTS[0].edit.path).read_text() == before

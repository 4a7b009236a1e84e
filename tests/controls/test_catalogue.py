"""Sabotages fit the project as it is. Fast: nothing is booted."""

from __future__ import annotations

from pathlib import Path

import pytest

from ethinfra.errors import BadInput
from ethinfra.paths import ROOT
from tests.controls.catalogue import BUNDLES
from tests.controls.elsewhere import ELSEWHERE, Control, control_of
from tests.controls.sabotage import Bundle, Edit, addresses, apply
from tests.controls.table import README, written

every_bundle = pytest.mark.parametrize("bundle", BUNDLES, ids=lambda bundle: bundle.name)


@every_bundle
def test_edits_fit_the_project(bundle: Bundle, tmp_path: Path) -> None:
    """Each edit finds its text exactly once, alone and after those before it."""
    for path in {edit.path for edit in bundle.edits}:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text((ROOT / path).read_text())
    for edit in bundle.edits:
        edit.applied_to((ROOT / edit.path).read_text())

    apply(bundle.edits, tmp_path)


@every_bundle
def test_scenarios_exist(bundle: Bundle) -> None:
    """A scenario that got another title is not silently left out."""
    assert set(bundle.titles) <= addresses().keys()


@every_bundle
def test_no_scenario_is_touched_twice(bundle: Bundle) -> None:
    """Where two sabotages touch one scenario, its failure would not tell which was noticed."""
    assert len(bundle.titles) == len(set(bundle.titles))


def test_every_feature_is_sabotaged() -> None:
    """No capability is only ever seen to work."""
    sabotaged = {addresses()[title] for bundle in BUNDLES for one in bundle.sabotages for title in one.fails}

    assert {one.partition("::")[0] for one in sabotaged} == {one.partition("::")[0] for one in addresses().values()}


def test_edit_that_does_not_fit_is_named() -> None:
    """The error names the file and the text, and says how often it was seen."""
    with pytest.raises(BadInput) as refused:
        Edit("charts/registry/values.yaml", "once", "").applied_to("once, and once more")

    assert "charts/registry/values.yaml" in str(refused.value)
    assert "2 times" in str(refused.value)


def test_every_scenario_has_a_control_or_a_reason() -> None:
    """Which scenario is tried how is known for each; a sabotaged one needs no other control."""
    sabotaged = {title for bundle in BUNDLES for one in bundle.sabotages for title in one.fails}
    explained = {title for title in addresses() if control_of(title)}

    assert addresses().keys() - sabotaged - explained == set(), (
        "add a sabotage to catalogue/, or a reason to elsewhere.py"
    )
    assert sabotaged & explained == set(), "sabotaged; take them out of elsewhere.py"


@pytest.mark.parametrize("control", ELSEWHERE, ids=lambda one: one.titles)
def test_control_elsewhere_exists(control: Control) -> None:
    """A pattern covers something, and the test that it names is there."""
    assert any(control.covers(title) for title in addresses())
    assert bool(control.test) != bool(control.without)
    if control.test:
        file, _, name = control.test.partition("::")
        assert f"def {name}(" in (ROOT / file).read_text()


def test_readme_is_current() -> None:
    """The lists in README.md are those of the data: python -m tests.controls.table writes them."""
    readme = README.read_text()

    assert readme == written(readme), "not as `python -m tests.controls.table` writes it"

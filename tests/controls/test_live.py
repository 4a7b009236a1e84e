"""Every sabotage on a real cluster: `make controls`."""

from __future__ import annotations

import pytest

from tests.controls.catalogue import BUNDLES
from tests.controls.conftest import TrialOf
from tests.controls.sabotage import Bundle, Sabotage

pytestmark = pytest.mark.live


def noticed() -> list[object]:
    """Every scenario of every sabotage, bundle by bundle."""
    return [
        pytest.param(bundle, sabotage, title, id=f"{bundle.name}/{sabotage.name}: {title}")
        for bundle in BUNDLES
        for sabotage in bundle.sabotages
        for title in sabotage.fails
    ]


def untouched() -> list[object]:
    """Every scenario that must pass all the same."""
    return [
        pytest.param(bundle, title, id=f"{bundle.name}/untouched: {title}")
        for bundle in BUNDLES
        for title in bundle.untouched
    ]


@pytest.mark.parametrize(("bundle", "sabotage", "title"), noticed())
def test_scenario_fails_for_the_reason_that_it_is_there_for(
    trial_of: TrialOf, bundle: Bundle, sabotage: Sabotage, title: str
) -> None:
    """A scenario notices what breaks its promise, and says so."""
    trial = trial_of(bundle)
    outcome = trial.of(title)

    assert outcome.status == "FAILED", f"{sabotage.breaks}\n{outcome.text}\n{trial}"
    assert sabotage.fails[title] in outcome.text, f"{sabotage.breaks}\n{outcome.text}\n{trial}"


@pytest.mark.parametrize(("bundle", "title"), untouched())
def test_scenario_that_is_not_concerned_passes(trial_of: TrialOf, bundle: Bundle, title: str) -> None:
    """The broken deployment is broken where it should be, and nowhere else."""
    trial = trial_of(bundle)
    outcome = trial.of(title)

    assert outcome.status == "PASSED", f"{outcome.text}\n{trial}"

"""Each bundle is tried once, whatever the number of tests that look at its outcome."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from ethinfra.progress import Progress
from fixtures.cluster import shown
from tests.controls.sabotage import Bundle
from tests.controls.trial import ENVIRONMENT, LIMIT, Trial, attempt

TrialOf = Callable[[Bundle], Trial]


@pytest.fixture(scope="session")
def trial_of(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, progress: Progress) -> TrialOf:
    """The trial of a bundle; the first test that asks waits for it, minutes."""
    if request.config.option.env not in (None, ENVIRONMENT) or request.config.option.cluster:
        pytest.skip(f"sabotage is for a cluster that belongs to nobody else: --env {ENVIRONMENT}")
    if os.geteuid() != 0:
        pytest.skip("booting a cluster takes root")
    tried: dict[str, Trial | BaseException] = {}

    def trial(bundle: Bundle) -> Trial:
        if bundle.name not in tried:
            folder = tmp_path_factory.mktemp(bundle.name)
            said = f"{len(bundle.sabotages)} sabotages on cluster {bundle.name}: tail -f {folder}/output.txt"
            try:
                with shown(request.config), progress.step(said, within=LIMIT):
                    tried[bundle.name] = attempt(bundle, folder)
            except Exception as reason:
                # Not again for each of its tests.
                tried[bundle.name] = reason
        found = tried[bundle.name]
        if isinstance(found, BaseException):
            raise found
        return found

    return trial

"""How a pod ended: by itself and in time, or not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ethinfra.errors import ClusterError
from ethinfra.trial.restart import Replaced, must_have_ended_by_itself

CLEAN = Replaced("geth-0", "uid", seconds=3.2, grace=120, exit_codes={"execution": 0, "consensus": 143})


def test_pod_that_ended_by_itself_is_fine() -> None:
    must_have_ended_by_itself(CLEAN, within=10)


@pytest.mark.parametrize(
    ("ended", "seen"),
    [
        pytest.param(replace(CLEAN, grace=3), "it took 3.2s of 3s", id="longer than its grace period"),
        pytest.param(replace(CLEAN, seconds=10), "it took 10.0s of 10s", id="longer than the requirement"),
        pytest.param(replace(CLEAN, exit_codes={"execution": 137}), "killed: execution", id="killed"),
    ],
)
def test_pod_that_did_not_is_named(ended: Replaced, seen: str) -> None:
    with pytest.raises(ClusterError, match=seen):
        must_have_ended_by_itself(ended, within=10)

"""What tests of `job take` do and demand in many places."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from ethinfra.probe.hold import HOLD
from ethinfra.snapshot.job.place import Place
from ethinfra.snapshot.job.run import Run
from ethinfra.snapshot.job.take import take
from ethinfra.snapshot.layout_store import LayoutStore
from ethinfra.waiting import eventually
from tests.snapshot.job.scripted import NAMESPACE, ScriptedCluster

#: The node's pod, and the request that stops it.
NODE = f"/api/v1/namespaces/{NAMESPACE}/pods/geth-0"
DELETE = f"DELETE {NODE}"

#: Of a promotion: what comes between its tags.
HALFWAY = ("promoted", "_drop")


def must_run_again(cluster: ScriptedCluster) -> None:
    """What counts after everything: the client runs, nothing holds it, nothing half-done is there."""
    eventually("the client runs again", lambda: cluster.started and cluster.node.running, within=20, every=0.05)
    assert not (cluster.volume / HOLD).exists()


def take_one(place: Place, cluster: ScriptedCluster, store: LayoutStore) -> Run:
    outcome = take(place, cluster.api(), store)
    assert isinstance(outcome, Run), outcome
    return outcome


@contextmanager
def killed(step: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The process is killed in that step of a promotion, one of HALFWAY."""

    def kill(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(f"ethinfra.snapshot.promote.{step}", kill)
        with pytest.raises(KeyboardInterrupt):
            yield

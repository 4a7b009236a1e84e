"""`ethinfra snapshot create` ends when a snapshot is there, or says why none is."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from ethinfra import jobs
from ethinfra.cli import snapshot
from ethinfra.errors import ClusterError, EthinfraError
from ethinfra.jobs import Ended
from ethinfra.snapshot.job.volume_snapshot import RUN
from tests.snapshot.job.plans import DOCUMENT

DEADLINE = 14400


class Cluster:
    """What is asked of it; cut: the annotations of the VolumeSnapshot, None where there is none."""

    def __init__(self, method: str, cut: dict[str, str] | None) -> None:
        self.plan = {**DOCUMENT, "job": {**DOCUMENT["job"], "method": method}}
        self.cut = cut

    def list(self, *_: object) -> list[dict[str, Any]]:
        return [{"metadata": {"name": "snapshot-geth"}, "data": {"plan.json": json.dumps(self.plan)}}]

    def get(self, kind: str, name: str, _: str) -> dict[str, Any] | None:
        if (kind, name) == ("VolumeSnapshot", "snapshot-geth"):
            return None if self.cut is None else {"metadata": {"annotations": self.cut}}
        return {"spec": {"activeDeadlineSeconds": DEADLINE}} if kind == "Job" else None


class Jobs:
    """Those that were started, in their order, and for how long each was followed. logs: of the second one's push."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, good: bool = True, logs: str = "pushed") -> None:
        self.started: list[str] = []
        self.within: list[float] = []
        self._good = good
        self._logs = logs
        monkeypatch.setattr(jobs, "start", self._start)
        monkeypatch.setattr(jobs, "follow", self._follow)

    def _start(self, _: object, __: str, cronjob: str, **___: object) -> str:
        self.started.append(cronjob)
        return cronjob

    def _follow(self, _: object, namespace: str, job: str, __: object, *, within: float) -> Ended:
        self.within.append(within)
        good = self._good or not job.startswith("push-")
        return Ended(job, namespace, good, "", {"push": 0 if good else 1}, {"push": self._logs})


def create(monkeypatch: pytest.MonkeyPatch, cluster: Cluster, *, follow: bool = True) -> None:
    layer = SimpleNamespace(namespace="ethereum")
    environment = SimpleNamespace(name="local", layer=lambda _: layer, timeout=lambda _: 600.0)
    monkeypatch.setattr(snapshot, "reach", lambda *_: SimpleNamespace(environment=environment, kube=cluster))
    snapshot.create_command("local", None, None, None, 1, follow)


def test_what_the_storage_cut_is_pushed_by_the_second_job(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which has its own deadline: a push of all takes longer than a cut."""
    done = Jobs(monkeypatch)

    create(monkeypatch, Cluster("volume-snapshot", {RUN: "{}"}))

    assert done.started == ["snapshot-geth-1", "push-geth"]
    assert done.within[1] > DEADLINE


@pytest.mark.parametrize("cut", [None, {}], ids=["no cut", "a cut without a head"])
def test_where_nothing_was_cut_no_job_waits_for_it(monkeypatch: pytest.MonkeyPatch, cut: dict[str, str] | None) -> None:
    done = Jobs(monkeypatch)

    create(monkeypatch, Cluster("volume-snapshot", cut))

    assert done.started == ["snapshot-geth-1"]


@pytest.mark.parametrize(("method", "follow"), [("reflink", True), ("hold", True), ("volume-snapshot", False)])
def test_one_job_does_all_or_is_all_that_was_asked_for(
    monkeypatch: pytest.MonkeyPatch, method: str, follow: bool
) -> None:
    done = Jobs(monkeypatch)

    create(monkeypatch, Cluster(method, {RUN: "{}"}), follow=follow)

    assert done.started == ["snapshot-geth-1"]


def test_second_job_that_fails_is_no_success(monkeypatch: pytest.MonkeyPatch) -> None:
    Jobs(monkeypatch, good=False)

    with pytest.raises(ClusterError, match="push-geth failed"):
        create(monkeypatch, Cluster("volume-snapshot", {RUN: "{}"}))


def test_second_job_that_had_nothing_to_do_is_no_success(monkeypatch: pytest.MonkeyPatch) -> None:
    """The scheduled one may have waited for the same cut."""
    Jobs(monkeypatch, logs="2026-11-24T00:00:00Z not needed: another run works on geth: push-geth-29 has it")

    with pytest.raises(EthinfraError, match="pushed nothing"):
        create(monkeypatch, Cluster("volume-snapshot", {RUN: "{}"}))

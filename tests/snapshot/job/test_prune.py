"""The cleanup never removes what a pod stands on, and nothing at all where one does not say."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ethinfra.snapshot import model
from ethinfra.snapshot.ids import make_id
from ethinfra.snapshot.job.errors import InUseUnknown
from ethinfra.snapshot.job.prune import prune, restoring
from ethinfra.snapshot.layout_store import LayoutStore
from ethinfra.snapshot.listing import listing
from ethinfra.snapshot.model import Description
from ethinfra.snapshot.plan import Plan
from ethinfra.snapshot.promote import promote
from ethinfra.snapshot.push import push
from tests.snapshot.job.plans import plan_with
from tests.snapshot.job.scripted import CHAIN, ScriptedCluster, ScriptedNode, block

LABEL = {"ethinfra.io/restores": "true", "ethinfra.io/network": "devnet", "ethinfra.io/client": "geth"}


@pytest.fixture
def pods(tmp_path: Path) -> Iterator[ScriptedCluster]:
    """A cluster whose probes answer at the node's port."""
    (tmp_path / "token").write_text("a-token")
    with ExitStack() as closing:
        node = ScriptedNode().start()
        closing.callback(node.stop)
        cluster = ScriptedCluster(tmp_path, node, tmp_path / "token")
        closing.callback(cluster.close)
        yield cluster


@pytest.fixture
def plan(pods: ScriptedCluster) -> Plan:
    return plan_with(ports__probe=pods.node.probe_port, job__retention={"count": 1, "ageSeconds": 3600}, references=[])


@pytest.fixture
def snapshots(store: LayoutStore, tmp_path: Path) -> dict[str, str]:
    """Three promoted ones, a day apart: id and digest, oldest first."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data/state").write_bytes(b"state")
    made = {}
    for day in (3, 2, 1):
        created = datetime.now(UTC).replace(microsecond=0) - timedelta(days=day)
        about = Description(
            model.Client("geth", "1.17.5"),
            model.Network("devnet", CHAIN, block(0).hash),
            block(100 - day),
            None,
            model.Database(""),
            model.Owner(0, 0),
            model.Producer("", "0.1.0"),
            created,
        )
        name = make_id(100 - day, created)
        made[name] = push(tmp_path / "data", store, about, name=name).digest
        promote(store, name)
    return made


def kept(store: LayoutStore) -> list[str]:
    return [one.id for one in listing(store)]


def test_what_is_old_goes(pods: ScriptedCluster, plan: Plan, store: LayoutStore, snapshots: dict[str, str]):
    prune(plan, pods.api(), store, dry_run=False)

    assert kept(store) == list(snapshots)[-1:]


def test_dry_run_says_it_and_does_nothing(
    pods: ScriptedCluster, plan: Plan, store: LayoutStore, snapshots: dict[str, str], capsys: pytest.CaptureFixture[str]
):
    prune(plan, pods.api(), store, dry_run=True)

    assert kept(store) == list(snapshots)
    said = capsys.readouterr().out
    oldest, _, newest = snapshots
    assert f"would remove {oldest}: " in said
    assert f"keep {newest}: latest leads to it" in said


def test_snapshot_that_a_pod_stands_on_stays(
    pods: ScriptedCluster, plan: Plan, store: LayoutStore, snapshots: dict[str, str]
):
    oldest, _, newest = snapshots
    pods.add_pod("rpc-1", **LABEL)
    pods.node.snapshot = {"digest": snapshots[oldest], "id": oldest, "block": 97, "state": "restored"}

    prune(plan, pods.api(), store, dry_run=False)

    assert kept(store) == [oldest, newest]


@pytest.mark.usefixtures("snapshots")
def test_pod_that_synchronized_by_itself_stands_on_none(pods: ScriptedCluster, plan: Plan, store: LayoutStore):
    pods.add_pod("rpc-1", **LABEL)
    pods.node.snapshot = None

    prune(plan, pods.api(), store, dry_run=False)

    assert len(kept(store)) == 1


@pytest.mark.parametrize("snapshot", [{"digest": None, "state": "is not a marker"}, {}, "yes"])
def test_pod_that_does_not_know_stops_everything(
    pods: ScriptedCluster, plan: Plan, store: LayoutStore, snapshots: dict[str, str], snapshot: object
):
    pods.add_pod("rpc-1", **LABEL)
    pods.node.snapshot = snapshot

    with pytest.raises(InUseUnknown, match="nothing was removed"):
        prune(plan, pods.api(), store, dry_run=False, patience=0.2)

    assert kept(store) == list(snapshots)


def test_silent_pod_stops_everything(pods: ScriptedCluster, plan: Plan, store: LayoutStore, snapshots: dict[str, str]):
    pods.add_pod("rpc-1", **LABEL)
    pods.node.stop()

    with pytest.raises(InUseUnknown, match="rpc-1 does not say"):
        prune(plan, pods.api(), store, dry_run=False, patience=0.2)

    assert kept(store) == list(snapshots)


@pytest.mark.usefixtures("snapshots")
def test_pods_that_run_nothing_are_not_asked(pods: ScriptedCluster, plan: Plan, store: LayoutStore):
    """One has not started, one has ended, one restores nothing."""
    pods.node.stop()
    pods.add_pod("rpc-1", address="", **LABEL)
    pods.add_pod("rpc-2", **LABEL)["status"]["phase"] = "Failed"
    pods.add_pod("validators-0")

    prune(plan, pods.api(), store, dry_run=False, patience=0.2)

    assert len(kept(store)) == 1


@pytest.mark.usefixtures("snapshots")
@pytest.mark.parametrize("other", [{"ethinfra.io/network": "hoodi"}, {"ethinfra.io/client": "besu"}])
def test_pods_of_other_repositories_are_not_asked(
    pods: ScriptedCluster, plan: Plan, store: LayoutStore, other: dict[str, str]
):
    pods.node.stop()
    pods.add_pod("rpc-1", **{**LABEL, **other})

    prune(plan, pods.api(), store, dry_run=False, patience=0.2)

    assert len(kept(store)) == 1


@pytest.mark.parametrize("runs", [False, True])
def test_pod_that_fails_to_start_keeps_nothing_unless_something_of_it_runs(
    pods: ScriptedCluster, plan: Plan, store: LayoutStore, snapshots: dict[str, str], runs: bool
):
    """A registry that is full would never be made room in: new pods fail on what it has, and nothing would go."""
    pods.node.stop()
    status = pods.add_pod("rpc-1", **LABEL)["status"]
    status["initContainerStatuses"] = [{"name": "restore", "state": {"waiting": {"reason": "CrashLoopBackOff"}}}]
    status["containerStatuses"] = [
        {"name": "probe", "state": {"running": {}} if runs else {"waiting": {"reason": "PodInitializing"}}}
    ]

    if runs:
        with pytest.raises(InUseUnknown):
            prune(plan, pods.api(), store, dry_run=False, patience=0.2)
    else:
        prune(plan, pods.api(), store, dry_run=False, patience=0.2)

    assert kept(store) == (list(snapshots) if runs else list(snapshots)[-1:])


@pytest.mark.usefixtures("snapshots")
def test_pod_that_goes_while_it_is_asked_is_not_waited_for(
    pods: ScriptedCluster, plan: Plan, store: LayoutStore, monkeypatch: pytest.MonkeyPatch
):
    pods.add_pod("rpc-1", **LABEL)
    pods.node.stop()
    api = pods.api()
    answers = [api.pods(restoring(plan)), [], []]
    monkeypatch.setattr(api, "pods", lambda _: answers.pop(0))

    prune(plan, api, store, dry_run=False, patience=0.5)

    assert len(kept(store)) == 1


def test_plan_without_a_job_is_refused(pods: ScriptedCluster, plan: Plan, store: LayoutStore):
    with pytest.raises(Exception, match="has no `job`"):
        prune(dataclasses.replace(plan, job=None), pods.api(), store, dry_run=True)

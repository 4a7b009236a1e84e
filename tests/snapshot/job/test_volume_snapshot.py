"""CSI: what is cut while the client is held is what the second job pushes, and no older cut is taken for it."""

from __future__ import annotations

import dataclasses
import json
import shutil
import threading
import time
from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ethinfra.probe.hold import HOLD
from ethinfra.snapshot.errors import FAILED, SnapshotUnusable, exit_code
from ethinfra.snapshot.job import volume_snapshot
from ethinfra.snapshot.job.errors import HeadMismatch, NotFit
from ethinfra.snapshot.job.node import rpc_of
from ethinfra.snapshot.job.place import Place
from ethinfra.snapshot.job.promote import promote
from ethinfra.snapshot.job.push import VOLUME_ID, push
from ethinfra.snapshot.job.restore import restore
from ethinfra.snapshot.job.run import STALE_AFTER, NotNeeded, Run, Stage, copies
from ethinfra.snapshot.job.take import take
from ethinfra.snapshot.job.volume_snapshot import CUT, RUN, CutFailed, StaleCut, adopt
from ethinfra.snapshot.layout_store import LayoutStore
from ethinfra.snapshot.listing import LATEST
from ethinfra.snapshot.promote import fail
from ethinfra.snapshot.promote import promote as move_tags
from ethinfra.snapshot.reader import read_snapshot
from ethinfra.waiting import eventually
from tests.snapshot.job.conftest import place_of
from tests.snapshot.job.demands import HALFWAY, killed, must_run_again
from tests.snapshot.job.scripted import NAMESPACE, ScriptedCluster

SNAPSHOTS = f"/apis/snapshot.storage.k8s.io/v1/namespaces/{NAMESPACE}/volumesnapshots"
NAME = f"{SNAPSHOTS}/snapshot-geth"


@pytest.fixture
def place(cluster: ScriptedCluster, tmp_path: Path) -> Place:
    return place_of(cluster, tmp_path, job__method="volume-snapshot", job__minimumIntervalSeconds=0)


@pytest.fixture
def cut(cluster: ScriptedCluster, tmp_path: Path) -> Path:
    """What the storage keeps: the volume at the moment of the cut."""
    kept = tmp_path / "cut"

    def keep() -> None:
        assert (cluster.volume / HOLD).exists()
        assert not cluster.node.running
        shutil.rmtree(kept, ignore_errors=True)
        shutil.copytree(cluster.volume, kept)

    cluster.on_cut = keep
    return kept


def take_one(place: Place, cluster: ScriptedCluster, store: LayoutStore) -> str:
    outcome = take(place, cluster.api(), store, snapshot_class="fast")
    assert isinstance(outcome, NotNeeded)
    return outcome.why


def test_cut_is_adopted_and_pushed(place: Place, cluster: ScriptedCluster, store: LayoutStore, cut: Path):
    assert "the second job pushes it" in take_one(place, cluster, store)

    assert cluster.objects[NAME]["spec"] == {
        "source": {"persistentVolumeClaimName": "execution-geth-0"},
        "volumeSnapshotClassName": "fast",
    }
    assert copies(cluster.volume) == []
    second = dataclasses.replace(place, data=cut, pod="push-geth-1")
    run = adopt(second, cluster.api(), store)
    assert isinstance(run, Run)
    assert run.stage is Stage.RECORDED
    pushed = push(second, cluster.api(), store, run)
    snapshot = read_snapshot(store, pushed.digest)
    assert snapshot.config.description.block == cluster.node.head
    assert {file.path for file in snapshot.config.files} == {
        "geth/chaindata/000001.sst",
        "geth/chaindata/MANIFEST",
        "geth/triedb/merkle.journal",
    }
    assert snapshot.config.volume == (cluster.volume / VOLUME_ID).read_text()


def test_cut_of_any_replica_is_pushed_as_that_replicas(
    cluster: ScriptedCluster, store: LayoutStore, cut: Path, tmp_path: Path
):
    """The second job is one for all of them."""
    place = place_of(cluster, tmp_path, job__method="volume-snapshot")
    take_one(dataclasses.replace(place, ordinal=1), cluster, store)

    run = adopt(dataclasses.replace(place, data=cut, pod="push-geth-1"), cluster.api(), store)

    assert isinstance(run, Run)
    assert run.ordinal == 1


@pytest.mark.parametrize("end", [move_tags, fail])
def test_cut_whose_run_is_over_is_deleted(
    place: Place, cluster: ScriptedCluster, store: LayoutStore, cut: Path, end: Callable[[LayoutStore, str], object]
):
    """The second job was killed between the registry and the cluster; the next one finds nothing to do, and says so."""
    take_one(place, cluster, store)
    second = dataclasses.replace(place, data=cut, pod="push-geth-1")
    run = adopt(second, cluster.api(), store)
    assert isinstance(run, Run)
    end(store, push(second, cluster.api(), store, run).id)

    outcome = adopt(second, cluster.api(), store)

    assert isinstance(outcome, NotNeeded)
    assert "already" in outcome.why
    assert NAME not in cluster.objects


@pytest.mark.parametrize("left", [timedelta(), STALE_AFTER], ids=["soon", "days-later"])
@pytest.mark.parametrize("step", HALFWAY)
def test_promotion_that_was_killed_is_finished_before_its_cut_is_deleted(
    place: Place,
    cluster: ScriptedCluster,
    store: LayoutStore,
    cut: Path,
    step: str,
    left: timedelta,
    monkeypatch: pytest.MonkeyPatch,
):
    """It is promoted already, so there is nothing to push; but `latest` may not have moved."""
    take_one(place, cluster, store)
    second = dataclasses.replace(place, data=cut, pod="push-geth-1")
    run = adopt(second, cluster.api(), store)
    assert isinstance(run, Run)
    pushed = push(second, cluster.api(), store, run)
    with killed(step, monkeypatch):
        promote(second, cluster.api(), store, pushed, rpc_of("127.0.0.1", cluster.node.rpc_port))
    assert NAME in cluster.objects
    monkeypatch.setattr("ethinfra.snapshot.job.run.STALE_AFTER", STALE_AFTER - left)

    assert isinstance(adopt(second, cluster.api(), store), NotNeeded)

    assert store.tags() == [LATEST, f"snapshot-{run.id}"]
    assert store.digest(LATEST) == pushed.digest
    assert NAME not in cluster.objects


@pytest.mark.parametrize("good", [True, False], ids=["promoted", "failed"])
def test_cut_is_deleted_when_it_was_tested(
    place: Place, cluster: ScriptedCluster, store: LayoutStore, cut: Path, good: bool, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("ethinfra.snapshot.job.promote._OPENING", 0.2)
    take_one(place, cluster, store)
    second = dataclasses.replace(place, data=cut, pod="push-geth-1")
    run = adopt(second, cluster.api(), store)
    assert isinstance(run, Run)
    pushed = push(second, cluster.api(), store, run)
    if not good:
        cluster.node.add()

    with nullcontext() if good else pytest.raises(HeadMismatch):
        promote(second, cluster.api(), store, pushed, rpc_of("127.0.0.1", cluster.node.rpc_port))

    assert NAME not in cluster.objects


def test_cut_that_cannot_be_restored_is_deleted(
    place: Place, cluster: ScriptedCluster, store: LayoutStore, cut: Path, tmp_path: Path
):
    take_one(place, cluster, store)
    second = dataclasses.replace(place, data=cut, pod="push-geth-1")
    run = adopt(second, cluster.api(), store)
    assert isinstance(run, Run)
    pushed = push(second, cluster.api(), store, run)
    (tmp_path / "restored").mkdir()
    other = place_of(cluster, tmp_path, job__method="volume-snapshot", database__scheme="hash")

    with pytest.raises(SnapshotUnusable):
        restore(dataclasses.replace(other, data=tmp_path / "restored", pod=second.pod), cluster.api(), store, pushed)

    assert NAME not in cluster.objects


def test_newer_cut_of_that_name_is_not_deleted(place: Place, cluster: ScriptedCluster, store: LayoutStore):
    take_one(place, cluster, store)
    older = dataclasses.replace(Run.begin(place.plan.job_plan.method), started="20261101T000000Z")

    volume_snapshot.discard(cluster.api(), place.volume_snapshot, older)

    assert NAME in cluster.objects


def test_right_to_delete_is_not_needed_to_promote(
    place: Place, cluster: ScriptedCluster, store: LayoutStore, capsys: pytest.CaptureFixture[str]
):
    take_one(place, cluster, store)
    run = Run.of_json(json.loads(cluster.objects[NAME]["metadata"]["annotations"][RUN]))
    cluster.forbidden = {f"DELETE {NAME}"}

    volume_snapshot.discard(cluster.api(), place.volume_snapshot, run)

    assert "VolumeSnapshot snapshot-geth stays" in capsys.readouterr().out


def test_cut_of_days_ago_is_not_pushed(place: Place, cluster: ScriptedCluster, store: LayoutStore, cut: Path):
    """It would be pruned under test, and keep the lease from a fresh one meanwhile. Nobody needs it any more."""
    take_one(place, cluster, store)
    notes = cluster.objects[NAME]["metadata"]["annotations"]
    old = (datetime.now(UTC) - STALE_AFTER - timedelta(minutes=1)).strftime("%Y%m%dT%H%M%SZ")
    notes[RUN] = json.dumps({**json.loads(notes[RUN]), "started": old})
    (cut / CUT).write_text(json.dumps({"started": old}))

    outcome = adopt(dataclasses.replace(place, data=cut, pod="push-geth-1"), cluster.api(), store)

    assert isinstance(outcome, NotNeeded)
    assert "not worth pushing" in outcome.why
    assert NAME not in cluster.objects
    lease = cluster.objects[f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases/snapshot-geth"]
    assert lease["spec"]["holderIdentity"] == ""


def test_cut_that_waits_for_its_push_makes_another_one_needless(
    cluster: ScriptedCluster, store: LayoutStore, tmp_path: Path
):
    """Of another replica, say. Whoever asks for one gets it."""
    place = place_of(cluster, tmp_path, job__method="volume-snapshot")
    take_one(place, cluster, store)
    must_run_again(cluster)

    assert "still to be pushed" in take_one(dataclasses.replace(place, ordinal=1), cluster, store)

    assert "the second job pushes it" in take_one(dataclasses.replace(place, forced=True), cluster, store)


def test_older_cut_is_not_taken_for_the_newer(
    place: Place, cluster: ScriptedCluster, store: LayoutStore, cut: Path, tmp_path: Path
):
    """The claim was made from the name before it led to the newer cut."""
    take_one(place, cluster, store)
    shutil.copytree(cut, tmp_path / "older")
    document = json.loads((tmp_path / "older" / CUT).read_text())
    (tmp_path / "older" / CUT).write_text(json.dumps({**document, "started": "20261101T000000Z"}))

    with pytest.raises(StaleCut, match="not of the recorded cut"):
        adopt(dataclasses.replace(place, data=tmp_path / "older", pod="push"), cluster.api(), store)


@pytest.mark.parametrize("damage", ["no marker", "no run"])
def test_cut_that_nobody_can_tell_apart_is_refused(
    place: Place, cluster: ScriptedCluster, store: LayoutStore, cut: Path, damage: str
):
    take_one(place, cluster, store)
    if damage == "no marker":
        (cut / CUT).unlink()
    else:
        cluster.objects[NAME]["metadata"]["annotations"][RUN] = "{}"

    with pytest.raises(StaleCut):
        adopt(dataclasses.replace(place, data=cut, pod="push"), cluster.api(), store)


def test_cut_of_a_run_that_was_killed_is_not_used(
    place: Place, cluster: ScriptedCluster, store: LayoutStore, cut: Path
):
    """Its head was never recorded."""
    take_one(place, cluster, store)
    del cluster.objects[NAME]["metadata"]["annotations"]

    assert isinstance(adopt(dataclasses.replace(place, data=cut, pod="push"), cluster.api(), store), NotNeeded)


def test_next_run_cuts_anew(place: Place, cluster: ScriptedCluster, store: LayoutStore, cut: Path):
    take_one(place, cluster, store)
    first = json.loads((cut / CUT).read_text())["started"]
    cluster.node.add()
    eventually("the node is ready", lambda: cluster.api().pod("geth-0").ready, within=5)
    eventually("a second has passed", lambda: Run.begin(place.plan.job_plan.method).started != first, within=3)

    take_one(place, cluster, store)

    assert json.loads((cut / CUT).read_text())["started"] != first
    assert len(cluster.asked(f"DELETE {NAME}")) == 2


def test_storage_that_cuts_nothing_holds_nobody(cluster: ScriptedCluster, store: LayoutStore, tmp_path: Path):
    cluster.cuts_in = None
    short = place_of(cluster, tmp_path, job__method="volume-snapshot", job__stopSeconds=1)

    with pytest.raises(CutFailed, match="was not cut within"):
        take(short, cluster.api(), store)

    eventually("the node runs again", lambda: cluster.started and cluster.node.running, within=10)
    assert not (cluster.volume / HOLD).exists()


def fails_with(cluster: ScriptedCluster, message: str) -> None:
    """The storage says so right after it was asked."""
    cluster.cuts_in = None
    post = cluster._post

    def failing(path: str, query: dict[str, list[str]], body: dict[str, object]) -> tuple[int, object]:
        answer = post(path, query, body)
        if NAME in cluster.objects:
            cluster.objects[NAME]["status"] = {"error": {"message": message}}
        return answer

    cluster._post = failing  # type: ignore[method-assign]


def test_reason_of_the_storage_is_told(cluster: ScriptedCluster, store: LayoutStore, tmp_path: Path):
    short = place_of(cluster, tmp_path, job__method="volume-snapshot", job__stopSeconds=1)
    fails_with(cluster, "no VolumeSnapshotClass")

    with pytest.raises(CutFailed, match="no VolumeSnapshotClass"):
        take(short, cluster.api(), store)


def test_error_of_the_storage_that_lasts_ends_the_wait(
    place: Place, cluster: ScriptedCluster, store: LayoutStore, monkeypatch: pytest.MonkeyPatch
):
    """The client stands still meanwhile; its deadline is for storage that is slow."""
    monkeypatch.setattr(volume_snapshot, "ERROR_LASTS", 1.0)
    fails_with(cluster, "no VolumeSnapshotClass")
    began = time.monotonic()

    with pytest.raises(CutFailed, match="the storage refuses") as failed:
        take(place, cluster.api(), store)

    assert time.monotonic() - began < place.plan.job_plan.stop_seconds / 2
    assert "no VolumeSnapshotClass" in str(failed.value)
    must_run_again(cluster)


def test_error_of_the_storage_that_passes_ends_nothing(
    place: Place, cluster: ScriptedCluster, store: LayoutStore, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(volume_snapshot, "ERROR_LASTS", 2.0)
    fails_with(cluster, "the object has been modified")
    soon = threading.Timer(2.0, lambda: cluster._cut(NAME))
    soon.start()

    assert "the second job pushes it" in take_one(place, cluster, store)


@pytest.mark.parametrize("why", ["no right", "no such resource"])
def test_where_none_can_be_cut_nothing_is_stopped(place: Place, cluster: ScriptedCluster, store: LayoutStore, why: str):
    """A refusal, which ends the job: tried again, it would be the same, and another stop."""
    if why == "no right":
        cluster.forbidden = {f"POST {SNAPSHOTS}"}
    cluster.cuts = why == "no right"

    with pytest.raises(NotFit, match="cannot be made") as refused:
        take(place, cluster.api(), store)

    assert exit_code(refused.value) == FAILED
    assert cluster.node.running
    assert not cluster.asked("DELETE")
    assert not (cluster.volume / HOLD).exists()


def test_cut_that_is_refused_after_the_stop_ends_the_job(place: Place, cluster: ScriptedCluster, store: LayoutStore):
    """The right, or the CRD, was taken away since it was asked for."""
    cluster.node.answer = _removing(cluster, cluster.node.answer)  # type: ignore[method-assign]

    with pytest.raises(CutFailed, match="cannot be made") as refused:
        take(place, cluster.api(), store)

    assert exit_code(refused.value) == FAILED
    must_run_again(cluster)


def _removing(cluster: ScriptedCluster, answer):
    """Take the CRD away as soon as the node is asked while it is held."""

    def answering(call):
        if (cluster.volume / HOLD).exists():
            cluster.cuts = False
        return answer(call)

    return answering

"""The node stands still for as long as the copy takes, and goes on whatever happens to the job."""

from __future__ import annotations

import dataclasses
import json
import os
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ethinfra.probe.hold import HOLD, Outcome
from ethinfra.snapshot import marker
from ethinfra.snapshot.errors import FAILED, SourceChanged, exit_code
from ethinfra.snapshot.job import comeback
from ethinfra.snapshot.job import take as taking
from ethinfra.snapshot.job.errors import ApiRefused, CameElsewhere, CannotCopy, HeadMismatch, HoldLost, NotFit
from ethinfra.snapshot.job.place import Place
from ethinfra.snapshot.job.push import push
from ethinfra.snapshot.job.run import COPIES, Copy, NotNeeded, Run, Stage, copies
from ethinfra.snapshot.job.take import take
from ethinfra.snapshot.layout_store import LayoutStore
from ethinfra.snapshot.marker import Marker
from ethinfra.snapshot.promote import promote
from ethinfra.waiting import NotInTime
from tests.snapshot.job.conftest import DATABASE, place_of
from tests.snapshot.job.demands import must_run_again, take_one
from tests.snapshot.job.scripted import NAMESPACE, ScriptedCluster, block

DELETE = f"DELETE /api/v1/namespaces/{NAMESPACE}/pods/geth-0"
FORCED = {"job__minimumIntervalSeconds": 0}


# A run that goes well


def test_copy_is_what_the_volume_was_and_its_head_what_the_node_starts_with(
    place: Place, cluster: ScriptedCluster, store: LayoutStore
):
    run = take_one(place, cluster, store)

    assert run.stage is Stage.RECORDED
    assert run.head == cluster.node.head
    assert run.id.startswith("0000000100-")
    assert run.genesis == block(0).hash
    assert run.finalized is not None
    assert run.finalized.hash == block(64).hash
    copied = Copy(cluster.volume, run.started)
    for name in DATABASE:
        selected = name not in ("geth/chaindata/LOCK", "geth/nodekey")
        assert (copied.data / name).exists() == selected
        if selected:
            assert (copied.data / name).read_bytes() == (cluster.volume / name).read_bytes()
    assert copied.run() == run
    must_run_again(cluster)


def test_downtime_is_the_time_without_an_answer(place: Place, cluster: ScriptedCluster, store: LayoutStore):
    """While it is drained the node answers; that it starts slowly counts."""
    cluster.stops_in = 2.0
    cluster.starts_in = 0.7
    began = time.monotonic()

    run = take_one(place, cluster, store)

    assert 0.7 < run.seconds["downtime"] < time.monotonic() - began - 1.0
    assert run.seconds["copy"] < 1
    (event,) = [one for one in cluster.events() if one["reason"] == "SnapshotTaken"]
    assert event["involvedObject"]["name"] == "geth-0"


def test_pod_is_deleted_by_its_uid_and_in_its_own_time(place: Place, cluster: ScriptedCluster, store: LayoutStore):
    take_one(place, cluster, store)

    assert len(cluster.asked(DELETE)) == 1
    assert not [one for one in cluster.requests if "geth-1" in one and one.startswith("DELETE")]
    # A copy so small may be done before the next pod looks.
    assert cluster.outcomes[0] in (Outcome.FREE, Outcome.RELEASED)


def test_pod_that_was_replaced_between_two_looks_has_stopped(
    place: Place, cluster: ScriptedCluster, store: LayoutStore
):
    """Nobody saw that there was none; the next one has another uid."""
    cluster.seen_gone = False

    take_one(place, cluster, store)

    assert len(cluster.asked(DELETE)) == 1
    must_run_again(cluster)


def test_last_blocks_before_the_stop_count(place: Place, cluster: ScriptedCluster, store: LayoutStore):
    """The node imported one after it was last seen, and kept it."""
    cluster.on_start = lambda: cluster.node.add()

    assert take_one(place, cluster, store).recorded_head().number == 101


def test_where_nothing_else_can_be_done_it_is_pushed_while_it_stands_still(
    cluster: ScriptedCluster, store: LayoutStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """With the head that was seen last; the restore test says whether that is what the client kept."""
    real, states = taking.push_volume, []

    def watched(*arguments):
        states.append((cluster.node.running, (cluster.volume / HOLD).exists()))
        return real(*arguments)

    monkeypatch.setattr(taking, "push_volume", watched)

    run = take_one(place_of(cluster, tmp_path, job__method="hold"), cluster, store)

    assert states == [(False, True)]
    assert run.stage is Stage.PUSHED
    assert store.digest(f"candidate-{run.id}") == run.digest
    assert run.head == block(100)
    assert run.seconds["downtime"] > 0
    assert [copied.data.exists() for copied in copies(cluster.volume)] == [False]
    must_run_again(cluster)


# Whether there is anything to do


def promoted_run(place: Place, cluster: ScriptedCluster, store: LayoutStore) -> Run:
    run = push(place, cluster.api(), store, take_one(place, cluster, store))
    promote(store, run.id)
    return run


def test_young_snapshot_makes_another_one_needless(
    place: Place, cluster: ScriptedCluster, store: LayoutStore, tmp_path: Path
):
    run = promoted_run(place, cluster, store)

    outcome = take(place, cluster.api(), store)

    assert isinstance(outcome, NotNeeded)
    assert run.id in outcome.why
    assert len(cluster.asked(DELETE)) == 1
    forced = dataclasses.replace(place, forced=True)
    assert isinstance(take(forced, cluster.api(), store), Run)
    due = place_of(cluster, tmp_path, **FORCED)
    must_run_again(cluster)
    for unfinished in copies(cluster.volume):
        unfinished.remove()
    assert isinstance(take(due, cluster.api(), store), Run)


def test_volume_that_was_just_restored_is_left_alone(place: Place, cluster: ScriptedCluster, store: LayoutStore):
    now = datetime.now(UTC).replace(microsecond=0)
    there = Marker("sha256:" + 64 * "a", "0000000042-20261123T170000Z", 42, "0x" + 64 * "b", "geth", "devnet", now)
    marker.write_marker(cluster.volume, there)
    assert isinstance(take(place, cluster.api(), store), NotNeeded)

    marker.write_marker(cluster.volume, dataclasses.replace(there, finished=now - timedelta(hours=1)))

    assert isinstance(take(place, cluster.api(), store), Run)


# Whether the node may stop


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda cluster: cluster.add_pod("geth-0", ready=False), "geth-0 is not ready"),
        (lambda cluster: cluster.objects.pop(f"/api/v1/namespaces/{NAMESPACE}/pods/geth-0"), "geth-0 is not ready"),
        (lambda cluster: cluster.pod("geth-0")["metadata"].update(deletionTimestamp="now"), "geth-0 is not ready"),
        (lambda cluster: setattr(cluster.node, "ready", False), "head is 900s old"),
        (lambda cluster: setattr(cluster.node, "final", None), "no final block"),
        (lambda cluster: setattr(cluster.node, "final", 0), "no final block"),
        (lambda cluster: setattr(cluster.node, "chain", 1), "another chain"),
        (lambda cluster: setattr(cluster.node, "version", "Geth/v1.17.4-stable/linux-amd64/go1.25"), "another release"),
        (lambda cluster: setattr(cluster.node, "version", "Geth"), "another release"),
        (lambda cluster: setattr(cluster.node, "version", None), "does not say of which release"),
    ],
    ids=[
        *("not-ready", "gone", "going", "probe-says-no", "nothing-final", "genesis-is-final", "other-chain"),
        *("other-release", "no-release", "no-web3"),
    ],
)
def test_node_that_is_not_fit_is_not_stopped(
    cluster: ScriptedCluster, store: LayoutStore, tmp_path: Path, change, reason: str
):
    change(cluster)

    with pytest.raises(NotFit, match=reason):
        take(place_of(cluster, tmp_path, job__startSeconds=1), cluster.api(), store)

    assert not cluster.asked("DELETE")
    assert not (cluster.volume / COPIES).exists()


def test_only_replica_is_stopped_only_where_that_is_allowed(
    cluster: ScriptedCluster, store: LayoutStore, tmp_path: Path
):
    cluster.add_pod("geth-1", ready=False)
    careful = {"job__allowDowntime": False, "job__startSeconds": 1}
    with pytest.raises(NotFit, match="no other replica"):
        take(place_of(cluster, tmp_path, **careful), cluster.api(), store)
    assert not cluster.asked("DELETE")

    cluster.add_pod("geth-1")
    assert isinstance(take(place_of(cluster, tmp_path, job__allowDowntime=False), cluster.api(), store), Run)


def test_node_that_has_just_been_restarted_is_waited_for(
    place: Place, cluster: ScriptedCluster, store: LayoutStore, capsys: pytest.CaptureFixture[str]
):
    cluster.add_pod("geth-0", ready=False)
    soon = threading.Timer(2, lambda: cluster.add_pod("geth-0"))
    soon.start()

    assert isinstance(take(place, cluster.api(), store), Run)

    assert "waiting, at most 15s: geth-0 is not ready" in capsys.readouterr().out


def test_genesis_of_the_plan_is_compared(cluster: ScriptedCluster, store: LayoutStore, tmp_path: Path):
    wrong = place_of(cluster, tmp_path, network__genesisHash="0x" + 64 * "1")

    with pytest.raises(NotFit, match="another chain"):
        take(wrong, cluster.api(), store)


def test_volume_that_cannot_reflink_is_refused_before_anything_is_stopped(
    place: Place, cluster: ScriptedCluster, store: LayoutStore, small: Path
):
    with pytest.raises(CannotCopy):
        take(dataclasses.replace(place, data=small), cluster.api(), store)

    assert not cluster.asked("DELETE")


def test_pod_that_came_since_is_not_copied_under(
    place: Place, cluster: ScriptedCluster, store: LayoutStore, monkeypatch: pytest.MonkeyPatch
):
    """It may have started before there was a hold, and its client may be running."""
    real = taking.Hold.__enter__

    def replaced(hold: taking.Hold) -> taking.Hold:
        cluster.add_pod("geth-0")
        return real(hold)

    monkeypatch.setattr(taking.Hold, "__enter__", replaced)

    with pytest.raises(NotFit, match="not the pod any more"):
        take(place, cluster.api(), store)

    assert not cluster.asked("DELETE")
    assert not (cluster.volume / HOLD).exists()


# What does not count


def test_node_that_lost_blocks_gives_no_snapshot(place: Place, cluster: ScriptedCluster, store: LayoutStore):
    """Its stop was not a clean one. The copy is thrown away."""
    cluster.on_start = lambda: [cluster.node.blocks.pop(number) for number in (99, 100)]

    with pytest.raises(HeadMismatch, match="does not start with what it had"):
        take(place, cluster.api(), store)

    must_run_again(cluster)
    assert copies(cluster.volume) == []


def test_node_that_starts_on_another_branch_gives_no_snapshot(
    place: Place, cluster: ScriptedCluster, store: LayoutStore
):
    cluster.on_start = lambda: cluster.node.blocks.update({100: block(100, fork="other"), 101: block(101)})

    with pytest.raises(HeadMismatch, match=r"and 0x.* at that height"):
        take(place, cluster.api(), store)

    assert copies(cluster.volume) == []


def test_node_that_was_told_new_blocks_first_gives_no_snapshot(
    place: Place, cluster: ScriptedCluster, store: LayoutStore
):
    """Its head is not the copy's."""
    cluster.on_start = lambda: cluster.node.add(timestamp=int(time.time()) + 12)

    with pytest.raises(HeadMismatch, match="had new blocks before it was asked"):
        take(place, cluster.api(), store)

    assert copies(cluster.volume) == []


def test_client_that_goes_on_writing_gives_no_snapshot(
    place: Place, cluster: ScriptedCluster, store: LayoutStore, monkeypatch: pytest.MonkeyPatch
):
    real = taking.copy

    def disturbed(*arguments):
        cluster.node.add()
        (cluster.volume / "geth/chaindata/MANIFEST").write_bytes(b"not stopped after all")
        return real(*arguments)

    monkeypatch.setattr(taking, "copy", disturbed)
    monkeypatch.setattr("ethinfra.snapshot.job.copy.scan", _once_then_changed(cluster.volume))

    with pytest.raises(SourceChanged):
        take(place, cluster.api(), store)

    must_run_again(cluster)
    assert copies(cluster.volume) == []


def _once_then_changed(volume: Path):
    from ethinfra.snapshot.selection import scan

    def scanning(*arguments):
        found = scan(*arguments)
        (volume / "geth/chaindata/MANIFEST").write_bytes(os.urandom(10))
        return found

    return scanning


def test_pod_that_does_not_stop_is_not_copied(cluster: ScriptedCluster, store: LayoutStore, tmp_path: Path):
    """And is held no longer: when it stops after all, the next one starts."""
    cluster.stops_in = None

    with pytest.raises(NotInTime, match="geth-0 has stopped"):
        take(place_of(cluster, tmp_path, job__stopSeconds=1), cluster.api(), store)

    assert not (cluster.volume / HOLD).exists()
    assert not list(Path(cluster.volume).glob(f"{COPIES}/*/data"))


def test_deletion_that_is_forbidden_is_said_and_nothing_is_held(
    place: Place, cluster: ScriptedCluster, store: LayoutStore
):
    cluster.forbidden = {DELETE}

    with pytest.raises(ApiRefused, match="forbidden"):
        take(place, cluster.api(), store)

    assert cluster.node.running
    assert not (cluster.volume / HOLD).exists()


def test_event_that_is_forbidden_stops_nothing(place: Place, cluster: ScriptedCluster, store: LayoutStore):
    cluster.forbidden = {"POST /api/v1/namespaces/ethereum/events"}

    assert isinstance(take(place, cluster.api(), store), Run)


def test_volume_is_given_back_at_once_where_the_pod_came_elsewhere(
    place: Place, cluster: ScriptedCluster, store: LayoutStore, monkeypatch: pytest.MonkeyPatch
):
    """It waits for what this pod keeps. The head of the copy will never be known."""
    monkeypatch.setattr(comeback, "_MOUNTS_WITHIN", 0.5)
    cluster.host = "machine-2"
    began = time.monotonic()

    with pytest.raises(CameElsewhere, match="machine-2") as ended:
        take(place, cluster.api(), store)

    assert time.monotonic() - began < place.plan.job_plan.start_seconds / 2
    assert exit_code(ended.value) == FAILED
    assert copies(cluster.volume) == []
    assert not (cluster.volume / HOLD).exists()


def test_what_was_pushed_already_is_kept_where_the_pod_came_elsewhere(
    cluster: ScriptedCluster, store: LayoutStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The next run tests the candidate."""
    monkeypatch.setattr(comeback, "_MOUNTS_WITHIN", 0.5)
    cluster.host = "machine-2"
    place = place_of(cluster, tmp_path, job__method="hold")

    with pytest.raises(CameElsewhere):
        take(place, cluster.api(), store)

    again = take(place, cluster.api(), store)
    assert isinstance(again, Run)
    assert again.stage is Stage.PUSHED


def test_pod_that_gets_its_volume_elsewhere_too_is_waited_for(
    place: Place, cluster: ScriptedCluster, store: LayoutStore, monkeypatch: pytest.MonkeyPatch
):
    """Several Kubernetes nodes can have it; images are fetched, and init containers run, when it has its address."""
    monkeypatch.setattr(comeback, "_MOUNTS_WITHIN", 0.5)
    cluster.starts_in = 1.5
    cluster.pod("geth-0")["spec"]["nodeName"] = "machine-2"

    assert isinstance(take(place, cluster.api(), store), Run)


# What an earlier run left


def test_copy_that_was_not_pushed_is_gone_on_with(place: Place, cluster: ScriptedCluster, store: LayoutStore):
    """Without stopping the node again."""
    run = take_one(place, cluster, store)
    must_run_again(cluster)

    assert take(place, cluster.api(), store) == run

    assert len(cluster.asked(DELETE)) == 1


def test_leftovers_that_are_no_whole_copy_are_removed(cluster: ScriptedCluster, store: LayoutStore, tmp_path: Path):
    place = place_of(cluster, tmp_path, job__startSeconds=1)
    old = Run.begin(place.plan.job_plan.method)
    for started, stage in (("20261101T000000Z", Stage.RECORDED), ("20261123T000001Z", Stage.COPYING)):
        run = dataclasses.replace(old, started=started, stage=stage, head=block(1), id="0000000001-20261101T000000Z")
        Copy(cluster.volume, started).save(run)
    damaged = Copy(cluster.volume, "20261123T000002Z")
    damaged.folder.mkdir()
    (damaged.folder / "state.json").write_text("{")
    # Of a program that did not write down which release its data is of.
    nameless = dataclasses.replace(Run.begin(old.method), stage=Stage.RECORDED, head=block(1))
    document = nameless.as_json()
    del document["version"], document["database"]
    Copy(cluster.volume, nameless.started).folder.mkdir()
    (Copy(cluster.volume, nameless.started).folder / "state.json").write_text(json.dumps(document))
    cluster.node.ready = False

    with pytest.raises(NotFit):
        take(place, cluster.api(), store)

    assert copies(cluster.volume) == []


def test_copy_that_was_promoted_meanwhile_is_removed(
    place: Place, cluster: ScriptedCluster, store: LayoutStore, monkeypatch: pytest.MonkeyPatch
):
    """The job was killed between promoting and removing, as of a pod on another volume."""
    monkeypatch.setattr(Copy, "remove_data", lambda _: None)
    promoted_run(place, cluster, store)
    monkeypatch.undo()
    assert copies(cluster.volume)

    assert isinstance(take(place, cluster.api(), store), NotNeeded)

    assert copies(cluster.volume) == []


def test_job_that_was_frozen_beyond_the_patience_throws_its_copy_away(
    place: Place, cluster: ScriptedCluster, store: LayoutStore, monkeypatch: pytest.MonkeyPatch
):
    """Frozen in the middle of the copy, the client started meanwhile."""
    real = taking.copy

    def interrupted(*arguments):
        copied = real(*arguments)
        (cluster.volume / HOLD).rename(cluster.volume / f"{HOLD}.expired")
        must_run_again(cluster)
        return copied

    monkeypatch.setattr(taking, "copy", interrupted)

    with pytest.raises(HoldLost, match="not ours any more"):
        take(place, cluster.api(), store)

    assert copies(cluster.volume) == []

"""The node stands still for as long as the copy takes, and what is copied is what it starts with."""

from __future__ import annotations

import dataclasses
import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ethinfra.probe.hold import HOLD, Outcome
from ethinfra.snapshot import marker
from ethinfra.snapshot.job import take as taking
from ethinfra.snapshot.job.errors import NotFit
from ethinfra.snapshot.job.place import Place
from ethinfra.snapshot.job.push import push
from ethinfra.snapshot.job.run import Copy, NotNeeded, Run, Stage, copies
from ethinfra.snapshot.job.take import take
from ethinfra.snapshot.layout_store import LayoutStore
from ethinfra.snapshot.marker import Marker
from ethinfra.snapshot.promote import promote
from tests.snapshot.job.conftest import DATABASE, place_of
from tests.snapshot.job.demands import DELETE, NODE, must_run_again, take_one
from tests.snapshot.job.scripted import ScriptedCluster, block

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
    """The uid keeps its successor from being stopped for it; a grace period would be another than the client needs."""
    uid = cluster.pod("geth-0")["metadata"]["uid"]

    take_one(place, cluster, store)

    own = {"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": {"uid": uid}}
    assert [(path, said) for path, said in cluster.deletions if "/pods/" in path] == [(NODE, own)]
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

"""Which nodes are not stopped for a snapshot, and which copies do not count; the node goes on all the same."""

from __future__ import annotations

import dataclasses
import os
import threading
import time
from pathlib import Path

import pytest

from ethinfra.probe.hold import HOLD
from ethinfra.snapshot.errors import FAILED, SourceChanged, exit_code
from ethinfra.snapshot.job import comeback
from ethinfra.snapshot.job import take as taking
from ethinfra.snapshot.job.errors import ApiRefused, CameElsewhere, CannotCopy, HeadMismatch, HoldLost, NotFit
from ethinfra.snapshot.job.place import Place
from ethinfra.snapshot.job.run import COPIES, Run, Stage, copies
from ethinfra.snapshot.job.take import take
from ethinfra.snapshot.layout_store import LayoutStore
from ethinfra.waiting import NotInTime
from tests.snapshot.job.conftest import place_of
from tests.snapshot.job.demands import DELETE, must_run_again
from tests.snapshot.job.scripted import NAMESPACE, ScriptedCluster, block

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

"""From a copy to a promoted snapshot: pushed, restored from the store alone, and compared with what was recorded."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ethinfra.snapshot.errors import Incompatible, SnapshotUnusable
from ethinfra.snapshot.ids import moment_of
from ethinfra.snapshot.job.errors import HeadMismatch
from ethinfra.snapshot.job.node import Rpc, rpc_of
from ethinfra.snapshot.job.place import Place
from ethinfra.snapshot.job.promote import promote
from ethinfra.snapshot.job.push import push
from ethinfra.snapshot.job.restore import restore
from ethinfra.snapshot.job.run import STALE_AFTER, Copy, NotNeeded, Run, Stage, copies, hand_on, handed_on
from ethinfra.snapshot.job.take import take
from ethinfra.snapshot.layout_store import LayoutStore
from ethinfra.snapshot.listing import LATEST, State, listing
from ethinfra.snapshot.marker import read_marker
from ethinfra.snapshot.reader import read_snapshot
from ethinfra.snapshot.store import CannotRemove
from ethinfra.waiting import NotInTime, eventually
from tests.probe.http import unused_port
from tests.snapshot.job.conftest import DATABASE, place_of
from tests.snapshot.job.demands import HALFWAY, killed
from tests.snapshot.job.scripted import ScriptedCluster, ScriptedNode, block


@pytest.fixture
def taken(place: Place, cluster: ScriptedCluster, store: LayoutStore) -> Run:
    outcome = take(place, cluster.api(), store)
    assert isinstance(outcome, Run)
    return outcome


@pytest.fixture
def pushed(place: Place, cluster: ScriptedCluster, store: LayoutStore, taken: Run) -> Run:
    return push(place, cluster.api(), store, taken)


@pytest.fixture
def restored() -> Iterator[ScriptedNode]:
    """The client on what was restored, as it should be."""
    node = ScriptedNode().start()
    yield node
    node.stop()


def rpc(node: ScriptedNode) -> Rpc:
    return rpc_of("127.0.0.1", node.rpc_port)


def states(store: LayoutStore) -> dict[str, State]:
    return {one.id: one.state for one in listing(store)}


def test_push_makes_a_candidate_and_removes_the_copy(place: Place, store: LayoutStore, pushed: Run):
    assert pushed.stage is Stage.PUSHED
    assert states(store) == {pushed.id: State.CANDIDATE}
    (copied,) = copies(place.data)
    assert not copied.data.exists()
    assert copied.run() == pushed
    assert handed_on(place.work) == pushed
    snapshot = read_snapshot(store, pushed.digest)
    about = snapshot.config.description
    assert about.block == pushed.head
    assert about.network.genesis_hash == block(0).hash
    assert about.client.version == "1.17.5"
    assert float(snapshot.annotations["io.ethinfra.snapshot.downtime-seconds"]) == pushed.seconds["downtime"]


def test_copy_is_described_by_what_wrote_it(
    place: Place, cluster: ScriptedCluster, store: LayoutStore, taken: Run, tmp_path: Path
):
    """Another release, which copies other files, was deployed before it was pushed."""
    changed = place_of(cluster, tmp_path, client__version="1.18.0", database__scheme="hash", database__include=["geth"])
    hand_on(tmp_path, taken)
    resumed = handed_on(tmp_path)
    assert isinstance(resumed, Run)

    pushed = push(changed, cluster.api(), store, resumed)

    about = read_snapshot(store, pushed.digest).config.description
    assert about.client.version == place.plan.client.version
    assert about.database.scheme == "path"
    assert about.database.include == place.plan.database.include
    assert about.database.exclude == place.plan.database.exclude


def test_second_push_of_a_volume_reads_only_what_has_changed(
    place: Place, cluster: ScriptedCluster, store: LayoutStore, pushed: Run, restored: ScriptedNode, capsys
):
    """The copy has other inodes than the volume; what is recognised is the volume's file."""
    promote(place, cluster.api(), store, pushed, rpc(restored))
    (place.data / "geth/chaindata/MANIFEST").write_bytes(b"changed")
    # Ids tell seconds apart.
    following = moment_of(pushed.id) + timedelta(seconds=1)
    eventually("another second than the id's", lambda: datetime.now(UTC) >= following, within=5, every=0.05)
    again = take(dataclasses.replace(place, forced=True), cluster.api(), store)
    assert isinstance(again, Run)
    capsys.readouterr()

    push(place, cluster.api(), store, again)

    assert "7 B read" in capsys.readouterr().out


def test_candidate_that_answers_as_recorded_is_promoted(
    place: Place,
    cluster: ScriptedCluster,
    store: LayoutStore,
    pushed: Run,
    restored: ScriptedNode,
    tmp_path: Path,
):
    into = tmp_path / "restored"
    into.mkdir()
    restore(dataclasses.replace(place, data=into), cluster.api(), store, pushed)
    for name in DATABASE:
        if name not in ("geth/chaindata/LOCK", "geth/nodekey"):
            assert (into / name).read_bytes() == (place.data / name).read_bytes()

    promote(place, cluster.api(), store, pushed, rpc(restored))

    assert states(store) == {pushed.id: State.PROMOTED}
    assert store.digest(LATEST) == pushed.digest
    marked = read_marker(into)
    assert marked is not None
    assert marked.digest == pushed.digest
    reasons = [one["reason"] for one in cluster.events()]
    assert reasons == ["SnapshotTaken", "SnapshotPushed", "SnapshotPromoted"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda node: node.add(), "another head"),
        (lambda node: node.blocks.pop(100), "another head"),
        (lambda node: node.blocks.update({100: block(100, fork="repaired")}), "another head"),
        (
            lambda node: node.blocks.update({100: dataclasses.replace(block(100), state_root="0x" + 64 * "0")}),
            "another",
        ),
        (lambda node: node.blocks.update({0: block(0, fork="other")}), "block 0 is another one"),
        (lambda node: node.blocks.update({64: block(64, fork="other")}), "the last final block is another one"),
        (lambda node: setattr(node, "pruned", True), "cannot read the state"),
    ],
    ids=["ahead", "behind", "other-hash", "other-state-root", "other-genesis", "other-final", "no-state"],
)
def test_candidate_that_answers_otherwise_fails(
    place: Place,
    cluster: ScriptedCluster,
    store: LayoutStore,
    pushed: Run,
    restored: ScriptedNode,
    change: Callable[[ScriptedNode], object],
    reason: str,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr("ethinfra.snapshot.job.promote._OPENING", 0.2)
    change(restored)

    with pytest.raises(HeadMismatch, match=reason):
        promote(place, cluster.api(), store, pushed, rpc(restored))

    assert states(store) == {pushed.id: State.FAILED}
    assert store.digest(LATEST) is None
    assert [one["type"] for one in cluster.events() if one["reason"] == "SnapshotFailed"] == ["Warning"]


def test_client_that_does_not_come_up_fails_the_candidate(
    place: Place, cluster: ScriptedCluster, store: LayoutStore, pushed: Run
):
    with pytest.raises(NotInTime, match="the restored client answers"):
        promote(place, cluster.api(), store, pushed, rpc_of("127.0.0.1", unused_port()))

    assert states(store) == {pushed.id: State.FAILED}


def test_failed_candidate_leaves_the_one_before_as_the_latest(
    place: Place,
    cluster: ScriptedCluster,
    store: LayoutStore,
    pushed: Run,
    restored: ScriptedNode,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr("ethinfra.snapshot.job.promote._OPENING", 0.2)
    promote(place, cluster.api(), store, pushed, rpc(restored))
    cluster.node.add()
    second = take(dataclasses.replace(place, forced=True), cluster.api(), store)
    assert isinstance(second, Run)
    second = push(place, cluster.api(), store, second)

    with pytest.raises(HeadMismatch):
        promote(place, cluster.api(), store, second, rpc(restored))

    assert states(store) == {pushed.id: State.PROMOTED, second.id: State.FAILED}
    assert store.digest(LATEST) == pushed.digest


def test_damaged_candidate_fails_before_a_client_sees_it(
    place: Place, cluster: ScriptedCluster, store: LayoutStore, pushed: Run, tmp_path: Path
):
    snapshot = read_snapshot(store, pushed.digest)
    _, chunk = next(iter(snapshot.config.chunks()))
    blob = tmp_path / "store/blobs/sha256" / chunk.layer.hex()
    blob.chmod(0o644)
    blob.write_bytes(bytes(blob.stat().st_size))
    into = tmp_path / "restored"
    into.mkdir()

    with pytest.raises(SnapshotUnusable):
        restore(dataclasses.replace(place, data=into), cluster.api(), store, pushed)

    assert states(store) == {pushed.id: State.FAILED}
    assert read_marker(into) is None


def test_candidate_that_does_not_fit_is_told_with_the_reason(
    cluster: ScriptedCluster,
    store: LayoutStore,
    pushed: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    """So is a candidate's tag that this account may not remove."""

    def refuse(*_: object) -> None:
        raise CannotRemove("tags stay", seen="this account may only push")

    monkeypatch.setattr(LayoutStore, "remove_tags", refuse)
    into = tmp_path / "restored"
    into.mkdir()
    other = place_of(cluster, tmp_path, database__scheme="hash", network__name="another")

    with pytest.raises(Incompatible) as failed:
        restore(dataclasses.replace(other, data=into), cluster.api(), store, pushed)

    (event,) = [one for one in cluster.events() if one["reason"] == "SnapshotFailed"]
    why = "; ".join((failed.value.subject, *failed.value.reasons))
    assert event["message"] == f"{pushed.id} cannot be restored: {why}"
    assert len(failed.value.reasons) == 2
    assert f"candidate-{pushed.id} stays" in capsys.readouterr().out


def test_push_that_was_killed_is_gone_on_with(
    place: Place, cluster: ScriptedCluster, store: LayoutStore, taken: Run, monkeypatch: pytest.MonkeyPatch
):
    """Right after the candidate was there, before the copy was removed: the next run pushes the same, and ends."""
    with monkeypatch.context() as killed:
        killed.setattr(Copy, "save", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            push(place, cluster.api(), store, taken)
    assert len(copies(place.data)) == 1

    again = take(place, cluster.api(), store)
    assert again == taken
    pushed = push(place, cluster.api(), store, again)

    assert states(store) == {pushed.id: State.CANDIDATE}
    assert not copies(place.data)[0].data.exists()


def test_candidate_that_was_never_tested_is_gone_on_with(
    place: Place, cluster: ScriptedCluster, store: LayoutStore, pushed: Run, restored: ScriptedNode
):
    """The pod was killed before its test. The node is not stopped again; promoted, there is nothing to go on with."""
    again = take(place, cluster.api(), store)
    assert again == pushed
    assert push(place, cluster.api(), store, pushed) == pushed
    assert len(cluster.asked("DELETE /api/v1/namespaces/ethereum/pods")) == 1

    promote(place, cluster.api(), store, pushed, rpc(restored))

    assert isinstance(take(place, cluster.api(), store), NotNeeded)
    assert copies(place.data) == []


@pytest.mark.parametrize("left", [timedelta(), STALE_AFTER], ids=["soon", "days-later"])
@pytest.mark.parametrize("step", HALFWAY)
def test_promotion_that_was_killed_is_finished_by_the_next_run(
    place: Place,
    cluster: ScriptedCluster,
    store: LayoutStore,
    pushed: Run,
    restored: ScriptedNode,
    step: str,
    left: timedelta,
    monkeypatch: pytest.MonkeyPatch,
):
    """It is promoted already, so there is nothing to go on with; but `latest` may not have moved."""
    with killed(step, monkeypatch):
        promote(place, cluster.api(), store, pushed, rpc(restored))
    assert store.digest(f"candidate-{pushed.id}") == pushed.digest
    monkeypatch.setattr("ethinfra.snapshot.job.run.STALE_AFTER", STALE_AFTER - left)

    assert isinstance(take(place, cluster.api(), store), NotNeeded)

    assert store.tags() == [LATEST, f"snapshot-{pushed.id}"]
    assert store.digest(LATEST) == pushed.digest
    assert copies(place.data) == []


def test_promotion_that_is_cut_off_again_is_left_to_the_run_after(
    place: Place,
    cluster: ScriptedCluster,
    store: LayoutStore,
    pushed: Run,
    restored: ScriptedNode,
    monkeypatch: pytest.MonkeyPatch,
):
    """The registry is away for longer than it is waited for, say. What tells of it stays until it is done."""
    with killed(HALFWAY[0], monkeypatch):
        promote(place, cluster.api(), store, pushed, rpc(restored))

    with killed(HALFWAY[0], monkeypatch):
        take(place, cluster.api(), store)

    assert [copied.run() for copied in copies(place.data)] == [pushed]


def test_what_is_handed_on_is_read_strictly(tmp_path: Path):
    hand_on(tmp_path, NotNeeded("nothing to do"))
    assert handed_on(tmp_path) == NotNeeded("nothing to do")
    (tmp_path / "run.json").write_text('{"needed": true, "run": {"started": "yesterday"}}')

    with pytest.raises(Exception, match=r"run\.json"):
        handed_on(tmp_path)

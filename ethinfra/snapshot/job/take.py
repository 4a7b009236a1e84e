"""`job take`: the node stands still for as long as its volume takes to be copied, and goes on whatever happened.

`STEPS` is the table of contents. Each step says what it is about, has a deadline where it waits, and may end the run:
there is nothing to do, or what an earlier run left behind is pushed on.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

from ethinfra.snapshot.job import volume_snapshot
from ethinfra.snapshot.job.cluster import Cluster, Pod
from ethinfra.snapshot.job.comeback import first_answer, must_follow
from ethinfra.snapshot.job.copy import copy, flush, must_reflink, settle
from ethinfra.snapshot.job.errors import CameElsewhere, NotFit
from ethinfra.snapshot.job.fitness import must_be_fit
from ethinfra.snapshot.job.hold import Hold
from ethinfra.snapshot.job.lease import HeldElsewhere, Lease
from ethinfra.snapshot.job.node import NodeSilent, Rpc, rpc_of
from ethinfra.snapshot.job.place import Place, say
from ethinfra.snapshot.job.push import push_volume, volume_id
from ethinfra.snapshot.job.run import Copy, NotNeeded, Run, Stage, copies
from ethinfra.snapshot.listing import State, listing, promoted
from ethinfra.snapshot.marker import read_marker
from ethinfra.snapshot.model import Block, Database
from ethinfra.snapshot.plan import Method
from ethinfra.snapshot.promote import finish
from ethinfra.snapshot.selection import Selection
from ethinfra.snapshot.store import SnapshotStore
from ethinfra.waiting import eventually

Outcome = Run | NotNeeded


class Taking:
    """One attempt, and what its steps find out."""

    def __init__(
        self, place: Place, cluster: Cluster, store: SnapshotStore, lease: Lease, snapshot_class: str | None
    ) -> None:
        self.place = place
        self.cluster = cluster
        self.store = store
        self.lease = lease
        self.snapshot_class = snapshot_class
        self.plan = place.plan
        self.job = place.plan.job_plan
        self.selection = Selection(self.plan.database.include, self.plan.database.exclude)
        self.run = Run.begin(self.job.method, place.ordinal)
        self.copy = Copy(place.data, self.run.started)
        #: The node's pod before it was stopped, and its head as it was last seen.
        self.pod: Pod | None = None
        self.last: Block | None = None
        #: When it answered for the last time, on the steady clock; when it had stopped, on the wall's.
        self.answered = 0.0
        self.stopped = 0.0

    def rpc(self, address: str, *, timeout: float = 5) -> Rpc:
        return rpc_of(address, self.plan.ports.rpc, timeout=timeout)

    @property
    def node(self) -> Pod:
        """Known from the step `whether the node may stop` on."""
        assert self.pod is not None
        return self.pod

    @property
    def last_head(self) -> Block:
        """Known from the step `whether the node may stop` on."""
        assert self.last is not None
        return self.last

    def see_head(self) -> None:
        """Remember the head and the moment, as long as the node answers."""
        with suppress(NodeSilent):
            self.last = self.rpc(self.node.address, timeout=0.5).head()
            self.answered = time.monotonic()


def take(place: Place, cluster: Cluster, store: SnapshotStore, *, snapshot_class: str | None = None) -> Outcome:
    """Go through the steps; the outcome is what the next containers of this pod are to do.

    snapshot_class: of CSI snapshots; None for the storage's default
    """
    try:
        with Lease(cluster, place.lease, place.pod) as lease:
            taking = Taking(place, cluster, store, lease, snapshot_class)
            for title, step in STEPS:
                say(f"take: {title}")
                lease.must_be_ours()
                outcome = step(taking)
                if outcome is not None:
                    # The next container goes on with it.
                    lease.keep = isinstance(outcome, Run)
                    return outcome
    except HeldElsewhere as held:
        return NotNeeded(f"another run works on {place.plan.node}: {held.seen}")
    raise AssertionError("the last step ends the run")


def what_an_earlier_run_left(taking: Taking) -> Outcome | None:
    """Push on what is whole, test what was pushed, finish what was half promoted; remove everything else."""
    unfinished: list[tuple[Copy, Run]] = []
    for found in copies(taking.place.data):
        run = found.run()
        # What was pushed may be half promoted, however old it is.
        if run is None or run.stage is Stage.COPYING or (run.stale and run.stage is not Stage.PUSHED):
            say(f"removing {found.folder.name}, which an earlier run left {run.stage if run else 'without a state'}")
            found.remove()
        else:
            unfinished.append((found, run))
    if not unfinished:
        return None
    listed = {one.id: one for one in listing(taking.store)}
    resumed: Run | None = None
    # The newest counts, and one is enough.
    for found, run in reversed(unfinished):
        there = listed.get(run.id)
        state = there.state if there else None
        wanted = state is State.CANDIDATE if run.stage is Stage.PUSHED else state not in (State.PROMOTED, State.FAILED)
        if resumed is None and wanted and not run.stale:
            resumed = run
        else:
            if there is not None:
                finish(taking.store, there, say)
            found.remove()
    if resumed is not None:
        say(f"going on with {resumed.id}, which an earlier run left {resumed.stage}")
    return resumed


def whether_one_is_due(taking: Taking) -> Outcome | None:
    """Not while the newest is young, nor right after this volume was itself restored. Who asks for one gets it."""
    if taking.place.forced:
        return None
    now = datetime.now(UTC)
    newest = next(iter(promoted(taking.store)), None)
    if newest is not None:
        age = (now - newest.created).total_seconds()
        if age < taking.job.minimum_interval_seconds:
            return NotNeeded(
                f"{newest.id} is {age:.0f}s old, the next is due at {taking.job.minimum_interval_seconds}s"
            )
    if taking.job.method is Method.VOLUME_SNAPSHOT:
        cut = volume_snapshot.waiting(taking.cluster, taking.place.volume_snapshot, taking.store)
        age = (now - cut.began).total_seconds() if cut else 0
        if cut and age < taking.job.minimum_interval_seconds:
            return NotNeeded(f"{cut.id} was cut {age:.0f}s ago and is still to be pushed, by the second job")
    marker = read_marker(taking.place.data)
    if marker is not None:
        age = (now - marker.finished).total_seconds()
        if age < taking.job.quiet_after_restore_seconds:
            return NotNeeded(
                f"this volume was restored from {marker.id} {age:.0f}s ago, at least "
                f"{taking.job.quiet_after_restore_seconds}s before a snapshot of it"
            )
    return None


def whether_the_node_may_stop(taking: Taking) -> Outcome | None:
    """NotFit unless it is ready, on the right chain, has final blocks, and another replica serves meanwhile."""
    place = taking.place
    fit = must_be_fit(place, taking.cluster)
    if taking.job.method is Method.REFLINK:
        must_reflink(place.data)
    elif taking.job.method is Method.VOLUME_SNAPSHOT:
        volume_snapshot.must_be_possible(
            taking.cluster, place.volume_snapshot, place.claim, snapshot_class=taking.snapshot_class
        )
        volume_snapshot.remove(taking.cluster, place.volume_snapshot, within=taking.job.stop_seconds)
    taking.pod, taking.last = fit.pod, taking.rpc(fit.pod.address).head()
    database = taking.plan.database
    taking.run = dataclasses.replace(
        taking.run,
        version=taking.plan.client.version,
        database=Database(database.scheme, database.include, database.exclude),
        genesis=fit.genesis,
        finalized=fit.finalized,
    )
    return None


def copy_while_it_stands_still(taking: Taking) -> Outcome | None:
    """Hold, stop, copy, let go. On every way out the client starts again: the hold is released, or expires."""
    place = taking.place
    with Hold(place.data, place.pod, patience=taking.job.hold_patience_seconds) as hold:
        taking.copy.save(taking.run)
        _must_be_the_same_pod(taking)
        _stop(taking)
        begun = time.monotonic()
        try:
            _HOW[taking.job.method](taking)
            hold.must_be_ours()
            taking.lease.must_be_ours()
        except BaseException:
            hold.release()
            taking.copy.remove()
            raise
        taking.run = taking.run.took("copy", time.monotonic() - begun)
    say(f"copied in {taking.run.seconds['copy']:.1f}s; {place.node_pod} may start")
    return None


def the_head_that_the_copy_has(taking: Taking) -> Outcome | None:
    """What the client starts with is what it had written when it stopped; so its first answer is the copy's head."""
    place = taking.place
    try:
        rpc, first = first_answer(place, taking.cluster, taking.node)
    except CameElsewhere:
        # Of a copy whose head nobody knows nothing can be made. What was pushed has one, and is tested by the next run.
        if taking.run.stage is Stage.COPYING:
            taking.copy.remove()
        raise
    # It still answers while it is drained, so the time begins with its silence.
    downtime = time.monotonic() - taking.answered
    taking.run = taking.run.took("downtime", downtime)
    place.tell(
        taking.cluster, "SnapshotTaken", f"{place.node_pod} answers again, {downtime:.1f}s after its last answer"
    )
    if taking.run.stage is Stage.PUSHED:
        # Pushed with the head that was seen last. The restore test decides; here it is only said early.
        recorded = taking.run.recorded_head()
        if first.hash != recorded.hash:
            say(f"it starts with block {first.number} {first.hash}; pushed was {recorded.number} {recorded.hash}")
    else:
        try:
            must_follow(place, rpc, first, last=taking.last_head, stopped=taking.stopped)
        except BaseException:
            taking.copy.remove()
            raise
        taking.run = taking.run.recorded(first)
        if taking.job.method is Method.REFLINK:
            settle(taking.copy.data)
            taking.copy.save(taking.run)
    if taking.job.method is Method.VOLUME_SNAPSHOT:
        volume_snapshot.record(taking.cluster, place.volume_snapshot, taking.run)
        taking.copy.remove()
        return NotNeeded(f"{taking.run.id} is cut as {place.volume_snapshot}; the second job pushes it from there")
    return taking.run


STEPS: tuple[tuple[str, Callable[[Taking], Outcome | None]], ...] = (
    ("what an earlier run left", what_an_earlier_run_left),
    ("whether a snapshot is due", whether_one_is_due),
    ("whether the node may stop", whether_the_node_may_stop),
    ("copy while it stands still", copy_while_it_stands_still),
    ("the head that the copy has", the_head_that_the_copy_has),
)


def _must_be_the_same_pod(taking: Taking) -> None:
    """A pod that came since it was looked at may have passed its init containers before there was a hold. One that is
    there now, and goes, is followed by one that finds it."""
    pod = taking.cluster.pod(taking.place.node_pod)
    if pod is None or pod.uid != taking.node.uid:
        raise NotFit(
            f"{taking.place.node_pod} is not the pod any more that was found fit",
            expected=taking.node.uid,
            seen=pod.uid if pod else "no pod",
            todo="nothing: the next run looks again",
        )


def _stop(taking: Taking) -> None:
    """Return when the node's pod has ended. Its head is asked for until it is silent."""
    name, uid, within = taking.place.node_pod, taking.node.uid, taking.job.stop_seconds
    say(f"stopping {name}, at most {within}s")
    taking.answered = time.monotonic()
    taking.see_head()
    taking.cluster.delete_pod(name, uid)

    def look() -> str:
        taking.see_head()
        found = taking.cluster.pod(name)
        return "gone" if found is None or found.uid != uid else f"{found.phase}{', being deleted' * found.going}"

    eventually(f"{name} has stopped", look, until=lambda seen: seen == "gone", within=within, every=0.2)
    taking.stopped = time.time()


def _reflink(taking: Taking) -> None:
    copied = copy(taking.place.data, taking.copy.data, taking.selection)
    taking.copy.save_files(copied.files)
    say(f"{len(copied.files)} files of {copied.size / 1e9:.2f} GB share their blocks with the copy")


def _cut(taking: Taking) -> None:
    place = taking.place
    # The id is to be in what is cut; whoever pushes from there could not keep it.
    volume_id(place.data)
    volume_snapshot.mark(place.data, taking.run)
    flush(place.data, taking.selection)
    volume_snapshot.cut(
        taking.cluster,
        place.volume_snapshot,
        place.claim,
        snapshot_class=taking.snapshot_class,
        within=taking.job.stop_seconds,
    )


def _push_at_once(taking: Taking) -> None:
    """The client stands still until all of its data is in the registry."""
    taking.run = push_volume(taking.place, taking.store, taking.run.recorded(taking.last_head))
    taking.copy.save(taking.run)


_HOW: dict[Method, Callable[[Taking], None]] = {
    Method.REFLINK: _reflink,
    Method.VOLUME_SNAPSHOT: _cut,
    Method.HOLD: _push_at_once,
}

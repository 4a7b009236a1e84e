"""CSI VolumeSnapshots: the storage cuts the volume while the client is held, and a second job reads what was cut.

The VolumeSnapshot has a fixed name, so that the second CronJob's generic ephemeral claim can name it as its
dataSource and nobody needs the right to create pods or claims. It is one for all replicas of a node: the newest cut of
any of them is what is pushed, and there is no job that waits for the cut of a replica that was not its turn. A name may
lead to an older cut than the one that is meant, so `take` writes a marker into the volume right before it cuts, and
records the run, with the head that the node restarted with, as an annotation of the VolumeSnapshot. `adopt`, with which
`push` begins in the second job, compares the two. Promoted, failed or stale, it is deleted: storage bills for it.
"""

from __future__ import annotations

import json
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from ethinfra.errors import EthinfraError
from ethinfra.snapshot.errors import SnapshotError
from ethinfra.snapshot.job.cluster import Cluster
from ethinfra.snapshot.job.errors import ApiRefused, NotFit
from ethinfra.snapshot.job.lease import HeldElsewhere, Lease
from ethinfra.snapshot.job.place import Place, say
from ethinfra.snapshot.job.run import NotNeeded, Run
from ethinfra.snapshot.listing import Listed, State, listing
from ethinfra.snapshot.marker import write_durably
from ethinfra.snapshot.plan import Method
from ethinfra.snapshot.promote import finish
from ethinfra.snapshot.store import SnapshotStore
from ethinfra.waiting import eventually

#: In the volume, and so in what is cut of it.
CUT = ".ethinfra-cut.json"
RUN = "ethinfra.io/snapshot-run"

#: Seconds for which the storage may say the same error. It tries again by itself, and most errors pass.
ERROR_LASTS = 30.0

#: Of a create: there are no VolumeSnapshots here, or not for this account, or not like this.
_REFUSED = (403, 404, 422)


class CutFailed(SnapshotError):
    """The storage could not cut a VolumeSnapshot."""


class StaleCut(SnapshotError):
    """The volume was made from another cut than the one that is recorded."""


def must_be_possible(cluster: Cluster, name: str, claim: str, *, snapshot_class: str | None) -> None:
    """NotFit if the API would not take a VolumeSnapshot: to be known before a client is stopped for one."""
    try:
        cluster.create_volume_snapshot(name, claim, snapshot_class, dry_run=True)
    except ApiRefused as refused:
        if refused.status not in _REFUSED:
            raise
        raise NotFit(
            f"VolumeSnapshot {name} cannot be made; nothing was stopped",
            expected="a cluster with the CRDs and the controller of CSI snapshots, and the right to create one",
            seen=refused.seen,
            todo="see docs/snapshots.md for what each method needs; `snapshots.method` is another one",
        ) from refused


def remove(cluster: Cluster, name: str, *, within: float) -> None:
    """Make room for the next one. To be done before anything is stopped: storage may take its time."""
    cluster.delete_volume_snapshot(name)
    eventually(
        f"VolumeSnapshot {name} is gone",
        lambda: "still there" if cluster.volume_snapshot(name) else "",
        until=lambda seen: not seen,
        within=within,
    )


def mark(volume: Path, run: Run) -> None:
    """Say in the volume of which run the next cut is."""
    write_durably(volume / CUT, json.dumps({"started": run.started}).encode())


def cut(cluster: Cluster, name: str, claim: str, *, snapshot_class: str | None, within: float) -> None:
    """Return when the moment is fixed; that it can be read from may take much longer. CutFailed if it is not."""
    _create(cluster, name, claim, snapshot_class)
    cutting = _Cutting(cluster, name)
    todo = f"kubectl describe volumesnapshot {name}; is there a default VolumeSnapshotClass for this storage?"
    try:
        error = eventually(f"VolumeSnapshot {name} is cut", cutting.error, until=cutting.over, within=within, every=0.2)
    except EthinfraError as late:
        subject = f"VolumeSnapshot {name} of claim {claim} was not cut within {within:g}s"
        raise CutFailed(subject, seen=late.seen, todo=todo) from late
    if not cutting.cut:
        subject = f"VolumeSnapshot {name} of claim {claim} is not cut: the storage refuses"
        raise CutFailed(subject, seen=f"for {ERROR_LASTS:g}s: {error}", todo=todo)


def _create(cluster: Cluster, name: str, claim: str, snapshot_class: str | None) -> None:
    try:
        made = cluster.create_volume_snapshot(name, claim, snapshot_class)
    except ApiRefused as refused:
        if refused.status not in _REFUSED:
            raise
        # Not to be tried again: each try stops the client.
        raise CutFailed(f"VolumeSnapshot {name} cannot be made", seen=refused.seen) from refused
    if made is None:
        raise CutFailed(f"VolumeSnapshot {name} is there already", todo="nothing: the next run removes it first")


class _Cutting:
    """What the storage says of a VolumeSnapshot that it is asked for."""

    def __init__(self, cluster: Cluster, name: str) -> None:
        self._cluster = cluster
        self._name = name
        self.cut = False
        #: Since when it says an error, on the steady clock.
        self._since: float | None = None

    def error(self) -> str:
        """What it says now; `not cut yet` is none."""
        status: dict[str, Any] = (self._cluster.volume_snapshot(self._name) or {}).get("status") or {}
        self.cut = bool(status.get("creationTime"))
        said = (status.get("error") or {}).get("message")
        self._since = (self._since or time.monotonic()) if said else None
        return str(said or "not cut yet")

    def over(self, _: str) -> bool:
        return self.cut or (self._since is not None and time.monotonic() - self._since > ERROR_LASTS)


def record(cluster: Cluster, name: str, run: Run) -> None:
    """Hand the run on to the second job."""
    cluster.annotate_volume_snapshot(name, {RUN: json.dumps(run.as_json())})


def waiting(cluster: Cluster, name: str, store: SnapshotStore) -> Run | None:
    """The run whose cut is still to be pushed."""
    with suppress(StaleCut):
        run = _recorded(cluster, name)
        return None if run is None or _over(run, _listed(run, store)) else run
    return None


def discard(cluster: Cluster, name: str, run: Run) -> None:
    """Give back what the storage keeps for a run that is over, unless the name leads to another's by now. What it was
    for is done, so a refusal is said and not raised; the next run removes it."""
    if run.method is not Method.VOLUME_SNAPSHOT:
        return
    try:
        found = _recorded(cluster, name)
        if found is not None and found.started == run.started:
            cluster.delete_volume_snapshot(name)
    except (ApiRefused, StaleCut) as reason:
        say(f"VolumeSnapshot {name} stays: {reason.seen}")


def adopt(place: Place, cluster: Cluster, store: SnapshotStore) -> Run | NotNeeded:
    """The run that this pod's volume was cut for. StaleCut if the volume is of another cut."""
    try:
        with Lease(cluster, place.lease, place.pod) as lease:
            outcome = _adopted(place, cluster, store)
            lease.keep = isinstance(outcome, Run)
            return outcome
    except HeldElsewhere as held:
        return NotNeeded(f"another run works on {place.plan.node}: {held.seen}")


def _adopted(place: Place, cluster: Cluster, store: SnapshotStore) -> Run | NotNeeded:
    name = place.volume_snapshot
    run = _recorded(cluster, name)
    if run is None:
        return NotNeeded(f"VolumeSnapshot {name} has no finished cut")
    listed = _listed(run, store)
    if why := _over(run, listed):
        if listed is not None:
            finish(store, listed, say)
        discard(cluster, name, run)
        return NotNeeded(why)
    there = _marked(place.data)
    if there != run.started:
        raise StaleCut(
            f"the volume of {place.pod} is not of the recorded cut",
            expected=f"the cut of {run.started}",
            seen=f"one of {there}" if there else f"no {CUT} in it",
            todo="nothing: the next run's volume is made from the newer one",
        )
    say(f"going on with {run.id}, cut at {run.started} of {place.plan.node}-{run.ordinal}")
    return run


def _listed(run: Run, store: SnapshotStore) -> Listed | None:
    return next((one for one in listing(store) if one.id == run.id), None)


def _over(run: Run, listed: Listed | None) -> str:
    """Why no cut is to be pushed any more; empty where it is."""
    if run.stale:
        return f"{run.id} was cut at {run.started}, and is not worth pushing any more"
    state = listed.state if listed else None
    return f"{run.id} is {state} already" if state in (State.PROMOTED, State.FAILED) else ""


def _recorded(cluster: Cluster, name: str) -> Run | None:
    """The run of the finished cut that the name leads to. StaleCut if it is of another program's."""
    found = cluster.volume_snapshot(name)
    note = ((found or {}).get("metadata", {}).get("annotations") or {}).get(RUN)
    if note is None:
        return None
    try:
        return Run.of_json(json.loads(note))
    except (ValueError, TypeError, KeyError) as reason:
        raise StaleCut(
            f"VolumeSnapshot {name}: annotation {RUN} is of no run that this program knows", seen=str(reason)
        ) from reason


def _marked(volume: Path) -> str | None:
    try:
        return str(json.loads((volume / CUT).read_bytes())["started"])
    except (OSError, ValueError, TypeError, KeyError):
        return None

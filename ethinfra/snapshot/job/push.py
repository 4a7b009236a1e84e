"""`job push`: the copy becomes a candidate in the registry, and is removed. Killed on the way, the next run goes on."""

from __future__ import annotations

import dataclasses
import os
import sys
import time
import uuid
from pathlib import Path

from ethinfra import __version__
from ethinfra.snapshot import model
from ethinfra.snapshot.ids import moment_of
from ethinfra.snapshot.job.cluster import Cluster
from ethinfra.snapshot.job.lease import Lease
from ethinfra.snapshot.job.place import Place, say
from ethinfra.snapshot.job.run import Copy, Run, Stage, hand_on
from ethinfra.snapshot.manifest import ANNOTATION_DOWNTIME
from ethinfra.snapshot.marker import write_durably
from ethinfra.snapshot.model import Description, Identity
from ethinfra.snapshot.plan import Method, Plan
from ethinfra.snapshot.progress import amount, shown
from ethinfra.snapshot.push import push as send
from ethinfra.snapshot.store import SnapshotStore

#: Tells the files of one volume from those of another that took its name.
VOLUME_ID = ".ethinfra-volume-id"


def push(place: Place, cluster: Cluster, store: SnapshotStore, run: Run) -> Run:
    """Push the run's copy and remove it; returns the run with the candidate's digest.

    Its state stays on the volume: if this pod does not come to the test, the next run goes on there.
    """
    if run.stage is Stage.PUSHED:
        say(f"{run.id} was pushed before")
        return run
    with Lease(cluster, place.lease, place.pod, keep=True) as lease:
        pushed = push_volume(place, store, run)
        lease.must_be_ours()
        if run.method is Method.REFLINK:
            copied = Copy(place.data, run.started)
            copied.save(pushed)
            copied.remove_data()
        hand_on(place.work, pushed)
    place.tell(cluster, "SnapshotPushed", f"{pushed.id} is in {store.name}, to be tested")
    return pushed


def push_volume(place: Place, store: SnapshotStore, run: Run) -> Run:
    """Push what the run's method left to be read."""
    plan, job = place.plan, place.plan.job_plan
    source, identities = place.data, None
    if run.method is Method.REFLINK:
        copied = Copy(place.data, run.started)
        source = copied.data
        identities = {file.path: Identity(*file.identity) for file in copied.files()}
    downtime = run.seconds.get("downtime")
    begun = time.monotonic()
    with shown(sys.stdout) as progress:
        pushed = send(
            source,
            store,
            describe(plan, run),
            name=run.id,
            volume=volume_id(place.data),
            identities=identities,
            chunk_size=job.chunk_size_bytes,
            level=job.level,
            workers=job.workers,
            max_layers=job.max_layers,
            annotations={} if downtime is None else {ANNOTATION_DOWNTIME: f"{downtime:.3f}"},
            progress=progress,
        )
    say(
        f"{pushed.tag} ({pushed.digest}): {amount(pushed.bytes)} in {pushed.files} files and {pushed.chunks} chunks, "
        f"{amount(pushed.read_bytes)} read, {amount(pushed.sent_bytes)} sent in {pushed.seconds:.1f}s"
    )
    run = run.took("push", time.monotonic() - begun)
    return dataclasses.replace(run, stage=Stage.PUSHED, digest=pushed.digest)


def describe(plan: Plan, run: Run) -> Description:
    """What the snapshot says about itself: of what was copied, by the run; the plan may have changed since."""
    return Description(
        model.Client(plan.client.name, run.version),
        model.Network(plan.network.name, plan.network.chain_id, run.genesis),
        run.recorded_head(),
        run.finalized,
        run.database,
        model.Owner(plan.owner.uid, plan.owner.gid),
        model.Producer(os.environ.get("ETHINFRA_REVISION", ""), __version__),
        moment_of(run.id),
    )


def volume_id(volume: Path) -> str:
    """The volume's own id, made at the first push. Inodes and times tell files apart only on one volume."""
    path = volume / VOLUME_ID
    try:
        return str(uuid.UUID(path.read_text(encoding="ascii").strip()))
    except (FileNotFoundError, ValueError):
        made = str(uuid.uuid4())
        write_durably(path, made.encode())
        return made

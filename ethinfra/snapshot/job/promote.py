"""`job promote`: whether a node that was started from the candidate alone is the node that it was taken of.

The restored client runs beside this program, without peers and without a consensus client, so it can only answer with
what was in the snapshot.
"""

from __future__ import annotations

import time

from ethinfra.errors import EthinfraError
from ethinfra.snapshot.job import volume_snapshot
from ethinfra.snapshot.job.cluster import Cluster
from ethinfra.snapshot.job.errors import HeadMismatch
from ethinfra.snapshot.job.lease import Lease
from ethinfra.snapshot.job.node import NodeSilent, Rpc
from ethinfra.snapshot.job.place import Place, say
from ethinfra.snapshot.job.run import Run
from ethinfra.snapshot.model import Block
from ethinfra.snapshot.promote import fail
from ethinfra.snapshot.promote import promote as move_tags
from ethinfra.snapshot.store import SnapshotStore
from ethinfra.waiting import NotInTime, eventually

#: Seconds in which a client that answers already may still be opening its database.
_OPENING = 10.0


def promote(place: Place, cluster: Cluster, store: SnapshotStore, run: Run, rpc: Rpc) -> None:
    """Promote the candidate, or mark it as failed and raise the reason. A registry that is away is neither."""
    begun = time.monotonic()
    with Lease(cluster, place.lease, place.pod) as lease:
        try:
            must_be_the_recorded_node(rpc, run, within=place.plan.job_plan.test_seconds)
        except (HeadMismatch, NodeSilent, NotInTime) as reason:
            fail(store, run.id, say)
            volume_snapshot.discard(cluster, place.volume_snapshot, run)
            place.tell(cluster, "SnapshotFailed", f"{run.id}: {reason.subject}; {reason.seen}", warning=True)
            raise
        lease.must_be_ours()
        digest = move_tags(store, run.id, say)
        volume_snapshot.discard(cluster, place.volume_snapshot, run)
    took = time.monotonic() - begun
    head = run.recorded_head()
    place.tell(
        cluster, "SnapshotPromoted", f"{run.id} ({digest}), block {head.number} {head.hash}, tested in {took:.1f}s"
    )


def must_be_the_recorded_node(rpc: Rpc, run: Run, *, within: float) -> None:
    """HeadMismatch, NodeSilent or NotInTime unless the client has exactly what was recorded, state included."""
    recorded = run.recorded_head()
    say(f"waiting for the restored client to answer, at most {within:g}s")
    head = eventually("the restored client answers", rpc.head, until=lambda _: True, within=within)
    if head != recorded:
        try:
            eventually(
                "the restored client has the recorded head",
                rpc.head,
                until=lambda seen: seen == recorded,
                within=min(_OPENING, within),
            )
        except NotInTime as late:
            raise HeadMismatch(
                "the restored client has another head than the one that was recorded",
                expected=_shown(recorded),
                seen=late.seen,
                todo="see the log of the container `execution` of this pod: did it repair or rewind its database?",
            ) from late
    _must_have("block 0", rpc, 0, run.genesis)
    if run.finalized is not None:
        _must_have("the last final block", rpc, run.finalized.number, run.finalized.hash)
    try:
        rpc.read_state(recorded)
    except EthinfraError as reason:
        raise HeadMismatch(
            "the restored client cannot read the state of its head",
            expected=f"a balance at block {recorded.number}, state root {recorded.state_root}",
            seen=str(reason),
        ) from reason


def _must_have(what: str, rpc: Rpc, number: int, expected: str) -> None:
    found = rpc.block(number)
    if found is None or found.hash != expected:
        raise HeadMismatch(
            f"{what} is another one in the restored client",
            expected=f"{number} {expected}",
            seen=found.hash if found else "no such block",
        )


def _shown(block: Block) -> str:
    return f"block {block.number} {block.hash}, state root {block.state_root}, timestamp {block.timestamp}"

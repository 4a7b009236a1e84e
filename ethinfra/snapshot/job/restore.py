"""`job restore`: the candidate, from the registry alone, into an empty volume.

No cache takes part: what is tested is what is stored.
"""

from __future__ import annotations

import sys

from ethinfra.snapshot import model
from ethinfra.snapshot.compatibility import DatabaseChange, Expected
from ethinfra.snapshot.errors import SnapshotUnusable
from ethinfra.snapshot.job import volume_snapshot
from ethinfra.snapshot.job.cluster import Cluster
from ethinfra.snapshot.job.lease import Lease
from ethinfra.snapshot.job.place import Place, say
from ethinfra.snapshot.job.run import Run
from ethinfra.snapshot.plan import Plan
from ethinfra.snapshot.progress import amount, shown
from ethinfra.snapshot.promote import fail
from ethinfra.snapshot.restore import Restored
from ethinfra.snapshot.restore import restore as fetch
from ethinfra.snapshot.store import SnapshotStore


def restore(place: Place, cluster: Cluster, store: SnapshotStore, run: Run) -> Restored:
    """Restore the run's candidate. One that cannot be used is marked as failed; a registry that is away is no proof."""
    workers = place.plan.job_plan.workers
    with Lease(cluster, place.lease, place.pod, keep=True), shown(sys.stdout) as progress:
        try:
            restored = fetch(
                store, run.digest, place.data, expected(place.plan, run.genesis), workers=workers, progress=progress
            )
        except SnapshotUnusable as reason:
            fail(store, run.id, say)
            volume_snapshot.discard(cluster, place.volume_snapshot, run)
            why = "; ".join((reason.subject, *reason.seen.splitlines()))
            place.tell(cluster, "SnapshotFailed", f"{run.id} cannot be restored: {why}", warning=True)
            raise
    say(f"{run.id} is restored: {amount(restored.bytes)} in {restored.seconds:.1f}s")
    return restored


def expected(plan: Plan, genesis: str) -> Expected:
    """The node that a snapshot must fit, by its plan. genesis: empty where nobody knows it."""
    changes = tuple(DatabaseChange(one.version, one.rollback, one.what) for one in plan.database.changes)
    return Expected(
        client=plan.client.name,
        version=plan.client.version,
        network=plan.network.name,
        chain_id=plan.network.chain_id,
        genesis_hash=plan.network.genesis_hash or genesis or None,
        scheme=plan.database.scheme or None,
        changes=changes,
        owner=model.Owner(plan.owner.uid, plan.owner.gid),
    )

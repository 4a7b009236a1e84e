"""`job prune`: remove what is not wanted any more, and never what a pod stands on.

Every pod that restores carries labels, and says at its probe's port which snapshot it was restored from, or is
restoring: the restore itself answers there first, the node probe afterwards. A pod that runs and does not answer may
stand on any of them: then nothing is removed at all. One that fails to start, again and again, runs nothing: its next
try takes what is newest then.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ethinfra.errors import EthinfraError
from ethinfra.snapshot import retention
from ethinfra.snapshot.job.cluster import Cluster, Pod
from ethinfra.snapshot.job.errors import InUseUnknown
from ethinfra.snapshot.job.node import NodeSilent, status_of
from ethinfra.snapshot.job.place import say
from ethinfra.snapshot.listing import listing
from ethinfra.snapshot.plan import Plan
from ethinfra.snapshot.retention import Policy
from ethinfra.snapshot.store import SnapshotStore
from ethinfra.waiting import eventually

#: Seconds for a pod to answer. One that changes from its restore to its probe is silent for a moment.
PATIENCE = 90.0


def prune(
    plan: Plan, cluster: Cluster, store: SnapshotStore, *, dry_run: bool, patience: float = PATIENCE
) -> retention.Plan:
    """Remove what the plan's retention does not keep; with `dry_run` only say what it would do. InUseUnknown."""
    wanted = plan.job_plan.retention
    snapshots = listing(store)
    # After the listing: who begins to restore from now on takes the newest, which stays.
    used = in_use(cluster, plan, patience=patience)
    policy = Policy(wanted.count, timedelta(seconds=wanted.age_seconds))
    pushed = retention.pushed_at(store, snapshots)
    decided = retention.plan(snapshots, policy, now=datetime.now(UTC), used=used, pushed=pushed)
    for one in decided.verdicts:
        verb = "keep" if one.keep else "would remove" if dry_run else "remove"
        say(f"{verb} {one.snapshot.id}: {one.reason}")
    removed = decided.removed if dry_run else retention.prune(store, decided)
    for snapshot in decided.removed:
        if snapshot not in removed:
            say(f"{snapshot.id} has got another name meanwhile: left to the next run")
    kept = len(snapshots) - len(removed)
    say(f"{store.name}: {kept} kept, {len(removed)} {'to remove' if dry_run else 'removed'}")
    return decided


def restoring(plan: Plan) -> dict[str, str]:
    """Labels of the pods that restore from the plan's repository."""
    return {
        "ethinfra.io/restores": "true",
        "ethinfra.io/network": plan.network.name,
        "ethinfra.io/client": plan.client.name,
    }


def in_use(cluster: Cluster, plan: Plan, *, patience: float = PATIENCE) -> set[str]:
    """Digests of what pods stand on. InUseUnknown if one does not say."""
    used = set()
    for pod in cluster.pods(restoring(plan)):
        if pod.phase in ("Succeeded", "Failed"):
            continue
        if not pod.address:
            # No container of it has started.
            say(f"{pod.name} has not started yet")
            continue
        if pod.backing_off:
            say(f"{pod.name} runs nothing: it fails to start")
            continue
        digest = _stands_on(cluster, pod, plan, patience)
        if digest is not None:
            say(f"{pod.name} stands on {digest}")
            used.add(digest)
    return used


def _stands_on(cluster: Cluster, pod: Pod, plan: Plan, patience: float) -> str | None:
    port = plan.ports.probe

    def look() -> tuple[bool, str | None]:
        if pod.uid not in {one.uid for one in cluster.pods(restoring(plan)) if not one.backing_off}:
            return True, None
        said = status_of(pod.address, port)
        if "snapshot" not in said:
            raise NodeSilent(f"{pod.name} says nothing of a snapshot", expected="`snapshot` in its status")
        snapshot = said["snapshot"]
        if snapshot is None:
            return True, None
        digest = snapshot.get("digest") if isinstance(snapshot, dict) else None
        if not isinstance(digest, str):
            raise NodeSilent(f"{pod.name} does not know on which snapshot it stands", seen=str(snapshot)[:200])
        return True, digest

    try:
        return eventually(f"{pod.name} says on which snapshot it stands", look, until=lambda _: True, within=patience)[
            1
        ]
    except EthinfraError as silent:
        raise InUseUnknown(
            f"{pod.name} does not say on which snapshot it stands; nothing was removed",
            expected=f"an answer at http://{pod.address}:{port}/status within {patience:g}s",
            seen=silent.seen,
            todo="see that pod, and the network policy between it and this job; then run the cleanup again",
        ) from silent

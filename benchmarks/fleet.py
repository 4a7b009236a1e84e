"""Snapshots and serve nodes on a real cluster: how long a sync node is silent, and how soon a replica helps.

    boot ─ layers ─ first final block ─ snapshot ─ replicas, one by one ─ 2 GB beside geth's database ─ snapshots

The devnet's own database is small; what a snapshot copies by reference is made as large as the figure says, of files
that geth does not read. What geth takes to stop and start on a database of that size is told with `replica-restored`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from benchmarks.life import life, prepare
from benchmarks.result import Figure, Sample
from benchmarks.steps import TimedProgress
from ethinfra.chain.discovery import find_nodes
from ethinfra.cluster.provider import ClusterSpec
from ethinfra.deploy import apply_layers
from ethinfra.environment import load_environment
from ethinfra.kube import Kube, Object
from ethinfra.snapshot.manifest import ANNOTATION_BYTES, ANNOTATION_DOWNTIME
from ethinfra.trial.builders import Builders
from ethinfra.trial.serving import CLIENT, Fleet
from ethinfra.trial.snapshots import Snapshots

FLEET_FIGURES = (
    Figure("snapshot-downtime", "a sync node's silence for a snapshot of 2 GB", 10),
    Figure("serve-ready", "serve replica from a snapshot: pod created to ready at the head", 30),
)

_NAME = "bench-fleet"
#: Files beside geth's tables, and bytes of each.
_FILES, _SIZE = 500, 4_000_000
#: Seconds until a replica counts as lost.
_PATIENCE = 300.0

Keep = Callable[[Sample], None]


def fleet(wanted: Collection[str], repeat: int, keep: Keep, progress: TimedProgress) -> None:
    """Measures snapshot-downtime and serve-ready, each `repeat` times on one cluster."""
    environment = load_environment("local")
    prepare(progress)
    with life(_NAME, progress) as provider:
        cluster = provider.up(ClusterSpec(_NAME, 1), progress)
        apply_layers(cluster, environment, progress)
        kube = Kube.of(cluster)
        namespace = environment.layer("ethereum").namespace
        snapshots = Snapshots(kube, namespace, CLIENT, within=environment.timeout("snapshot"))
        leader = next(one for one in find_nodes(kube, namespace, role="sync") if one.client == CLIENT)
        with progress.step("first final block"):
            leader.must_finalize(0, within=environment.timeout("finality"))
        with progress.step("a snapshot"):
            snapshots.take().job.must_have_succeeded()
        for number in range(repeat if "serve-ready" in wanted else 0):
            one = Fleet(cluster, kube, environment, f"{_NAME}-{number}")
            with progress.step("a replica"):
                try:
                    one.install()
                    start = one.follow_start(leader, within=_PATIENCE)
                finally:
                    one.remove()
            keep(Sample("serve-ready", start.seconds, facts={"fetchedChunks": start.restore.fetched}))
        if "snapshot-downtime" in wanted:
            with progress.step(f"{_FILES * _SIZE / 1e9:g} GB beside the database"):
                _weigh_down(Builders(kube, _NAME, within=environment.timeout("pod")), snapshots)
        for _ in range(repeat if "snapshot-downtime" in wanted else 0):
            with progress.step("a snapshot of it"):
                taken = snapshots.take()
                taken.job.must_have_succeeded()
            said = taken.job.logs["take"].splitlines()
            facts = {"bytes": taken.number(ANNOTATION_BYTES), "take": said[-8:]}
            keep(Sample("snapshot-downtime", taken.number(ANNOTATION_DOWNTIME), facts=facts))
        leader.close()


def _weigh_down(builders: Builders, snapshots: Snapshots) -> None:
    """Make the first replica's data as large as the figure says."""

    def add_volume(spec: Object) -> None:
        claim = f"execution-{snapshots.node}-0"
        spec["volumes"].append({"name": "node", "persistentVolumeClaim": {"claimName": claim}})
        spec["containers"][0]["volumeMounts"].append({"name": "node", "mountPath": "/node"})

    try:
        builders.start(snapshots, add_volume).python(_WRITE, str(_FILES), str(_SIZE), within=_PATIENCE)
    finally:
        builders.remove_all()


#: Half of each file shrinks. Its name is none that a key-value store would take for its own, and remove.
_WRITE = """
import os, sys
count, size = map(int, sys.argv[1:])
for number in range(count):
    with open(f"/node/geth/chaindata/weight-{number:04}", "wb") as file:
        file.write(os.urandom(size // 2) + bytes(size - size // 2))
os.sync()
"""

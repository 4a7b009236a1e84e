"""Steps about which snapshots stay."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from pytest_bdd import given, then, when

from ethinfra.jobs import Ended
from ethinfra.kube import Kube
from ethinfra.progress import silent
from ethinfra.registry.collect import collect
from ethinfra.registry.connect import connected
from ethinfra.registry.secrets import Account
from ethinfra.snapshot.plan import parse_plan
from ethinfra.snapshot.promote import pin
from ethinfra.snapshot.reader import Snapshot
from ethinfra.trial.builders import VOLUME, Builder, must_be_whole
from ethinfra.trial.pods import TrialPods
from ethinfra.trial.snapshot_damage import TrialRepository
from ethinfra.trial.snapshot_retention import Pruning, Standing
from ethinfra.trial.snapshots import Snapshots
from fixtures.evidence import Evidence

#: Bytes. All but one are cut alike, and so have all chunks in common; the one that goes has chunks of its own.
ALIKE, OTHERWISE, MEANWHILE = 256 << 10, 128 << 10, 64 << 10


@dataclass
class Five:
    """Five promoted snapshots, the oldest first: pinned, in use, not needed, and the newest two."""

    repository: TrialRepository
    snapshots: list[Snapshot]
    standing: Standing

    @property
    def needed(self) -> list[Snapshot]:
        return [self.snapshots[number] for number in (0, 1, 3, 4)]

    @property
    def not_needed(self) -> Snapshot:
        return self.snapshots[2]

    def ids(self) -> set[str]:
        """What is there now."""
        return set(self.repository.names())


@dataclass
class Pruned:
    """A cleanup that ended. stored: bytes on the registry's volume before it; meanwhile: what was pushed in between"""

    job: Ended
    stored: int = 0
    meanwhile: Snapshot | None = None


@pytest.fixture
def pruning(kube: Kube, snapshots: Snapshots) -> Iterator[Pruning]:
    """The cleanup job, for this scenario's repository."""
    made = Pruning(kube, snapshots)
    yield made
    made.remove()


@pytest.fixture
def standing(kube: Kube, trial_pods: TrialPods, snapshots: Snapshots) -> Iterator[Standing]:
    """A pod that stands on a snapshot."""
    made = Standing(kube, trial_pods, snapshots.namespace, parse_plan(snapshots.plan))
    yield made
    made.remove()


@given(
    "five promoted snapshots, of which the oldest is pinned and the second oldest is what a running pod was restored "
    "from",
    target_fixture="five",
)
def five_snapshots(
    snapshots: Snapshots, trial_repository: TrialRepository, builder: Builder, standing: Standing
) -> Five:
    """In a repository of their own, with a geth node's data. The one in the middle has chunks that no other has."""
    original = snapshots.latest()
    assert original is not None
    made = [trial_repository.publish(original, chunk_size=ALIKE)]
    with snapshots.store(Account.PUSH, repository=trial_repository.repository) as store:
        pin(store, made[0].digest, "kept-by-an-operator")
    made.append(trial_repository.publish(original, chunk_size=ALIKE, later=60))
    done = builder.restore(trial_repository.plan, f"{VOLUME}/standing")
    marker = builder.marker(f"{VOLUME}/standing")
    assert marker is not None, done
    assert marker["digest"] == made[1].digest
    standing.start(marker)
    sizes = (OTHERWISE, ALIKE, ALIKE)
    made += [trial_repository.publish(original, chunk_size=size, later=60 * (2 + n)) for n, size in enumerate(sizes)]
    return Five(trial_repository, made, standing)


@when("snapshots are pruned to the newest two", target_fixture="pruned")
def prune(five: Five, pruning: Pruning, evidence: Evidence) -> Pruned:
    """By the cleanup job, whatever their age."""
    job = pruning.run(five.repository.plan, keep=2)
    evidence.attach("cleanup", job.said)
    return Pruned(job.must_have_succeeded())


@when("snapshots are pruned to the newest one and those that are younger than the middle one", target_fixture="pruned")
def prune_by_age(five: Five, pruning: Pruning, evidence: Evidence) -> Pruned:
    """There is a minute between any two; the cleanup has most of it."""
    youngest_that_may_go = five.not_needed.config.description.created
    age = (datetime.now(UTC) - youngest_that_may_go).total_seconds() - 5
    job = pruning.run(five.repository.plan, keep=1, younger=int(age))
    evidence.attach("cleanup", job.said)
    return Pruned(job.must_have_succeeded())


@when("somebody asks what pruning to the newest two would remove", target_fixture="pruned")
def prune_dry(five: Five, pruning: Pruning, evidence: Evidence) -> Pruned:
    job = pruning.run(five.repository.plan, keep=2, dry_run=True)
    evidence.attach("cleanup", job.said)
    return Pruned(job.must_have_succeeded())


@when("snapshots are pruned to the newest two while a pod that was restored does not answer", target_fixture="pruned")
def prune_with_a_silent_pod(five: Five, pruning: Pruning, evidence: Evidence) -> Pruned:
    """Its probe has ended; the pod runs."""
    five.standing.fall_silent()
    job = pruning.run(five.repository.plan, keep=2)
    evidence.attach("cleanup", job.said)
    return Pruned(job)


@when(
    "snapshots are pruned to the newest two, and garbage is collected while another snapshot is pushed",
    target_fixture="pruned",
)
def prune_and_collect(five: Five, pruning: Pruning, snapshots: Snapshots, kube: Kube, evidence: Evidence) -> Pruned:
    """The push begins first; the registry takes no writes while it collects."""
    original = snapshots.latest()
    assert original is not None
    job = pruning.run(five.repository.plan, keep=2).must_have_succeeded()
    with connected(kube, Account.PULL) as client:
        stored = client.usage().stored
    with ThreadPoolExecutor() as pool:
        pushing = pool.submit(five.repository.publish, original, chunk_size=MEANWHILE, later=600)
        collected = pool.submit(collect, kube, silent())
        evidence.attach("garbage", repr(collected.result()))
        meanwhile = pushing.result()
    return Pruned(job, stored, meanwhile)


@then("the newest two, the pinned one and the one in use are there, and the other is gone")
def the_needed_are_there(pruned: Pruned, five: Five) -> None:
    assert pruned.job.succeeded
    assert five.ids() == {one.id for one in five.needed}


@then("it names the one that would go, and nothing is removed")
def one_would_go(pruned: Pruned, five: Five) -> None:
    said = pruned.job.logs["prune"]
    assert f"would remove {five.not_needed.id}" in said
    assert said.count("would remove ") == 1, said
    assert five.ids() == {one.id for one in five.snapshots}


@then("nothing is removed, and the pod is named")
def nothing_is_removed(pruned: Pruned, five: Five) -> None:
    assert not pruned.job.succeeded
    assert five.standing.name in pruned.job.said
    assert five.ids() == {one.id for one in five.snapshots}


@then("each of those that are there is restored, whole")
def each_is_whole(five: Five, builder: Builder) -> None:
    """By digest, each into an empty folder."""
    for one in five.needed:
        folder = f"{VOLUME}/{one.id}"
        builder.pull(five.repository.plan, one.digest, folder)
        must_be_whole(builder, folder, one)


@then("what only the removed one needed is gone from the registry's volume")
def own_chunks_are_gone(pruned: Pruned, five: Five, kube: Kube, evidence: Evidence) -> None:
    """Every chunk that no other snapshot refers to; ends of files can be cut alike in several."""
    assert pruned.meanwhile is not None
    shared = {chunk.layer for one in (*five.needed, pruned.meanwhile) for _, chunk in one.config.chunks()}
    own = {chunk.layer: chunk.stored for _, chunk in five.not_needed.config.chunks() if chunk.layer not in shared}
    with connected(kube, Account.PULL) as client:
        stored = client.stored()
    evidence.attach("bytes", {"before": pruned.stored, "after": sum(stored.values()), "of it alone": sum(own.values())})
    assert own
    assert not [layer for layer in own if f"sha256:{layer.hex()}" in stored]


@then("the snapshot that was pushed meanwhile is whole")
def meanwhile_is_whole(pruned: Pruned, five: Five, builder: Builder) -> None:
    assert pruned.meanwhile is not None
    folder = f"{VOLUME}/meanwhile"
    builder.pull(five.repository.plan, pruned.meanwhile.digest, folder)
    must_be_whole(builder, folder, pruned.meanwhile)

"""Steps about restoring: what is refused, what is fetched, what an interruption leaves."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_bdd import given, parsers, then, when

from ethinfra.trial.builders import Builder, Builders, must_be_whole
from ethinfra.trial.pods import TrialPods
from ethinfra.trial.restoring import Restoring, chunks_of
from ethinfra.trial.snapshot_damage import TrialRepository
from ethinfra.trial.snapshots import Snapshots
from fixtures.evidence import Evidence

#: Bytes. The same data in chunks of these sizes has few layers in common.
OLDER_CHUNKS, NEWER_CHUNKS = 256 << 10, 128 << 10


@pytest.fixture
def builder(builders: Builders, snapshots: Snapshots) -> Builder:
    """A pod with the programs of the snapshot builder, a job's credentials and a volume of its own."""
    return builders.start(snapshots)


@pytest.fixture
def trial_repository(snapshots: Snapshots, builder: Builder, trial_pods: TrialPods) -> Iterator[TrialRepository]:
    """A repository for this scenario alone."""
    made = TrialRepository(snapshots, builder, trial_pods)
    yield made
    made.remove()


@given("two promoted snapshots with the data of a geth node, in a repository of their own", target_fixture="restoring")
def two_of_their_own(snapshots: Snapshots, trial_repository: TrialRepository, builder: Builder) -> Restoring:
    """They are cut differently, so what is done to the one does not touch the other."""
    original = snapshots.latest()
    assert original is not None
    older = trial_repository.publish(original, chunk_size=OLDER_CHUNKS)
    newer = trial_repository.publish(original, chunk_size=NEWER_CHUNKS, later=60)
    assert newer.id > older.id
    return Restoring(builder, trial_repository, older, newer)


@when(parsers.parse("the newer one has {fault}, and an empty volume is restored"))
def restore_with_fault(fault: str, restoring: Restoring, evidence: Evidence) -> None:
    """By the program that is the init container of a serve node."""
    restoring.repository.damage(fault, restoring.newer, restoring.older)
    restoring.done.append(restoring.builder.restore(restoring.repository.plan, restoring.folder))
    evidence.attach("restore", restoring.said)


@then(parsers.parse('the newer one is refused because of "{reason}"'))
def newer_is_refused(reason: str, restoring: Restoring) -> None:
    """In what the restore writes, in the words of the snapshot's id and of the reason."""
    lines = [line for line in restoring.said.splitlines() if line.strip()]
    assert any(restoring.newer.id in line for line in lines), restoring.said
    assert reason in restoring.said, restoring.said


@then("the volume holds the older one, whole")
def holds_the_older(restoring: Restoring) -> None:
    """Every file with its bytes, none else, and the mark."""
    assert restoring.done[-1].code == 0, restoring.said
    must_be_whole(restoring.builder, restoring.folder, restoring.older)


@then("the volume holds the newer one, whole")
def holds_the_newer(restoring: Restoring) -> None:
    """Every file with its bytes, none else, and the mark."""
    assert restoring.done[-1].code == 0, restoring.said
    must_be_whole(restoring.builder, restoring.folder, restoring.newer)


@given(
    "two promoted snapshots in a repository of their own, the newer one of data that has grown",
    target_fixture="restoring",
)
def two_of_growing_data(snapshots: Snapshots, trial_repository: TrialRepository, builder: Builder) -> Restoring:
    """A geth node's data, cut alike; in the newer one the largest file has got longer, and there is a table more."""
    original = snapshots.latest()
    assert original is not None
    older = trial_repository.publish(original, chunk_size=NEWER_CHUNKS)
    newer = trial_repository.publish(original, chunk_size=NEWER_CHUNKS, later=60, grown=True)
    return Restoring(builder, trial_repository, older, newer)


@given("a volume on which the older one is restored")
def older_is_restored(restoring: Restoring) -> None:
    restoring.builder.pull(restoring.repository.plan, restoring.older.digest, restoring.folder)
    must_be_whole(restoring.builder, restoring.folder, restoring.older)


@when("the newer one is restored over it", target_fixture="counts")
def newer_over_older(restoring: Restoring, evidence: Evidence) -> dict[str, int]:
    """How many chunks came from where."""
    counts = restoring.builder.pull(restoring.repository.plan, restoring.newer.digest, restoring.folder)
    evidence.attach("chunks", counts)
    return counts


@then("it fetched what has grown, and nothing that the older one has")
def fetched_only_new(restoring: Restoring, counts: dict[str, int]) -> None:
    """By chunk: a part of a file, at its place."""
    older, newer = chunks_of(restoring.older), chunks_of(restoring.newer)
    assert 0 < counts["fetched"] <= len(newer - older), counts
    assert counts["kept"] + counts["holes"] == len(newer & older), counts


@then("the volume has every file of the newer one, and no other")
def volume_is_newer(restoring: Restoring) -> None:
    must_be_whole(restoring.builder, restoring.folder, restoring.newer)

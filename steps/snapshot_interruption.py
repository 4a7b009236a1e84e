"""Steps about snapshots and restores that are interrupted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pytest_bdd import given, parsers, then, when

from ethinfra import jobs
from ethinfra.chain.discovery import DeployedNode
from ethinfra.environment import Environment
from ethinfra.jobs import Ended
from ethinfra.kube import Kube
from ethinfra.process import Completed
from ethinfra.snapshot.access import PATIENCE
from ethinfra.trial.builders import SMALL, VOLUME, Builder, Builders, must_be_whole
from ethinfra.trial.outage import RegistryOutage
from ethinfra.trial.restoring import Restoring
from ethinfra.trial.small_registry import SmallRegistry, start_small_registry
from ethinfra.trial.snapshots import Snapshots
from ethinfra.waiting import eventually
from fixtures.evidence import Evidence

#: Phase → the container that it is in, and what that container has written by then.
PHASES = {
    "stop": ("take", "stopping "),
    "copy": ("take", "share their blocks"),
    "start": ("take", "waiting for "),
    "push": ("push", ""),
    "restore": ("restore", ""),
    "promote": ("promote", ""),
}


@dataclass(frozen=True)
class Killed:
    """A job whose pod was killed, and the containers' states at that moment."""

    job: str
    states: dict[str, str]


@when(parsers.parse('the job of another snapshot is killed in phase "{phase}"'), target_fixture="killed")
def killed_in_phase(
    phase: str, snapshots: Snapshots, snapshot_node: DeployedNode, kube: Kube, env: Environment, evidence: Evidence
) -> Killed:
    """Its pod, without any grace, as soon as the phase is seen to have begun and before the job has ended."""
    container, text = PHASES[phase]
    assert snapshot_node.pod, "found while its pod runs"
    job = snapshots.start()
    pod, states = eventually(
        f"job {job} is in phase {phase}",
        lambda: in_phase(kube, snapshots.namespace, job, container, text),
        within=env.timeout("snapshot"),
        every=0.05,
    )
    kube.kubectl("delete", "pod", "-n", snapshots.namespace, pod, "--grace-period=0", "--force", "--wait=false")
    evidence.attach("killed", {"phase": phase, "containers": states})
    assert states["promote"] != "ended", f"the job was over before it was killed: {states}"
    return Killed(job, states)


@then("the node is ready again without anybody's help")
def node_is_ready_again(snapshot_node: DeployedNode, snapshots: Snapshots, env: Environment) -> None:
    """Its probe says so: within the patience of a hold, `timeouts.pod` and `timeouts.readiness`."""
    within = snapshots.plan["job"]["holdPatienceSeconds"] + env.timeout("readiness") + env.timeout("pod")
    snapshot_node.must_be_ready(within=within)


@then('"latest" is a whole snapshot')
def latest_is_whole(snapshots: Snapshots, builder: Builder) -> None:
    """It is restored, and every byte compared."""
    latest = snapshots.latest()
    assert latest is not None
    folder = f"{VOLUME}/latest-{latest.id}"
    builder.pull(snapshots.plan, latest.digest, folder)
    must_be_whole(builder, folder, latest)


@then("the next attempt finishes")
def next_attempt(killed: Killed, snapshots: Snapshots, evidence: Evidence) -> None:
    """The Job's controller starts another pod by itself; it promotes a snapshot, or says why none is needed."""
    ended = snapshots.follow(killed.job)
    evidence.attach("next attempt", {"containers": ended.containers, "said": ended.said})
    ended.must_have_succeeded()


@when("the registry is stopped while a snapshot is pushed, and started again", target_fixture="ended")
def registry_stops_during_push(snapshots: Snapshots, kube: Kube, env: Environment, evidence: Evidence) -> Ended:
    """For some seconds, in which the push goes on trying."""
    job = snapshots.start()
    eventually(
        f"job {job} has taken its copy",
        lambda: in_phase(kube, snapshots.namespace, job, "take", "waiting for "),
        within=env.timeout("snapshot"),
        every=0.05,
    )
    with registry_stopped(kube, within=env.timeout("pod")):
        eventually(
            f"job {job} pushes",
            lambda: in_phase(kube, snapshots.namespace, job, "push", ""),
            within=env.timeout("snapshot"),
            every=0.1,
        )
    ended = snapshots.follow(job)
    evidence.attach("push", ended.logs.get("push", ""))
    return ended


@then("the same job finishes, and its snapshot is promoted")
def same_job_finishes(ended: Ended, kube: Kube, snapshots: Snapshots) -> None:
    """In the same pod, without a second stop of the node."""
    ended.must_have_succeeded()
    assert len(jobs.pods_of(kube, snapshots.namespace, ended.job)) == 1
    assert "SnapshotPromoted" in ended.logs["promote"], ended.logs["promote"]


@when("the registry is stopped during a restore, and started again")
def registry_stops_during_restore(restoring: Restoring, kube: Kube, env: Environment, evidence: Evidence) -> None:
    """It is gone from when half of the bytes are there, and back some seconds later."""
    with restoring.halfway() as running:
        with registry_stopped(kube, within=env.timeout("pod")):
            running.go_on()
            running.must_not_end_for(3)
        restoring.done.append(running.end(within=env.timeout("snapshot")))
    evidence.attach("restore", restoring.said)


@when("the registry is stopped during a restore, and is away for longer than the restore waits")
def registry_stays_away(restoring: Restoring, kube: Kube, env: Environment, evidence: Evidence) -> None:
    """It is gone from when half of the bytes are there, and back when the restore has ended."""
    with restoring.halfway() as running, registry_stopped(kube, within=env.timeout("pod")):
        running.go_on()
        restoring.done.append(running.end(within=PATIENCE + env.timeout("pod")))
    evidence.attach("restore", restoring.said)


@then("the restore fails and says that the registry does not answer")
def no_answer(restoring: Restoring) -> None:
    """Exit code 4: it is tried again."""
    assert restoring.done[-1].code == 4, restoring.said
    assert "no answer from the registry at" in restoring.said


@when("a restore of the newer one is killed after half of its bytes")
def restore_is_killed(restoring: Restoring, evidence: Evidence) -> None:
    """With SIGKILL, when half of what it has to write is on the volume."""
    with restoring.halfway() as running:
        restoring.done.append(running.kill())
    evidence.attach("killed", restoring.said)


@then("the volume has no mark, and no client is started on it")
def no_mark(restoring: Restoring) -> None:
    """A client is started only when the restore has ended well; it is the init container before it."""
    assert restoring.builder.marker(restoring.folder) is None
    assert restoring.done[-1].code != 0


@when("the restore is started again")
def restore_again(restoring: Restoring, evidence: Evidence) -> None:
    restoring.done.append(restoring.builder.restore(restoring.repository.plan, restoring.folder))
    evidence.attach("restore", restoring.said)


@then("it goes on where it was")
def goes_on(restoring: Restoring) -> None:
    """Chunks that were there are not fetched again."""
    assert restoring.restored.kept > 0, restoring.said


@when("the newer one is restored to a volume that is smaller than it")
def restore_to_small(restoring: Restoring, evidence: Evidence) -> None:
    """A volume in memory, of which the kernel knows the size."""
    restoring.folder = f"{SMALL}/node"
    restoring.done.append(restoring.builder.restore(restoring.repository.plan, restoring.folder))
    evidence.attach("restore", restoring.said)


@then("the restore fails and says how many bytes are missing")
def no_room(restoring: Restoring) -> None:
    """Exit code 3, which no Job tries again."""
    assert restoring.done[-1].code == 3, restoring.said
    assert "bytes free" in restoring.said


@contextmanager
def registry_stopped(kube: Kube, *, within: float) -> Iterator[None]:
    """No registry while the block lasts; afterwards it is ready again, whatever happened."""
    outage = RegistryOutage(kube, within=within)
    try:
        outage.begin()
        yield
        outage.must_last()
    finally:
        outage.end()


def in_phase(kube: Kube, namespace: str, job: str, container: str, text: str) -> tuple[str, dict[str, str]] | None:
    """The job's pod and the states of its containers, once the container has written the text; None before."""
    pods = jobs.pods_of(kube, namespace, job)
    if not pods:
        return None
    states = jobs.container_states(pods[-1])
    name: str = pods[-1]["metadata"]["name"]
    if states.get(container, "waits") == "waits":
        return None
    log = kube.logs(namespace, name, container) if text else ""
    if text not in log:
        assert states.get(container) != "ended", f"job {job}: {container} ended before it said {text!r}\n{log}"
        return None
    return name, states


@dataclass(frozen=True)
class Small:
    """A registry with little room, and the digest of the snapshot in it."""

    registry: SmallRegistry
    digest: str


@given("a registry with little room, and a snapshot in it", target_fixture="small")
def small_registry(builders: Builders, snapshots: Snapshots) -> Small:
    """Of the same make as the cluster's, with its storage in memory, of which the kernel knows the size."""
    registry = start_small_registry(builders, snapshots)
    return Small(registry, registry.push_little())


@when("the data of a geth node is pushed to it, which is more than it has room for", target_fixture="refused")
def push_much(small: Small, evidence: Evidence) -> Completed:
    done = small.registry.push_much()
    evidence.attach("push", done.stdout + done.stderr)
    return done


@then("the push fails and says that the registry has no room")
def push_fails(refused: Completed) -> None:
    """Exit code 3."""
    assert refused.code == 3, refused.stdout + refused.stderr
    assert "room" in refused.stdout


@then("the snapshot that was there is still restored from it, whole")
def still_restored(small: Small) -> None:
    """Every byte is compared with its digest on the way."""
    done = small.registry.restore(small.digest, f"{VOLUME}/again")
    assert done.code == 0, done.stdout + done.stderr

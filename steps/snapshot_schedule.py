"""Steps about when snapshots are taken: by their schedule, under load, and by one job at a time."""

from __future__ import annotations

import copy
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from pytest_bdd import then, when

from ethinfra import jobs
from ethinfra.chain.discovery import DeployedNode
from ethinfra.environment import Environment
from ethinfra.jobs import Ended
from ethinfra.kube import Kube, Object
from ethinfra.trial import load
from ethinfra.trial.pods import TrialPods
from ethinfra.trial.snapshots import Snapshots, Taken
from ethinfra.waiting import eventually
from fixtures.chain import Nodes
from fixtures.evidence import Evidence


@dataclass(frozen=True)
class Before:
    """What there was before a schedule was changed: ids of promoted snapshots, names of the schedule's jobs."""

    promoted: frozenset[str]
    jobs: frozenset[str]


@when("the schedule of a node's snapshots is every minute", target_fixture="before")
def every_minute(snapshots: Snapshots, kube: Kube, request: pytest.FixtureRequest) -> Before:
    """Its minimum interval aside, which the job would otherwise keep to. Put back whatever happens."""
    name = f"snapshot-{snapshots.node}-0"
    cronjob = kube.get("CronJob", name, snapshots.namespace)
    assert cronjob is not None
    before = Before(
        frozenset(one.id for one in snapshots.promoted()),
        frozenset(jobs.scheduled(kube, snapshots.namespace, name)),
    )

    def put_back() -> None:
        spec = cronjob["spec"]
        kube.patch(
            "CronJob",
            name,
            snapshots.namespace,
            {"spec": {"schedule": spec["schedule"], "suspend": spec["suspend"], "jobTemplate": spec["jobTemplate"]}},
        )
        for job in jobs.scheduled(kube, snapshots.namespace, name):
            snapshots.follow(job)

    request.addfinalizer(put_back)
    template = forced(cronjob)["spec"]["jobTemplate"]
    kube.patch(
        "CronJob",
        name,
        snapshots.namespace,
        {"spec": {"schedule": "* * * * *", "suspend": False, "jobTemplate": template}},
    )
    return before


@then("a snapshot is taken that nobody asked for")
def taken_by_itself(before: Before, snapshots: Snapshots, kube: Kube, env: Environment) -> None:
    """By a job of the CronJob's controller, which started within a minute; within `timeouts.snapshot`."""
    name = f"snapshot-{snapshots.node}-0"
    started = eventually(
        f"the controller has started a job of {name}",
        lambda: [job for job in jobs.scheduled(kube, snapshots.namespace, name) if job not in before.jobs],
        within=60 + env.timeout("policy"),
        hint=f"kubectl -n {snapshots.namespace} describe cronjob {name}",
    )
    kube.patch("CronJob", name, snapshots.namespace, {"spec": {"suspend": True}})
    said = snapshots.follow(started[0]).must_have_succeeded().logs["promote"]
    new = [one.id for one in snapshots.promoted() if one.id not in before.promoted]
    assert any(f"SnapshotPromoted: {one}" in said for one in new), said


@dataclass(frozen=True)
class Asked:
    """A snapshot that was taken under load."""

    taken: Taken
    load: load.Load


@when(
    "a snapshot of a geth node is taken while clients ask the Service of that node for its head", target_fixture="asked"
)
def taken_under_load(
    snapshots: Snapshots, snapshot_node: DeployedNode, nodes: Nodes, trial_pods: TrialPods, env: Environment
) -> Asked:
    """Every tenth of a second, and for what does not change any more; all answers are compared."""
    loader = trial_pods.start("loader", labels={"ethinfra.io/rpc-client": "true"})
    final = nodes.leader.must_finalize(within=env.timeout("finality"))
    asked = load.questions(nodes.leader, final.number, [])
    url = f"http://{snapshot_node.rpc_service}.{snapshot_node.namespace}.svc:{snapshot_node.ports['rpc']}"
    with load.running(loader, url, asked, clients=2, batch=4, pause=0.1) as running:
        taken = snapshots.take()
    loader.delete()
    taken.job.must_have_succeeded()
    return Asked(taken, running)


@then("every one of their requests was answered")
def all_answered(asked: Asked, env: Environment, evidence: Evidence) -> None:
    """And none of them wrongly; a head may be `budgets.headSpread` blocks behind one that the client saw before."""
    evidence.attach("load", {"seconds": len(asked.load.seconds), "answered": asked.load.answered})
    asked.load.must_not_fail()
    asked.load.must_be_right(back=int(env.budget("headSpread")))


@when("two jobs for snapshots of one node are started at the same moment", target_fixture="both")
def two_jobs(snapshots: Snapshots) -> list[Ended]:
    """For the same replica, so for one volume."""
    started = [snapshots.start(), snapshots.start()]
    with ThreadPoolExecutor() as pool:
        return list(pool.map(snapshots.follow, started))


@then("one of them takes a snapshot, and the other one says who holds the volume")
def one_takes(both: list[Ended], evidence: Evidence) -> None:
    evidence.attach("jobs", {one.job: {"succeeded": one.succeeded, "take": one.logs.get("take", "")} for one in both})
    took = [one for one in both if "SnapshotPromoted" in one.logs.get("promote", "")]
    assert len(took) == 1, [one.said for one in both]
    (other,) = [one for one in both if one is not took[0]]
    assert "another run works on" in other.logs["take"], other.logs["take"]
    assert "copied in" not in other.logs["take"]


def forced(cronjob: Object) -> Object:
    """A copy, with jobs that take a snapshot though the last one is young."""
    made = copy.deepcopy(cronjob)
    for container in made["spec"]["jobTemplate"]["spec"]["template"]["spec"]["initContainers"]:
        if container["name"] == "take":
            others = [one for one in container.get("env") or [] if one["name"] != "FORCE"]
            container["env"] = [*others, {"name": "FORCE", "value": "1"}]
    return made

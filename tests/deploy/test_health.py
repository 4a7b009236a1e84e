"""What is wrong with a layer's objects, in words that lead to the cause."""

from __future__ import annotations

from typing import Any

import pytest

from ethinfra.deploy import health
from ethinfra.kube import Object
from tests.deploy.fake_cluster import FakeCluster
from tests.deploy.recorded import LABELS, crashing, event, live, pod, rendered

NODE = {"ethinfra.io/role": "sync"}

#: A StatefulSet whose pods of the old version are still there.
ROLLING = {"updatedReplicas": 1, "currentRevision": "geth-6c8", "updateRevision": "geth-7d9"}


def said(fake: FakeCluster, wanted: Object, *, ready: bool = True, explain: bool = False) -> list[str]:
    return health.problems(fake, [wanted], ready=ready, explain=explain)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "kind",
    [
        "APIService",
        "ConfigMap",
        "DaemonSet",
        "Deployment",
        "Job",
        "Namespace",
        "NetworkPolicy",
        "Service",
        "StatefulSet",
    ],
)
def test_an_object_whose_controller_is_done_is_healthy(kind: str, fake: FakeCluster) -> None:
    fake.has(live(rendered(kind)))

    assert said(fake, rendered(kind)) == []


@pytest.mark.parametrize(
    ("kind", "status", "problem"),
    [
        ("StatefulSet", {"readyReplicas": 1}, "1 of 2 pods are ready"),
        ("StatefulSet", {"readyReplicas": None}, "0 of 2 pods are ready"),
        ("StatefulSet", {"observedGeneration": 0}, "its controller has not seen the newest version yet"),
        ("StatefulSet", ROLLING, "1 of 2 pods are of the newest version"),
        ("Deployment", {"availableReplicas": 0}, "0 of 2 pods are ready"),
        ("Deployment", {"updatedReplicas": 1}, "1 of 2 pods are of the newest version"),
        # What is available is the old pod still.
        ("Deployment", {"replicas": 3}, "1 pods are of an older version"),
        ("DaemonSet", {"numberAvailable": 1}, "1 of 2 pods are ready"),
        ("DaemonSet", {"updatedNumberScheduled": 0}, "0 of 2 pods are of the newest version"),
        ("Job", {"conditions": [], "active": 1}, "has not finished"),
        ("Job", {"conditions": [{"type": "Complete", "status": "False"}]}, "has not finished"),
        (
            "Job",
            {"conditions": [{"type": "Failed", "status": "True", "message": "too often"}]},
            "has failed: too often",
        ),
        ("Namespace", {"phase": "Terminating"}, "is Terminating"),
        ("APIService", {"conditions": None}, "is not available: nobody asked yet"),
        (
            "APIService",
            {"conditions": [{"type": "Available", "status": "False", "message": "no response from https://10.0.0.1"}]},
            "is not available: no response from https://10.0.0.1",
        ),
    ],
)
def test_an_object_that_is_not_as_it_should_be_says_so(
    kind: str, status: dict[str, Any], problem: str, fake: FakeCluster
) -> None:
    fake.has(live(rendered(kind), **{key: value for key, value in status.items() if value is not None}))
    if None in status.values():
        for key in [key for key, value in status.items() if value is None]:
            del fake.objects[(kind, "ethereum", "geth")]["status"][key]

    (line,) = said(fake, rendered(kind))

    assert line.endswith(f"geth: {problem}")


def test_an_object_without_a_status_is_new(fake: FakeCluster) -> None:
    """Controllers take a moment; nothing is taken for healthy before they have looked."""
    new = live(rendered("StatefulSet"))
    del new["status"]
    fake.has(new)

    assert said(fake, rendered("StatefulSet")) == [
        "StatefulSet ethereum/geth: its controller has not seen the newest version yet"
    ]


def test_a_missing_object_is_named(fake: FakeCluster) -> None:
    assert said(fake, rendered("Service")) == ["Service ethereum/geth: does not exist"]


def test_an_object_that_goes_is_not_healthy(fake: FakeCluster) -> None:
    going = live(rendered("StatefulSet"))
    going["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    fake.has(going)

    assert said(fake, rendered("StatefulSet")) == ["StatefulSet ethereum/geth: is being deleted"]


def test_a_stateful_set_of_no_replicas_is_healthy(fake: FakeCluster) -> None:
    held = live(rendered("StatefulSet"), replicas=0, readyReplicas=0, updatedReplicas=0)
    held["spec"]["replicas"] = 0
    fake.has(held)

    assert said(fake, rendered("StatefulSet")) == []


def test_nodes_of_a_public_network_need_only_run(fake: FakeCluster) -> None:
    node, other = rendered("StatefulSet", labels=NODE), rendered("StatefulSet", "registry")
    fake.has(live(node, readyReplicas=0), live(other, readyReplicas=0))

    assert said(fake, node, ready=False) == []
    assert said(fake, node) == ["StatefulSet ethereum/geth: 0 of 2 pods are ready"]
    assert said(fake, other, ready=False) == ["StatefulSet ethereum/registry: 0 of 2 pods are ready"]


def test_a_crash_loop_is_explained_by_code_log_and_events(fake: FakeCluster) -> None:
    broken, fine = pod(containers=[crashing()], Ready="False", PodScheduled="True"), pod("geth-1", Ready="True")
    fake.has(live(rendered("StatefulSet"), readyReplicas=1), broken, fine)
    fake.has(event(broken, "Pulled", "image is there", "2026-01-01T00:00:01Z", kind="Normal"))
    fake.has(event(broken, "BackOff", "restarting failed container", "2026-01-01T00:00:02Z"))
    fake.has(event(fine, "Unhealthy", "of another pod", "2026-01-01T00:00:03Z"))
    fake.log["geth-0/execution"] = "Fatal: Failed to write genesis block\nincompatible genesis"

    assert said(fake, rendered("StatefulSet"), explain=True) == [
        "StatefulSet ethereum/geth: 1 of 2 pods are ready",
        "  pod geth-0: execution waits: CrashLoopBackOff back-off 1m20s restarting failed container",
        "  pod geth-0: execution ended before with code 1 (Error)",
        "  pod geth-0: execution logged: Fatal: Failed to write genesis block",
        "  pod geth-0: execution logged: incompatible genesis",
        "  pod geth-0: event: BackOff: restarting failed container",
    ]


def test_the_log_of_a_container_that_runs_again_is_that_of_its_end(
    fake: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    again = crashing() | {"state": {"running": {}}}
    asked: list[dict[str, Any]] = []
    monkeypatch.setattr(fake, "logs", lambda *_, **options: asked.append(options) or "")
    fake.has(live(rendered("StatefulSet"), readyReplicas=1), pod(containers=[again], Ready="False"))

    lines = said(fake, rendered("StatefulSet"), explain=True)

    assert "  pod geth-0: execution runs and is not ready" in lines
    assert asked == [{"previous": True, "lines": health.LOG_LINES}]


@pytest.mark.parametrize(
    ("status", "line"),
    [
        (
            {"state": {"waiting": {"reason": "ImagePullBackOff", "message": "not found"}}},
            "waits: ImagePullBackOff not found",
        ),
        ({"state": {"waiting": {"reason": "PodInitializing"}}}, "waits: PodInitializing"),
        ({"state": {"terminated": {"exitCode": 137}}}, "ended with code 137"),
        ({"state": {"running": {}}, "ready": False}, "runs and is not ready"),
    ],
)
def test_a_container_that_is_not_ready_says_why(status: Object, line: str) -> None:
    waiting = pod(containers=[{"name": "execution", **status}], Ready="False")

    assert health.pod_reasons(waiting) == [f"execution {line}"]


def test_an_init_container_is_told_before_those_that_wait_for_it() -> None:
    waiting = pod(containers=[{"name": "execution", "state": {"waiting": {"reason": "PodInitializing"}}}])
    waiting["status"]["initContainerStatuses"] = [
        {"name": "jwt", "state": {"terminated": {"exitCode": 0}}},
        {"name": "genesis", "state": {"terminated": {"exitCode": 2}}},
    ]

    assert health.pod_reasons(waiting) == ["genesis ended with code 2", "execution waits: PodInitializing"]


def test_a_pod_that_finds_no_node_says_why() -> None:
    homeless = pod(PodScheduled="False")
    homeless["status"]["phase"] = "Pending"
    homeless["status"]["conditions"][0]["message"] = "0/1 nodes are available: 1 Insufficient memory."

    assert health.pod_reasons(homeless) == ["not scheduled: 0/1 nodes are available: 1 Insufficient memory."]


def test_a_workload_without_pods_is_explained_by_its_own_events(fake: FakeCluster) -> None:
    """As when a quota or Pod Security refuses them."""
    workload = live(rendered("StatefulSet"), readyReplicas=0, replicas=0, updatedReplicas=0)
    fake.has(workload, event(workload, "FailedCreate", "exceeded quota", "2026-01-01T00:00:00Z"))

    assert said(fake, rendered("StatefulSet"), explain=True)[1:] == [
        "  has no pods",
        "  FailedCreate: exceeded quota",
    ]


def test_the_newest_events_are_shown(fake: FakeCluster) -> None:
    broken = pod(Ready="False")
    fake.has(live(rendered("StatefulSet"), readyReplicas=1), broken)
    fake.has(
        *(event(broken, "Unhealthy", f"number {number}", f"2026-01-01T00:00:0{number}Z") for number in (5, 1, 4, 2))
    )

    shown = [line for line in said(fake, rendered("StatefulSet"), explain=True) if "event" in line]

    assert [line[-1] for line in shown] == ["2", "4", "5"]
    assert len(shown) == health.EVENTS


def test_pods_of_a_failed_job_are_found(fake: FakeCluster) -> None:
    """Its selector is made by the API server."""
    job = live(rendered("Job", "genesis"), conditions=[{"type": "Failed", "status": "True", "message": "too often"}])
    labels = {**LABELS, "batch.kubernetes.io/controller-uid": "3f"}
    failed = pod("genesis-x", containers=[{"name": "genesis", "state": {"terminated": {"exitCode": 1}}}], labels=labels)
    fake.has(job, failed)
    fake.log["genesis-x/genesis"] = "forbidden: configmaps"

    assert said(fake, rendered("Job", "genesis"), explain=True) == [
        "Job ethereum/genesis: has failed: too often",
        "  pod genesis-x: genesis ended with code 1",
        "  pod genesis-x: genesis logged: forbidden: configmaps",
    ]

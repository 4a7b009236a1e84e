"""Promises that are the embedded provider's own: whatever happens, nothing is left behind; many nodes, two clusters."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from ethinfra.cluster.embedded import cgroups as control_groups
from ethinfra.cluster.embedded import provider as embedded
from ethinfra.cluster.embedded.footprint import Footprint, differences, take
from ethinfra.cluster.embedded.plan import ClusterPlan, all_plans, cluster_id, load_plan
from ethinfra.cluster.embedded.report import ComponentBroken, component_states, supervisor_alive
from ethinfra.cluster.embedded.steps import STEPS, Boot, Step
from ethinfra.cluster.provider import ClusterSpec
from ethinfra.errors import ClusterError
from ethinfra.kube import Kube
from ethinfra.progress import Progress
from ethinfra.waiting import eventually

from . import workloads

pytestmark = pytest.mark.live

NAME = "traceless"


@pytest.fixture
def provider() -> embedded.EmbeddedProvider:
    provider = embedded.EmbeddedProvider()
    obstacles = provider.check(ClusterSpec(NAME))
    if obstacles:
        pytest.skip(f"this machine runs no embedded cluster: {obstacles[0]}")
    return provider


@pytest.fixture(autouse=True)
def traceless(provider: embedded.EmbeddedProvider) -> Iterator[None]:
    """Whatever a test does: after `down`, twice, the machine is as it was before."""
    others = {part for plan in all_plans() for part in (plan.id, plan.machine_link)}
    before = take()
    try:
        yield
    finally:
        for name in (NAME, f"{NAME}-2"):
            provider.down(name, Progress())
            provider.down(name, Progress())
    assert left(before, others) == []


def left(before: Footprint, others: set[str]) -> list[str]:
    # Pods of other tests' clusters come and go meanwhile, under names that they give themselves.
    return differences(before, take(), ignoring={*others, *(part for plan in all_plans() for part in names(plan))})


def names(plan: ClusterPlan) -> set[str]:
    return {plan.id, plan.machine_link}


def must_plan(name: str = NAME) -> ClusterPlan:
    plan = load_plan(cluster_id(name))
    assert plan is not None
    return plan


def kill_supervisor(plan: ClusterPlan) -> None:
    for pid in control_groups.detect().processes(plan.cgroup_of_supervisor):
        os.kill(pid, signal.SIGKILL)
    eventually(
        "the supervisor is gone", lambda: not supervisor_alive(plan, control_groups.detect()), within=5, every=0.05
    )


def test_down_after_the_supervisor_was_killed_leaves_nothing(provider: embedded.EmbeddedProvider) -> None:
    """Components have lost their supervisor, pods and volumes are in use; `down` finds all by their control groups."""
    cluster = provider.up(ClusterSpec(NAME), Progress())
    kube = Kube.of(cluster)
    workloads.prepare(kube)
    workloads.claim(kube, "data")
    workloads.start(kube, "writer", claim="data")

    kill_supervisor(must_plan())


def test_up_after_the_supervisor_was_killed_restarts_nothing(provider: embedded.EmbeddedProvider) -> None:
    """The next supervisor adopts what still runs."""
    cluster = provider.up(ClusterSpec(NAME), Progress())
    before = {one.name: one.pid for one in component_states(must_plan()).values()}
    kill_supervisor(must_plan())
    assert "supervisor" in provider.health(cluster).problems[0]

    provider.up(ClusterSpec(NAME), Progress())

    assert {one.name: one.pid for one in component_states(must_plan()).values()} == before
    assert provider.health(cluster).problems == ()


@pytest.mark.parametrize("killed", ["kube-apiserver", f"{NAME}-1/kubelet", f"{NAME}-1/containerd"])
def test_a_component_that_is_killed_comes_back(provider: embedded.EmbeddedProvider, killed: str) -> None:
    cluster = provider.up(ClusterSpec(NAME), Progress())
    before = component_states(must_plan())[killed]

    os.kill(before.pid, signal.SIGKILL)

    eventually(
        f"{killed} runs again",
        lambda: component_states(must_plan())[killed],
        until=lambda state: state.ready and state.pid != before.pid,
        within=60,
    )
    eventually("all is well", lambda: provider.health(cluster).problems, until=lambda found: not found, within=60)


@pytest.mark.parametrize("last", [step.title for step in STEPS[:-1]])
def test_an_interrupted_boot_can_be_removed(
    provider: embedded.EmbeddedProvider, monkeypatch: pytest.MonkeyPatch, last: str
) -> None:
    """After any step; `traceless` looks."""
    interrupt_after(monkeypatch, last)

    with pytest.raises(KeyboardInterrupt):
        provider.up(ClusterSpec(NAME), Progress())


def test_an_interrupted_boot_is_resumed(provider: embedded.EmbeddedProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    for last in ("namespaces and disks", "components"):
        with monkeypatch.context() as patch:
            interrupt_after(patch, last)
            with pytest.raises(KeyboardInterrupt):
                provider.up(ClusterSpec(NAME), Progress())

    cluster = provider.up(ClusterSpec(NAME), Progress())

    assert provider.health(cluster).problems == ()


def test_a_cluster_whose_record_is_damaged_can_be_removed(provider: embedded.EmbeddedProvider) -> None:
    """What it consists of is found by its name."""
    provider.up(ClusterSpec(NAME), Progress())

    (must_plan().dir / "cluster.json").write_text("{")


def test_a_component_that_crashes_at_boot_shows_its_log(
    provider: embedded.EmbeddedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the error, without waiting for the step's patience to end."""

    def spoil(boot: Boot, within: float) -> None:
        del within
        scheduler = boot.plan.control_dir / "kube-scheduler.kubeconfig"
        scheduler.write_text("apiVersion: v1\nkind: Nonsense\n")

    steps = list(STEPS)
    steps.insert(2, Step("sabotage", 1, spoil))
    monkeypatch.setattr(embedded, "STEPS", tuple(steps))

    with pytest.raises(ComponentBroken) as failed:
        provider.up(ClusterSpec(NAME), Progress())

    assert failed.value.component == "kube-scheduler"
    assert "Nonsense" in failed.value.seen


def test_two_clusters_run_side_by_side(provider: embedded.EmbeddedProvider) -> None:
    """Their own names, ranges and nodes; removing one leaves the other alone."""
    one = provider.up(ClusterSpec(NAME), Progress())
    two = provider.up(ClusterSpec(f"{NAME}-2"), Progress())

    assert must_plan().network != must_plan(f"{NAME}-2").network
    assert provider.health(one).problems == ()
    assert provider.health(two).problems == ()
    provider.down(one.name, Progress())
    assert provider.find(one.name) is None
    assert provider.health(two).problems == ()


def test_a_range_in_use_that_was_asked_for_is_refused(provider: embedded.EmbeddedProvider) -> None:
    provider.up(ClusterSpec(NAME), Progress())
    taken = str(must_plan().network)

    with pytest.raises(ClusterError) as refused:
        provider.up(ClusterSpec(f"{NAME}-2", address_range=taken), Progress())

    assert must_plan().id in refused.value.seen


def test_three_nodes_reach_each_other_and_keep_policies(provider: embedded.EmbeddedProvider) -> None:
    """Pods across nodes, by address and by Service, and a policy that is enforced on the target's node."""
    cluster = provider.up(ClusterSpec(NAME, nodes=3), Progress())
    kube = Kube.of(cluster)
    workloads.prepare(kube)
    pods = [workloads.start(kube, f"on-{node[-1]}", node=node) for node in cluster.nodes]
    kube.apply(workloads.service(pods[2]))
    service = kube.get("Service", pods[2], workloads.NAMESPACE)
    assert service is not None

    def seen(client: str, target: str) -> str:
        return workloads.fetch(kube, client, workloads.address(kube, target))

    assert [workloads.node_of(kube, pod) for pod in pods] == list(cluster.nodes)
    assert len({node["metadata"]["labels"]["topology.kubernetes.io/zone"] for node in kube.list("Node")}) == 3
    for client in pods:
        for target in pods:
            assert seen(client, target) == target
        eventually(
            f"{client} reaches the Service",
            lambda client=client: workloads.fetch(kube, client, service["spec"]["clusterIP"], 80),
            until=lambda text: text == pods[2],
            within=20,
        )
    kube.apply(workloads.deny_all(pods[2]))
    eventually("a denied pair on two nodes has lost its way", lambda: not seen(pods[0], pods[2]), within=30)
    assert seen(pods[0], pods[1]) == pods[1]


def test_a_cluster_grows_and_does_not_shrink(provider: embedded.EmbeddedProvider) -> None:
    provider.up(ClusterSpec(NAME), Progress())

    grown = provider.up(ClusterSpec(NAME, nodes=2), Progress())

    assert provider.health(grown).problems == ()
    assert len(grown.nodes) == 2
    with pytest.raises(ClusterError):
        provider.up(ClusterSpec(NAME, nodes=1), Progress())


def interrupt_after(monkeypatch: pytest.MonkeyPatch, title: str) -> None:
    def interrupt(_boot: Boot, _within: float) -> None:
        raise KeyboardInterrupt

    steps = list(STEPS)
    at = next(number for number, step in enumerate(steps) if step.title == title)
    monkeypatch.setattr(embedded, "STEPS", (*steps[: at + 1], Step("interruption", 1, interrupt)))

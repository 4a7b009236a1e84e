"""The embedded provider: what `ClusterProvider` promises, by way of this package's other modules."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ethinfra.cluster.embedded import cgroups as control_groups
from ethinfra.cluster.embedded import collect, containers, disk, health, images, mirror, preflight
from ethinfra.cluster.embedded.plan import CONTROL, MAX_NODES, ClusterPlan, cluster_id, load_plan
from ethinfra.cluster.embedded.slots import cluster_lock, free_slot, machine_lock, range_of
from ethinfra.cluster.embedded.spaces import Space, find_space
from ethinfra.cluster.embedded.steps import STEPS, Boot, this_machine
from ethinfra.cluster.embedded.teardown import tear_down
from ethinfra.cluster.provider import Capability, Cluster, ClusterSpec, Health, Mirror
from ethinfra.errors import BadInput, ClusterError, MissingCapability
from ethinfra.images import node_archives
from ethinfra.process import Completed
from ethinfra.progress import Progress
from ethinfra.toolchain import tool

_CAPABILITIES = frozenset(
    {
        Capability.DISRUPTIVE,
        Capability.NETWORK_POLICY,
        Capability.REGISTRY_MIRROR,
        Capability.FREEZE_PROCESS,
        Capability.NODE_SHELL,
        Capability.DYNAMIC_VOLUMES,
    }
)


class EmbeddedProvider:
    """Boots upstream Kubernetes on this machine; see the package's docstring."""

    name = "embedded"

    def check(self, spec: ClusterSpec) -> list[str]:
        """See `ClusterProvider.check`."""
        identity = cluster_id(spec.name)
        # Who is not root may not look at the plan, and will be told so.
        return preflight.not_root() or preflight.obstacles(spec.nodes, room=load_plan(identity) is None)

    def up(self, spec: ClusterSpec, progress: Progress) -> Cluster:
        """See `ClusterProvider.up`. A running cluster that is asked for more nodes gets them; for fewer, refuses."""
        identity = cluster_id(spec.name)
        if not 1 <= spec.nodes <= MAX_NODES:
            raise BadInput(f"{spec.nodes} nodes", expected=f"1 to {MAX_NODES}")
        if spec.address_range:
            range_of(spec.address_range)
        with progress.step("this machine"):
            found = self.check(spec)
            if found:
                raise MissingCapability(
                    "this machine cannot run a cluster", seen="\n".join(found), todo="mend the above"
                )
        groups = control_groups.detect()
        with cluster_lock(identity):
            plan = _decide(identity, spec, progress)
            boot = Boot(plan, groups, this_machine(groups.version), tool, node_archives)
            try:
                for step in STEPS:
                    with progress.step(step.title, within=step.within):
                        step.run(boot, step.within)
            finally:
                boot.workers.shutdown(wait=False, cancel_futures=True)
        return _cluster(plan)

    def find(self, name: str) -> Cluster | None:
        """See `ClusterProvider.find`."""
        plan = load_plan(cluster_id(name))
        return _cluster(plan) if plan else None

    def health(self, cluster: Cluster) -> Health:
        """See `ClusterProvider.health`."""
        return health.health(_plan(cluster), control_groups.detect())

    def down(self, name: str, progress: Progress) -> None:
        """See `ClusterProvider.down`."""
        identity = cluster_id(name)
        if refused := preflight.not_root():
            raise MissingCapability(f"cluster {identity} cannot be removed", seen=refused[0])
        tear_down(identity, control_groups.detect(), progress)

    def collect(self, cluster: Cluster, into: Path, since: float) -> None:
        """See `ClusterProvider.collect`."""
        plan = _plan(cluster)
        collect.collect(plan, _spaces(plan, CONTROL, *cluster.nodes), into, since)

    def load_image(self, cluster: Cluster, archive: Path) -> None:
        """See `ClusterProvider.load_image`."""
        for space in _spaces(_plan(cluster), *cluster.nodes):
            images.import_images(space, tool("ctr"), [archive])

    def configure_mirror(self, cluster: Cluster, mirror_: Mirror) -> None:
        """See `ClusterProvider.configure_mirror`."""
        plan = _plan(cluster)
        mirror.configure_mirror(plan, _spaces(plan, *cluster.nodes), mirror_)

    def signal_container(self, cluster: Cluster, namespace: str, pod: str, container: str, signal: int) -> None:
        """See `ClusterProvider.signal_container`."""
        plan = _plan(cluster)
        containers.signal_container(plan, control_groups.detect(), namespace, pod, container, signal)

    def run_on_node(self, cluster: Cluster, node: str, argv: Sequence[str], *, within: float = 30) -> Completed:
        """See `ClusterProvider.run_on_node`."""
        return _spaces(_plan(cluster), node)[0].run(argv, within=within, check=False)


def _decide(identity: str, spec: ClusterSpec, progress: Progress) -> ClusterPlan:
    """The plan of a cluster: the one that it has, or a new one with a range of addresses that nobody uses."""
    with machine_lock():
        plan = load_plan(identity)
        if plan is None:
            slot, passed = free_slot(range_of(spec.address_range) if spec.address_range else None)
            for sentence in passed:
                progress.note(f"{sentence}; taking another")
            plan = ClusterPlan(identity, spec.name, slot, spec.nodes)
        elif spec.address_range and range_of(spec.address_range) != plan.network:
            raise ClusterError(
                f"cluster {identity} has the range {plan.network}",
                expected=spec.address_range,
                todo=f"a range is for life; remove it first: ethinfra down --name {plan.name}",
            )
        elif spec.nodes < plan.node_count:
            raise ClusterError(
                f"cluster {identity} has {plan.node_count} nodes",
                expected=f"{spec.nodes}",
                todo=f"a cluster only grows; remove it first: ethinfra down --name {plan.name}",
            )
        else:
            plan = ClusterPlan(identity, plan.name, plan.slot, spec.nodes)
        plan.save()
    return plan


def _cluster(plan: ClusterPlan) -> Cluster:
    capabilities = _CAPABILITIES | ({Capability.MULTI_NODE} if plan.node_count > 1 else set())
    if all(disk.shares_blocks(plan.node_dir(node)) for node in plan.nodes):
        capabilities |= {Capability.REFLINK}
    nodes = tuple(node.name for node in plan.nodes)
    return Cluster(plan.name, EmbeddedProvider.name, plan.kubeconfig, plan.id, frozenset(capabilities), True, nodes)


def _plan(cluster: Cluster) -> ClusterPlan:
    plan = load_plan(cluster_id(cluster.name))
    if plan is None:
        raise ClusterError(f"cluster {cluster.name} does not exist", todo="ethinfra up")
    return plan


def _spaces(plan: ClusterPlan, *names: str) -> list[Space]:
    """Spaces by name; ClusterError if one is not there."""
    groups = control_groups.detect()
    found = [find_space(groups, plan.cgroup_of_space(name), name) for name in names]
    missing = [name for name, space in zip(names, found, strict=True) if space is None]
    if missing:
        raise ClusterError(f"cluster {plan.id}: {', '.join(missing)} not running", todo="ethinfra up makes it again")
    return [space for space in found if space is not None]

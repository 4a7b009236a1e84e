"""The provider interface. Its comments are the contract; `tests/cluster/contract.py` tries each promise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from ethinfra.process import Completed
from ethinfra.progress import Progress


class Capability(StrEnum):
    """What a cluster can do beyond running pods. Scenarios name what they need; a missing one is NOT_APPLICABLE."""

    #: More than one Kubernetes node.
    MULTI_NODE = "multi-node"
    #: Scenarios may break things here.
    DISRUPTIVE = "disruptive"
    #: Network policies are enforced.
    NETWORK_POLICY = "network-policy"
    #: Nodes pull from image registries outside the cluster.
    CAN_PULL_IMAGES = "can-pull-images"
    #: The provider can point its nodes at the cluster's own registry (`configure_mirror`).
    REGISTRY_MIRROR = "registry-mirror"
    #: A container's processes can be stopped and continued from outside (`signal_container`).
    FREEZE_PROCESS = "freeze-process"
    #: Commands can be run on a node, beside its pods (`run_on_node`).
    NODE_SHELL = "node-shell"
    #: Claims of the class `local` get volumes by themselves.
    DYNAMIC_VOLUMES = "dynamic-volumes"
    #: Volumes of the class `local` are on file systems that can share blocks between files (reflink).
    REFLINK = "reflink"
    #: A full volume does not fill its node.
    VOLUME_LIMITS = "volume-limits"
    #: Services of type LoadBalancer get an address.
    LOAD_BALANCER = "load-balancer"


@dataclass(frozen=True)
class ClusterSpec:
    """What is wanted. `name` is unique within a checkout; two checkouts may use the same name side by side."""

    name: str
    nodes: int = 1
    #: Seconds for the whole boot.
    within: float = 180
    #: An IPv4 /16 for everything in the cluster, for providers that choose one; empty: any that is free.
    address_range: str = ""


@dataclass(frozen=True)
class Health:
    """A readiness report: one line per component, `problems` empty when all is well."""

    components: dict[str, str]
    problems: tuple[str, ...] = ()

    @property
    def healthy(self) -> bool:
        return not self.problems


@dataclass(frozen=True)
class Mirror:
    """The cluster's own registry, as its nodes should use it.

    host:      name in the registry's certificate
    address:   IPv4 address that nodes reach it at (its Service's cluster IP)
    port:      TCP port
    ca_pem:    certificate of the authority that signed the registry's
    username, password: the pull account
    upstreams: image registries (docker.io, …) that the mirror holds, each under a path of its own name
    """

    host: str
    address: str
    port: int
    ca_pem: str
    username: str
    password: str = field(repr=False)
    upstreams: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cluster:
    """A cluster that exists, healthy or not.

    kubeconfig: a file of the operator's rights; context: the context in it to use
    owned:      this project booted it, so it may also remove it
    """

    name: str
    provider: str
    kubeconfig: Path
    context: str
    capabilities: frozenset[str]
    owned: bool
    nodes: tuple[str, ...] = ()


class ClusterProvider(Protocol):
    """A place where the layers can run. Keeps nothing in memory that it cannot read back."""

    name: str

    def check(self, spec: ClusterSpec) -> list[str]:
        """What stands in the way of `up` on this machine, one sentence each with what to do; empty if nothing."""
        ...

    def up(self, spec: ClusterSpec, progress: Progress) -> Cluster:
        """Return once the nodes are Ready and DNS answers. Run again, it starts only what is missing."""
        ...

    def find(self, name: str) -> Cluster | None:
        """The cluster of that name, healthy or not; None if there is none."""
        ...

    def health(self, cluster: Cluster) -> Health:
        """Look at every component, now."""
        ...

    def down(self, name: str, progress: Progress) -> None:
        """Leave no process, mount, namespace, link, control group, rule or file. From any state; repeating it is fine.

        A cluster that this project did not boot is left as it is.
        """
        ...

    def collect(self, cluster: Cluster, into: Path, since: float) -> None:
        """Write component logs since a time (seconds since the epoch), for a report; note what cannot be read."""
        ...

    def load_image(self, cluster: Cluster, archive: Path) -> None:
        """Put an OCI archive into the image store of every node. Needs nothing but the nodes' container runtime."""
        ...

    def configure_mirror(self, cluster: Cluster, mirror: Mirror) -> None:
        """Make every node pull the mirror's upstreams through it (REGISTRY_MIRROR). Repeating it changes nothing."""
        ...

    def signal_container(self, cluster: Cluster, namespace: str, pod: str, container: str, signal: int) -> None:
        """Send a signal to every process of a container, from outside it (FREEZE_PROCESS)."""
        ...

    def run_on_node(self, cluster: Cluster, node: str, argv: Sequence[str], *, within: float = 30) -> Completed:
        """Run a command in a node's network and file system; a failing one is returned, not raised (NODE_SHELL)."""
        ...

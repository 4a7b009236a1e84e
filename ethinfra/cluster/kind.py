"""Kubernetes in Docker, where both run: a way to try the layers on a laptop. Thin: `kind` does the work."""

# ruff: noqa: ARG002 -- arguments are those of the interface, needed or not

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from ethinfra.cluster.context import ContextProvider
from ethinfra.cluster.embedded.plan import cluster_id, write_atomically
from ethinfra.cluster.provider import Capability, Cluster, ClusterSpec, Health, Mirror
from ethinfra.environment import Environment, Pin
from ethinfra.errors import ClusterError, MissingCapability
from ethinfra.paths import cache_dir
from ethinfra.process import Completed, run
from ethinfra.progress import Progress

_CAPABILITIES = frozenset(
    {Capability.DISRUPTIVE, Capability.NETWORK_POLICY, Capability.DYNAMIC_VOLUMES, Capability.CAN_PULL_IMAGES}
)


class KindProvider:
    """Boots a cluster with `kind`; its nodes are containers of Docker."""

    name = "kind"

    def check(self, spec: ClusterSpec) -> list[str]:
        """See `ClusterProvider.check`."""
        missing = [program for program in ("kind", "docker") if shutil.which(program) is None]
        if missing:
            return [f"{program} is not on PATH; install it, or use --cluster embedded" for program in missing]
        done = run(["docker", "info", "--format", "{{.ServerVersion}}"], check=False)
        return [] if done.ok else [f"Docker does not answer: {done.stderr or done.stdout}; start it"]

    def up(self, spec: ClusterSpec, progress: Progress) -> Cluster:
        """See `ClusterProvider.up`."""
        found = self.find(spec.name)
        if found is not None:
            return found
        obstacles = self.check(spec)
        if obstacles:
            raise MissingCapability("kind cannot run here", seen="\n".join(obstacles), todo="mend the above")
        identity = cluster_id(spec.name)
        roles = ["control-plane", *["worker"] * (spec.nodes - 1)]
        nodes = [{"role": role} for role in roles]
        config = {"kind": "Cluster", "apiVersion": "kind.x-k8s.io/v1alpha4", "nodes": nodes}
        file = _kubeconfig(identity)
        file.parent.mkdir(parents=True, exist_ok=True)
        with progress.step(f"kind cluster {identity}", within=spec.within):
            command: list[str | Path] = ["kind", "create", "cluster", "--name", identity, "--config", "-"]
            command += ["--kubeconfig", file, "--wait", f"{spec.within:.0f}s"]
            run(command, stdin=json.dumps(config), within=spec.within + 30)
        made = self.find(spec.name)
        if made is None:
            raise ClusterError(f"kind cluster {identity} was made and is not listed", todo="kind get clusters")
        return made

    def find(self, name: str) -> Cluster | None:
        """See `ClusterProvider.find`."""
        identity = cluster_id(name)
        if shutil.which("kind") is None or identity not in run(["kind", "get", "clusters"]).stdout.split():
            return None
        nodes = tuple(sorted(run(["kind", "get", "nodes", "--name", identity]).stdout.split()))
        write_atomically(_kubeconfig(identity), run(["kind", "get", "kubeconfig", "--name", identity]).stdout)
        capabilities = _CAPABILITIES | ({Capability.MULTI_NODE} if len(nodes) > 1 else set())
        return Cluster(name, self.name, _kubeconfig(identity), f"kind-{identity}", frozenset(capabilities), True, nodes)

    def health(self, cluster: Cluster) -> Health:
        """See `ClusterProvider.health`."""
        return _as_context(cluster).health(cluster)

    def down(self, name: str, progress: Progress) -> None:
        """See `ClusterProvider.down`."""
        identity = cluster_id(name)
        if shutil.which("kind"):
            with progress.step(f"kind cluster {identity}", within=120):
                run(["kind", "delete", "cluster", "--name", identity], within=120)
        _kubeconfig(identity).unlink(missing_ok=True)

    def collect(self, cluster: Cluster, into: Path, since: float) -> None:
        """See `ClusterProvider.collect`. kind exports whole logs; `since` bounds nothing."""
        into.mkdir(parents=True, exist_ok=True)
        run(["kind", "export", "logs", into, "--name", cluster_id(cluster.name)], within=120)

    def load_image(self, cluster: Cluster, archive: Path) -> None:
        """See `ClusterProvider.load_image`."""
        run(["kind", "load", "image-archive", archive, "--name", cluster_id(cluster.name)], within=300)

    def configure_mirror(self, cluster: Cluster, mirror: Mirror) -> None:
        """MissingCapability: kind's nodes get their mirrors when they are made."""
        raise MissingCapability("a kind cluster cannot be pointed at a mirror after it was made", todo="use embedded")

    def signal_container(self, cluster: Cluster, namespace: str, pod: str, container: str, signal: int) -> None:
        """MissingCapability."""
        raise MissingCapability("processes of a kind cluster cannot be signalled from outside", todo="use embedded")

    def run_on_node(self, cluster: Cluster, node: str, argv: Sequence[str], *, within: float = 30) -> Completed:
        """MissingCapability."""
        raise MissingCapability("commands cannot be run on the nodes of a kind cluster", todo="use embedded")


def _kubeconfig(identity: str) -> Path:
    return cache_dir() / "kind" / f"{identity}.kubeconfig"


def _as_context(cluster: Cluster) -> ContextProvider:
    """Its nodes and DNS are asked for as those of any cluster."""
    only = Environment(cluster.name, "context", 1, (cluster.context,), (), "", Pin.TAG, frozenset(), {}, {})
    return ContextProvider(only, cluster.context, cluster.kubeconfig)

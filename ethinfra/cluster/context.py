"""An existing cluster, by a context of the operator's kubeconfig that the environment allows.

The allow-list is looked at before the first request: a context that is merely current in somebody's kubeconfig is
never touched by accident. Nothing here boots or removes anything.
"""

# ruff: noqa: ARG002 -- arguments are those of the interface, needed or not

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from ethinfra.cluster.provider import Capability, Cluster, ClusterSpec, Health, Mirror
from ethinfra.environment import Environment
from ethinfra.errors import BadInput, ClusterError, EthinfraError, MissingCapability
from ethinfra.process import Completed
from ethinfra.progress import Progress


class ContextProvider:
    """Finds a cluster through a kubeconfig; see the module's docstring."""

    name = "context"

    def __init__(self, environment: Environment, context: str = "", kubeconfig: Path | None = None) -> None:
        """
        context:    one of the environment's; without it, the only one, or the kubeconfig's current one if it is allowed
        kubeconfig: the file; without it, the first of KUBECONFIG, or ~/.kube/config
        """
        self._environment = environment
        self._context = self._allowed(context) if context else ""
        self._kubeconfig = kubeconfig

    def check(self, spec: ClusterSpec) -> list[str]:
        """See `ClusterProvider.check`; asks only the kubeconfig."""
        try:
            cluster = self.find(spec.name)
        except BadInput as reason:
            return [str(reason)]
        return [] if cluster else [str(self.absent())]

    def up(self, spec: ClusterSpec, progress: Progress) -> Cluster:
        """See `ClusterProvider.up`. Boots nothing: ClusterError if the cluster is not there or not healthy."""
        cluster = self.find(spec.name)
        if cluster is None:
            raise self.absent()
        with progress.step(f"context {cluster.context}"):
            problems = self.health(cluster).problems
        if problems:
            raise ClusterError(
                f"context {cluster.context} is not healthy",
                expected="an API that answers, nodes that are Ready, and DNS with endpoints",
                seen="\n".join(problems),
                todo=f"kubectl --kubeconfig {cluster.kubeconfig} --context {cluster.context} get nodes",
            )
        return cluster

    def find(self, name: str) -> Cluster | None:
        """See `ClusterProvider.find`; sends nothing. BadInput for a context that is not allowed or does not exist."""
        file = self._file()
        if not file.exists():
            return None
        known = _read(file)
        context = self._context or self._choose(known.get("current-context") or "")
        contexts = [one["name"] for one in known.get("contexts") or []]
        if context not in contexts:
            raise BadInput(
                f"context {context!r} is not in {file}",
                expected=f"one of: {', '.join(contexts) or '(none)'}",
                todo="set KUBECONFIG to the file that has it, or rename one: kubectl config rename-context OLD NEW",
            )
        capabilities = self._environment.capabilities & {str(one) for one in Capability}
        return Cluster(name, self.name, file, context, frozenset(capabilities), owned=False)

    def health(self, cluster: Cluster) -> Health:
        """See `ClusterProvider.health`: nodes and DNS, which is what any cluster shows."""
        from ethinfra.kube import Kube

        lines: dict[str, str] = {}
        problems: list[str] = []
        try:
            kube = Kube.of(cluster)
            for node in kube.list("Node"):
                ready = any(c["type"] == "Ready" and c["status"] == "True" for c in node["status"]["conditions"])
                lines[f"node {node['metadata']['name']}"] = "Ready" if ready else "not Ready"
            slices = kube.list("EndpointSlice", "kube-system", labels="kubernetes.io/service-name=kube-dns")
            endpoints = [one for found in slices for one in found.get("endpoints") or []]
            answers = any(one.get("conditions", {}).get("ready") for one in endpoints)
            lines["cluster DNS"] = "has endpoints" if answers else "has no endpoints"
        # The client's own exceptions are of many kinds, and each of them means the same here.
        except Exception as reason:
            lines["API"] = str(reason).strip()
            problems.append(f"API: {lines['API']}")
        problems += [f"{name}: {seen}" for name, seen in lines.items() if seen.startswith(("not", "has no"))]
        return Health(lines, tuple(problems))

    def down(self, name: str, progress: Progress) -> None:
        """See `ClusterProvider.down`: such a cluster is left as it is."""
        progress.note(f"cluster {name} was not booted by this project and is left as it is")

    def collect(self, cluster: Cluster, into: Path, since: float) -> None:
        """See `ClusterProvider.collect`: component logs are not within reach of a kubeconfig."""
        into.mkdir(parents=True, exist_ok=True)
        note = f"logs of the components of context {cluster.context} cannot be read with a kubeconfig\n"
        (into / "unread.txt").write_text(note)

    def load_image(self, cluster: Cluster, archive: Path) -> None:
        """MissingCapability."""
        raise self._out_of_reach("image stores of the nodes")

    def configure_mirror(self, cluster: Cluster, mirror: Mirror) -> None:
        """MissingCapability."""
        raise self._out_of_reach("container runtimes of the nodes")

    def signal_container(self, cluster: Cluster, namespace: str, pod: str, container: str, signal: int) -> None:
        """MissingCapability."""
        raise self._out_of_reach("processes of the nodes")

    def run_on_node(self, cluster: Cluster, node: str, argv: Sequence[str], *, within: float = 30) -> Completed:
        """MissingCapability."""
        raise self._out_of_reach("the nodes")

    def absent(self) -> ClusterError:
        """What to say where `find` returns None."""
        wanted = self._context or " or ".join(self._environment.contexts)
        return ClusterError(
            f"there is no kubeconfig at {self._file()}",
            expected=f"one with the context {wanted}",
            todo="set KUBECONFIG=/path/to/it",
        )

    def _out_of_reach(self, what: str) -> EthinfraError:
        return MissingCapability(f"{what} are out of reach in a cluster that this project did not boot")

    def _file(self) -> Path:
        if self._kubeconfig:
            return self._kubeconfig
        configured = os.environ.get("KUBECONFIG", "").split(os.pathsep)[0]
        return Path(configured) if configured else Path.home() / ".kube" / "config"

    def _choose(self, current: str) -> str:
        allowed = self._environment.contexts
        return self._allowed(allowed[0] if len(allowed) == 1 else current)

    def _allowed(self, wanted: str) -> str:
        """BadInput if a context is not one that the environment allows."""
        allowed = self._environment.contexts
        if wanted not in allowed:
            raise BadInput(
                f"context {wanted!r} is not one that environment {self._environment.name} may touch",
                expected=f"one of: {', '.join(allowed) or '(none)'}",
                seen="nothing was sent",
                todo=f"add it to cluster.contexts in environments/{self._environment.name}.yaml if it really is",
            )
        return wanted


def _read(file: Path) -> dict[str, Any]:
    try:
        known = yaml.safe_load(file.read_text()) or {}
    except (OSError, ValueError, yaml.YAMLError) as reason:
        todo = "mend it, or set KUBECONFIG to another"
        raise BadInput(f"kubeconfig {file} cannot be read", seen=str(reason), todo=todo) from reason
    if not isinstance(known, dict):
        raise BadInput(f"{file} is not a kubeconfig", seen=type(known).__name__, todo="set KUBECONFIG to one")
    return known

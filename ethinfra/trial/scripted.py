"""A scripted node in the chart's own pod: it tells the lies that the node probe must see through."""

from __future__ import annotations

from pathlib import Path

from ethinfra.chain.discovery import DeployedNode, find_nodes
from ethinfra.cluster.provider import Cluster
from ethinfra.deploy import install_release, uninstall_release
from ethinfra.deploy.release import Values
from ethinfra.errors import ChainError
from ethinfra.kube import Kube
from ethinfra.paths import ROOT
from ethinfra.probe.testing.lies import HONEST, LIES, Lie
from ethinfra.trial.services import must_be_in_service
from ethinfra.waiting import eventually

CHART = ROOT / "charts" / "ethereum-infrastructure"
#: On the pod's loopback: reached by a port-forward and by nothing else.
CONTROL_PORT = 9600


class ScriptedNode:
    """One release of the chart whose client is a script. Several of different names live side by side."""

    def __init__(self, cluster: Cluster, kube: Kube, namespace: str, name: str, client: Path) -> None:
        """client: a file in the shape of values/clients that describes the script."""
        self._cluster = cluster
        self._kube = kube
        self._client = client
        self._node: DeployedNode | None = None
        self.namespace = namespace
        self.name = name

    @property
    def pod(self) -> str:
        return f"{self.name}-0"

    @property
    def service(self) -> str:
        return f"{self.name}-rpc"

    @property
    def node(self) -> DeployedNode:
        """The node as any other; ChainError while its pod does not run."""
        if self._node is None:
            labels = f"app.kubernetes.io/instance={self.name}"
            found = find_nodes(self._kube, self.namespace, labels=labels)
            if not found:
                raise ChainError(f"the pod of scripted node {self.name} does not run")
            self._node = found[0]
        return self._node

    def install(self, *, within: float) -> None:
        """Install it, and return once it is in service as an honest node."""
        values: list[Path | Values] = [self._client, {"sync": {"nodes": [{"name": self.name}]}}]
        install_release(self._cluster, self.name, CHART, values, self.namespace)
        must_be_in_service(self._kube, self.namespace, self.service, self.pod, within=within)

    def uninstall(self) -> None:
        """Remove it with its volumes."""
        if self._node is not None:
            self._node.close()
        uninstall_release(self._cluster, self.name, self.namespace)

    def tell(self, what: str) -> Lie:
        """Start telling a lie, by the words of `ethinfra.probe.testing.lies`; ChainError if there is no such lie."""
        for lie in LIES.values():
            if lie.tells == what:
                answer = self.node.link(CONTROL_PORT).send("POST", f"/lie/{lie.name}")
                if answer.status != 200:
                    raise ChainError(f"scripted node {self.name}", expected=f"tells {lie.name}", seen=str(answer))
                return lie
        raise ChainError(f"no lie {what!r}", expected="; ".join(lie.tells for lie in LIES.values()))

    def be_honest(self) -> None:
        """Answer correctly again."""
        self.tell(HONEST.tells)

    def must_be_judged(self, code: str, *, within: float) -> None:
        """The probe refuses traffic for this reason within so many seconds."""
        eventually(
            f"the probe of {self.pod} says {code}",
            self.node.verdict,
            until=lambda verdict: verdict.code == code,
            within=within,
            hint=f"kubectl -n {self.namespace} logs {self.pod} -c probe",
        )

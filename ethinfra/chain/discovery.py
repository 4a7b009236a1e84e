"""Finds the nodes of a deployment by the chart's labels, and their ports by the names of container ports."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from ethinfra.chain.link import REQUEST, PodLink
from ethinfra.chain.node import Node
from ethinfra.clients import Program, find_program
from ethinfra.errors import ChainError
from ethinfra.kube import Kube, Object

#: The chart's label for what a node is there for: sync, validators.
ROLE = "ethinfra.io/role"
#: The chart's label for the StatefulSet, and so for the Services, that a node belongs to.
COMPONENT = "app.kubernetes.io/name"
#: The chart's label for the execution client.
CLIENT = "ethinfra.io/client"
#: Where the chart puts geth's administration socket (`--ipcpath`).
IPC = "/tmp/geth.ipc"  # noqa: S108 - a path inside the container


@dataclass(frozen=True)
class Peer:
    """An execution peer. node_id: 128 hex digits, as in its enode address. address: `ip:port` as this node sees it."""

    node_id: str
    address: str
    inbound: bool


class DeployedNode(Node):
    """A node in a pod. It outlives the pod: after a restart under the same name it is the same node."""

    def __init__(
        self,
        kube: Kube,
        namespace: str,
        pod: str,
        ports: dict[str, int],
        labels: dict[str, str],
        *,
        request: float = REQUEST,
        execution: Program | None = None,
    ) -> None:
        """execution: what is known of its execution client, where the client table does not say it"""

        def link(name: str) -> PodLink:
            return PodLink(kube, namespace, pod, ports[name], name=f"{pod} {name}", within=request)

        super().__init__(
            pod,
            link("rpc"),
            link("beacon"),
            link("probe") if "probe" in ports else None,
            look_at=f"kubectl -n {namespace} logs {pod} -c execution --since=5m",
        )
        self.kube = kube
        self.namespace = namespace
        self.pod = pod
        self.ports = ports
        self.component = labels.get(COMPONENT, "")
        self.client = labels.get(CLIENT, "")
        self._execution = execution

    @property
    def execution(self) -> Program:
        """What is known of its execution client. BadInput for a client that has no file."""
        return self._execution or find_program(self.client, "execution")

    @property
    def rpc_service(self) -> str:
        """Name of the Service that leads to its RPC."""
        return f"{self.component}-rpc"

    def differing_fields(self, method: str) -> frozenset[str]:
        return self.execution.differing_fields(method)

    def link(self, port: int, *, within: float = REQUEST) -> PodLink:
        """To another port of the pod, one on its loopback included: the forward ends inside the pod's network."""
        return PodLink(self.kube, self.namespace, self.pod, port, name=f"{self.pod}:{port}", within=within)

    def console(self, expression: str) -> Any:
        """The value of an expression in geth's console, for what its RPC does not offer to others."""
        printed = self.kube.exec(
            self.namespace, self.pod, "execution",
            # The console makes its data directory, and the image's root is read-only.
            "geth", "attach", "--datadir=/tmp", "--exec", f"JSON.stringify({expression})", IPC,
        ).stdout  # fmt: skip
        try:
            return json.loads(json.loads(printed.splitlines()[-1]))
        except (ValueError, TypeError, IndexError) as reason:
            raise ChainError(f"{self.pod}: console, {expression}", expected="JSON", seen=printed[:200]) from reason

    def metrics(self) -> dict[str, float]:
        """Samples of its execution client, by name with labels."""
        path = self.execution.metrics_path
        answer = self.link(self.ports["metrics"]).send("GET", path)
        if answer.status != 200:
            raise ChainError(f"{self.pod}: {path}", expected="HTTP 200", seen=f"HTTP {answer.status}")
        return samples(answer.body.decode())

    def node_id(self) -> str:
        """Its own id on the devp2p network, 128 hex digits."""
        return enode_id(self.console("admin.nodeInfo.enode"))

    def execution_peers(self) -> tuple[Peer, ...]:
        """The execution client's peers, by devp2p. Only of clients that can tell them (capability `admin-peers`)."""
        return tuple(
            Peer(enode_id(one["enode"]), one["network"]["remoteAddress"], one["network"]["inbound"])
            for one in self.console("admin.peers")
        )


def enode_id(address: str) -> str:
    """The id in `enode://<id>@…`."""
    scheme, _, rest = address.partition("://")
    found = rest.partition("@")[0]
    if scheme != "enode" or len(found) != 128:
        raise ChainError(f"{address!r} is no enode address")
    return found


def values_of(series: str, samples: dict[str, float]) -> list[float]:
    """The values of a series: of one sample if it is named with labels, else of all that have the name."""
    return [value for name, value in samples.items() if series in (name, name.partition("{")[0])]


def samples(page: str) -> dict[str, float]:
    """Prometheus text as a map."""
    lines = (line.rpartition(" ") for line in page.splitlines() if line and not line.startswith("#"))
    return {name: float(value) for name, _, value in lines}


def find_nodes(
    kube: Kube,
    namespace: str,
    *,
    role: str | None = None,
    labels: str = "",
    request: float = REQUEST,
    execution: Program | None = None,
) -> list[DeployedNode]:
    """The nodes whose pods run, by name. role: sync or validators, None for all; labels: a further selector.

    request: seconds for one question to them
    execution: what is known of their execution client, where the client table does not say it
    """
    selector = ",".join(part for part in (f"{ROLE}={role}" if role else ROLE, labels) if part)
    pods = [pod for pod in kube.list("Pod", namespace, labels=selector) if _is_node(pod)]
    return [
        DeployedNode(
            kube,
            namespace,
            pod["metadata"]["name"],
            port_numbers(pod),
            pod["metadata"]["labels"],
            request=request,
            execution=execution,
        )
        for pod in sorted(pods, key=lambda pod: pod["metadata"]["name"])
    ]


def port_numbers(pod: Object) -> dict[str, int]:
    """Container ports by name, over all containers of a pod."""
    return {
        port["name"]: port["containerPort"]
        for container in pod["spec"]["containers"]
        for port in container.get("ports") or []
        if port.get("name")
    }


def _is_node(pod: Object) -> bool:
    going = bool(pod["metadata"].get("deletionTimestamp"))
    return pod["status"].get("phase") == "Running" and not going and {"rpc", "beacon"} <= set(port_numbers(pod))

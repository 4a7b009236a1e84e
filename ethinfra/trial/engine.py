"""Whether the Engine API and its secret stay inside the pod."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Iterable

from ethinfra.chain.discovery import DeployedNode
from ethinfra.chain.engine import EngineDoor, knock
from ethinfra.cluster.provider import Cluster, ClusterProvider
from ethinfra.errors import ChainError
from ethinfra.kube import Kube, Object
from ethinfra.redact import redact
from ethinfra.trial.pods import TrialPod
from ethinfra.trial.reach import must_not_reach

#: The specification's port of the Engine API, which every client table entry keeps.
ENGINE_PORT = 8551

_LISTENERS = """
import socket, struct
for name, family in (("tcp", socket.AF_INET), ("tcp6", socket.AF_INET6)):
    try:
        lines = open(f"/proc/net/{name}").read().splitlines()[1:]
    except FileNotFoundError:
        continue
    for line in lines:
        local, state = line.split()[1], line.split()[3]
        if state == "0A":
            address, port = local.split(":")
            raw = b"".join(struct.pack("<I", int(address[i:i + 8], 16)) for i in range(0, len(address), 8))
            print(socket.inet_ntop(family, raw), int(port, 16))
"""


def listeners(node: DeployedNode) -> set[tuple[str, int]]:
    """Addresses and ports on which the pod's containers accept TCP connections."""
    printed = node.kube.exec(node.namespace, node.pod, "probe", "python3", "-c", _LISTENERS).stdout
    return {(address, int(port)) for address, port in (line.split() for line in printed.splitlines())}


def must_not_listen_outside(node: DeployedNode) -> None:
    """The Engine API listens on the pod's loopback and nowhere else."""
    addresses = {address for address, port in listeners(node) if port == ENGINE_PORT}
    if addresses != {"127.0.0.1"}:
        raise ChainError(f"{node.name}: Engine API", expected="listens on 127.0.0.1", seen=f"{sorted(addresses)}")


def must_ask_for_token(node: DeployedNode) -> None:
    """Inside the pod the Engine API answers, and refuses whoever has no token."""
    found = knock(node.link(ENGINE_PORT))
    if found is not EngineDoor.ASKS_FOR_TOKEN:
        raise ChainError(f"{node.name}: Engine API without a token", expected="asks for a token", seen=found.value)


def must_be_closed_to(node: DeployedNode, sources: Iterable[TrialPod], *, within: float) -> None:
    """No source connects to the Engine port of the pod's address."""
    for source in sources:
        must_not_reach(source, pod_address(node), ENGINE_PORT, within=within)


def must_be_closed_to_its_kubernetes_node(provider: ClusterProvider, cluster: Cluster, node: DeployedNode) -> None:
    """The Kubernetes node of the pod does not connect to the Engine port, though it connects to the probe's.

    It is the one that policies let in, for the kubelet's probes.
    """
    pod = node.kube.get("Pod", node.pod, node.namespace) or {}
    address, machine = pod["status"]["podIP"], pod["spec"]["nodeName"]
    tries = {
        port: provider.run_on_node(
            cluster, machine, ["timeout", "3", "bash", "-c", f"exec 3<>/dev/tcp/{address}/{port}"]
        ).ok
        for port in (ENGINE_PORT, node.ports["probe"])
    }
    if tries != {ENGINE_PORT: False, node.ports["probe"]: True}:
        raise ChainError(
            f"{node.name} as Kubernetes node {machine} reaches it",
            expected=f"the probe's port {node.ports['probe']} and not the Engine port {ENGINE_PORT}",
            seen=", ".join(f"{port}: {'open' if is_open else 'closed'}" for port, is_open in tries.items()),
        )


def services_to_engine(kube: Kube, namespace: str) -> list[str]:
    """Services with a port that leads to the Engine API."""
    return [
        service["metadata"]["name"]
        for service in kube.list("Service", namespace)
        for port in service["spec"].get("ports", [])
        if ENGINE_PORT in (port["port"], port.get("targetPort")) or port.get("targetPort") == "engine"
    ]


def jwt_secret(provider: ClusterProvider, cluster: Cluster, node: DeployedNode) -> str:
    """The secret of a node's pod, read from its Kubernetes node; it must be in memory. Registered with the redactor."""
    pod = node.kube.get("Pod", node.pod, node.namespace) or {}
    volume = f"/var/lib/kubelet/pods/{pod['metadata']['uid']}/volumes/kubernetes.io~empty-dir/jwt"
    machine = pod["spec"]["nodeName"]
    kind = provider.run_on_node(cluster, machine, ["stat", "--file-system", "--format=%T", volume]).stdout
    if kind != "tmpfs":
        raise ChainError(f"{node.name}: volume of the JWT secret", expected="tmpfs", seen=kind or "no such volume")
    found = provider.run_on_node(cluster, machine, ["sh", "-c", f"cat {volume}/*"]).stdout.strip()
    redact.register(found)
    if len(found.removeprefix("0x")) != 64:
        raise ChainError(f"{node.name}: JWT secret", expected="64 hexadecimal digits", seen=f"{len(found)} characters")
    return found.removeprefix("0x")


def places_of(kube: Kube, namespace: str, values: set[str]) -> list[str]:
    """Where any of some values stands in a namespace: objects of every kind that can hold text, and logs.

    helm's records of its releases are unpacked: they hold the values that were given and the manifests made from them.
    """
    found = []
    for kind in ("Pod", "StatefulSet", "ConfigMap", "Secret", "Job", "ControllerRevision"):
        for item in kube.list(kind, namespace):
            if _holds(str(item) + _release(item), values):
                found.append(f"{kind} {item['metadata']['name']}")
    for pod in kube.list("Pod", namespace):
        for container in [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]:
            name = pod["metadata"]["name"]
            if _holds(kube.logs(namespace, name, container["name"]), values):
                found.append(f"log of {name}/{container['name']}")
    return found


def pod_address(node: DeployedNode) -> str:
    """The IP address of a node's pod."""
    address: str = (node.kube.get("Pod", node.pod, node.namespace) or {})["status"]["podIP"]
    return address


def _release(secret: Object) -> str:
    """What helm keeps in the Secret of a release, as text; empty for any other object."""
    if secret.get("type") != "helm.sh/release.v1":
        return ""
    packed = base64.b64decode(base64.b64decode(secret["data"]["release"]))
    return gzip.decompress(packed).decode()


def _holds(text: str, values: set[str]) -> bool:
    """In hex or, as a Secret would have it, in base64 of the hex."""
    return any(value in text or base64.b64encode(value.encode()).decode().rstrip("=") in text for value in values)

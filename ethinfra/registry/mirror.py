"""Makes the nodes pull through the cluster's registry under the upstream names.

Which addresses the nodes have is a fact of the cluster, not a value; so the rule that lets them in is written here,
next to the step that makes them come, and not in the chart.
"""

from __future__ import annotations

from ethinfra.cluster.provider import Capability, Cluster, ClusterProvider, Mirror
from ethinfra.errors import LayerUnhealthy, MissingCapability
from ethinfra.images.catalogue import catalogue
from ethinfra.kube import Kube, Object
from ethinfra.registry import NAMESPACE, PORT, RELEASE
from ethinfra.registry.secrets import Account, read_access


def upstreams() -> tuple[str, ...]:
    """Image registries whose images this project builds, each once."""
    return tuple(sorted({image.name.partition("/")[0] for image in catalogue()}))


def describe(kube: Kube, namespace: str = NAMESPACE) -> Mirror:
    """The registry as nodes should use it. LayerUnhealthy if it is not deployed."""
    service = kube.get("Service", RELEASE, namespace)
    if service is None:
        raise LayerUnhealthy(
            f"Service {namespace}/{RELEASE} does not exist", todo="apply the local-registry layer first"
        )
    access = read_access(kube, namespace)
    return Mirror(
        host=f"{RELEASE}.{namespace}.svc",
        address=service["spec"]["clusterIP"],
        port=PORT,
        ca_pem=access.authority,
        username=Account.PULL,
        password=access.password(Account.PULL),
        upstreams=upstreams(),
    )


def configure(kube: Kube, provider: ClusterProvider, cluster: Cluster, namespace: str = NAMESPACE) -> Mirror:
    """Point every node at the registry, and let exactly the nodes in. Repeating it changes nothing.

    MissingCapability if the provider has no hand on its nodes' container runtime.
    """
    if Capability.REGISTRY_MIRROR not in cluster.capabilities:
        raise MissingCapability(
            f"the nodes of cluster {cluster.name} cannot be pointed at its registry by provider {cluster.provider}",
            todo="give the nodes' container runtime a mirror by its own means: see `ethinfra registry login-info`",
        )
    mirror = describe(kube, namespace)
    kube.apply(nodes_policy(kube.list("Node"), namespace))
    provider.configure_mirror(cluster, mirror)
    return mirror


def nodes_policy(nodes: list[Object], namespace: str) -> Object:
    """A NetworkPolicy that lets the nodes' own addresses reach the registry, and nothing else."""
    addresses = sorted(
        address["address"]
        for node in nodes
        for address in node["status"]["addresses"]
        if address["type"] == "InternalIP"
    )
    blocks = [{"ipBlock": {"cidr": f"{address}/{128 if ':' in address else 32}"}} for address in addresses]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {
            "name": f"{RELEASE}-from-nodes",
            "namespace": namespace,
            "labels": {
                "app.kubernetes.io/name": "registry",
                "app.kubernetes.io/part-of": "ethereum-node-infra",
                "app.kubernetes.io/managed-by": "ethinfra",
            },
        },
        "spec": {
            "podSelector": {
                "matchLabels": {"app.kubernetes.io/name": "registry", "app.kubernetes.io/instance": RELEASE}
            },
            "policyTypes": ["Ingress"],
            "ingress": [{"from": blocks, "ports": [{"port": PORT, "protocol": "TCP"}]}],
        },
    }

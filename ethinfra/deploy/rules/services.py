"""Where Services lead (NODE-07)."""

from __future__ import annotations

from ethinfra.deploy.render import title
from ethinfra.deploy.rules.manifests import PROGRAMS, Manifests, Pods
from ethinfra.kube import Object

#: Program and purpose of the ports that are for users of a node, and for other nodes.
_USERS = frozenset({("execution", "rpc"), ("execution", "ws")})
_PEERS = frozenset(
    {("consensus", "beacon"), *((program, port) for program in PROGRAMS for port in ("p2p", "discovery"))}
)


def services_lead_to_ports(manifests: Manifests) -> list[str]:
    """Each Service stands before the pods of one workload, and each of its ports is one that they declare by name."""
    said = []
    for service in manifests.of_kind("Service"):
        behind = _behind(manifests, service)
        if len(behind) != 1:
            said.append(f"{title(service)}: selects pods of {len(behind)} workloads, not of one")
            continue
        for port in service["spec"]["ports"]:
            target = port.get("targetPort", port["port"])
            if not isinstance(target, str) or behind[0].port(target, port.get("protocol", "TCP")) is None:
                said.append(
                    f"{title(service)}: port {port['name']} leads to {target!r}, no named port of {behind[0].title}"
                )
            elif behind[0].port(target, port.get("protocol", "TCP")) != port["port"]:
                said.append(f"{title(service)}: port {port['name']} is {port['port']}, and another number in the pod")
    return said


def only_ready_nodes_answer_users(manifests: Manifests) -> list[str]:
    """Peers find every node, since a network gets ready by them; RPC and WebSocket lead to ready nodes only."""
    said = []
    for service in manifests.of_kind("Service"):
        published = bool(service["spec"].get("publishNotReadyAddresses"))
        for node in _behind(manifests, service):
            if published and _leads_to(manifests, service, node, _USERS):
                said.append(f"{title(service)}: leads users to nodes that are not ready")
            if not published and _leads_to(manifests, service, node, _PEERS):
                said.append(f"{title(service)}: hides nodes that are not ready from their peers")
    return said


RULES = (services_lead_to_ports, only_ready_nodes_answer_users)


def _behind(manifests: Manifests, service: Object) -> list[Pods]:
    selector = service["spec"].get("selector")
    return manifests.selected(service, {"matchLabels": selector}) if selector else []


def _leads_to(manifests: Manifests, service: Object, node: Pods, purposes: frozenset[tuple[str, str]]) -> bool:
    """Whether a Service leads to a port of a node's that has one of these purposes, by the table of clients."""
    wanted = {
        number
        for container, program in manifests.programs(node)
        for purpose, number in program["ports"].items()
        if (container["name"], purpose) in purposes
    }
    return any(
        node.port(port.get("targetPort", port["port"]), port.get("protocol", "TCP")) in wanted
        for port in service["spec"]["ports"]
    )

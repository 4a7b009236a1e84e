"""Where Services lead (NODE-07)."""

from __future__ import annotations

import re

from ethinfra.deploy.render import title
from ethinfra.deploy.rules.manifests import PROGRAMS, Manifests, Pods, arguments, flag_templates
from ethinfra.kube import Object

#: Program and purpose of the ports that are for users of a node, and for other nodes.
_USERS = frozenset({("execution", "rpc"), ("execution", "ws")})
_PEERS = frozenset(
    {("consensus", "beacon"), *((program, port) for program in PROGRAMS for port in ("p2p", "discovery"))}
)

#: What pods say of themselves: whose policies let callers in; whether they have execution peers.
_POLICIES = "ethinfra.io/network-policies"
_P2P = "ethinfra.io/p2p"

#: Namespaces by which a node is changed or blocks are made, in any client.
_ADMINISTRATION = frozenset({"admin", "clique", "engine", "miner", "parity", "personal"})


def services_lead_to_ports(manifests: Manifests) -> list[str]:
    """Each Service stands before the pods of one workload, and each of its ports is one that they declare by name."""
    said = []
    for service in manifests.of_kind("Service"):
        behind = _behind(manifests, service)
        if len(behind) != 1:
            said.append(f"{title(service)}: selects pods of {len(behind)} workloads, not of one")
            continue
        for port in service["spec"]["ports"]:
            name, number = port.get("targetPort"), _target(behind[0], port)
            if not isinstance(name, str) or number is None:
                said.append(
                    f"{title(service)}: port {port['name']} leads to {name!r}, no named port of {behind[0].title}"
                )
            elif number != port["port"]:
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


def services_are_let_in(manifests: Manifests) -> list[str]:
    """Where everything is denied by default, a Service is of use only if a policy opens what it leads to.

    Two things are said by the pods themselves: that policies of somebody else's let callers in, and that a node is cut
    off from its execution peers.
    """
    said = []
    for service in manifests.of_kind("Service"):
        behind = _behind(manifests, service)
        if len(behind) != 1 or behind[0].annotations.get(_POLICIES) == "elsewhere":
            continue
        opened = _opened(manifests, behind[0]) | _cut_off(manifests, behind[0])
        for port in service["spec"]["ports"]:
            target = _target(behind[0], port)
            if target is not None and (target, port.get("protocol", "TCP")) not in opened:
                said.append(f"{title(service)}: no policy opens what port {port['name']} leads to")
    return said


def _cut_off(manifests: Manifests, node: Pods) -> set[tuple[int, str]]:
    """Ports of an execution client whose peers are kept from it on purpose."""
    if node.labels.get(_P2P) != "consensus":
        return set()
    program = next((known for container, known in manifests.programs(node) if container["name"] == "execution"), {})
    ports, more = program.get("ports", {}), program.get("peerPorts", [])
    own = {(ports.get("p2p"), "TCP"), (ports.get("discovery"), "UDP")}
    return own | {(one["port"], one["protocol"]) for one in more}


def sync_nodes_are_found(manifests: Manifests) -> list[str]:
    """There are Services for users, peers, late nodes and metrics; no declared port of a sync node is without one."""
    wanted = sorted(_USERS | _PEERS | {("execution", "metrics"), ("consensus", "metrics")})
    said = []
    for node in manifests.nodes:
        if node.labels.get("ethinfra.io/role") == "sync":
            services = [one for one in manifests.of_kind("Service") if node in _behind(manifests, one)]
            served = {container["name"]: program["ports"] for container, program in manifests.programs(node)}
            said += [
                f"{node.title}: no Service leads to {purpose} of container {name}"
                for name, purpose in wanted
                if purpose in served.get(name, {})
                and not any(_leads_to(manifests, one, node, frozenset({(name, purpose)})) for one in services)
            ]
            led_to = {
                (_target(node, one), one.get("protocol", "TCP")) for all_ in services for one in all_["spec"]["ports"]
            }
            said += [
                f"{node.title}: no Service leads to port {number} ({name})"
                for name, number, protocol in node.ports
                if (number, protocol) not in led_to
            ]
    return said


def users_get_no_administration(manifests: Manifests) -> list[str]:
    """No RPC namespace that changes the node is offered; whoever the policies let in may call all that is."""
    said = []
    for node in manifests.nodes:
        for container, program in manifests.programs(node):
            for name, offered in rpc_namespaces(container, program).items():
                where = f"{node.title}: container {container['name']}"
                said += [f"{where} offers {one} ({name})" for one in sorted(offered & _ADMINISTRATION)]
    return said


RULES = (
    services_lead_to_ports,
    services_are_let_in,
    only_ready_nodes_answer_users,
    sync_nodes_are_found,
    users_get_no_administration,
)


def rpc_namespaces(container: Object, program: Object) -> dict[str, frozenset[str]]:
    """By the flags that offer them: those for which the table takes the values' namespaces."""
    names = {
        template.partition("=")[0]
        for template in flag_templates(program)
        if ".rpc.namespaces" in template or re.search(r"(?i)(api|modules)=", template)
    }
    return {
        name: frozenset(re.findall(r"[a-z0-9]+", value.lower()))
        for name, value in arguments(container)
        if name in names
    }


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
    return any(_target(node, port) in wanted for port in service["spec"]["ports"])


def _target(pods: Pods, port: Object) -> int | None:
    """The number of the declared port that a Service's port leads to; None if there is none."""
    number: int = port["port"]
    return pods.port(port.get("targetPort", number), port.get("protocol", "TCP"))


def _opened(manifests: Manifests, pods: Pods) -> set[tuple[int | None, str]]:
    """Declared ports, with their protocols, that policies open to anybody."""
    return {
        (pods.port(port.get("port", 0), protocol), protocol)
        for policy in manifests.of_kind("NetworkPolicy")
        if pods in manifests.selected(policy, policy["spec"]["podSelector"])
        for rule in policy["spec"].get("ingress") or []
        for port in rule.get("ports") or []
        for protocol in (port.get("protocol", "TCP"),)
    }

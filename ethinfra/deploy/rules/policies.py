"""Who may reach whom (PLAT-05)."""

from __future__ import annotations

from ethinfra.deploy.render import title
from ethinfra.deploy.rules.manifests import Manifests, Pods, matches
from ethinfra.kube import Object

_DIRECTIONS = {"ingress": "from", "egress": "to"}

_ANYWHERE = ("0.0.0.0/0", "::/0")


def namespaces_deny_by_default(manifests: Manifests) -> list[str]:
    """A policy of every namespace selects all pods and admits nothing, so that each way in is somebody's decision."""
    denied = {one["metadata"]["namespace"] for one in manifests.of_kind("NetworkPolicy") if _denies_all(one)}
    return [
        f"Namespace {name}: has no policy that denies by default" for name in manifests.namespaces if name not in denied
    ]


def policies_select_pods(manifests: Manifests) -> list[str]:
    """A policy that selects nobody protects nobody: it selects all pods, or some that are rendered."""
    return [
        f"{title(policy)}: selects no pod that is rendered"
        for policy in manifests.of_kind("NetworkPolicy")
        if policy["spec"]["podSelector"] and not manifests.selected(policy, policy["spec"]["podSelector"])
    ]


def policies_admit_to_ports_that_exist(manifests: Manifests) -> list[str]:
    """Each port that a policy opens is one that a pod behind it declares."""
    said = []
    for policy in manifests.of_kind("NetworkPolicy"):
        behind = manifests.selected(policy, policy["spec"]["podSelector"])
        for rule in policy["spec"].get("ingress") or []:
            for port in rule.get("ports") or []:
                if not any(_declares(pods, port) for pods in behind):
                    said.append(f"{title(policy)}: opens port {port.get('port')}, which no pod behind it has")
    return said


def policies_name_whom_they_admit(manifests: Manifests) -> list[str]:
    """No rule is for everybody; the whole internet gets in by the ports of peers only."""
    said = []
    for policy in manifests.of_kind("NetworkPolicy"):
        for direction, whom in _DIRECTIONS.items():
            for rule in policy["spec"].get(direction) or []:
                if not rule.get(whom):
                    said.append(f"{title(policy)}: {direction} {whom} everybody")
        for rule in policy["spec"].get("ingress") or []:
            if any((one.get("ipBlock") or {}).get("cidr") in _ANYWHERE for one in rule.get("from") or []):
                ports = {port.get("port") for port in rule.get("ports") or [{}]}
                if not ports <= _peer_ports(manifests):
                    said.append(f"{title(policy)}: lets the internet in by more than the ports of peers")
    return said


def policies_have_no_empty_lists(manifests: Manifests) -> list[str]:
    """The API server drops an empty list, so that each apply would find a difference and make a new generation."""
    return [
        f"{title(policy)}: {direction} is an empty list; leave it out, policyTypes says it"
        for policy in manifests.of_kind("NetworkPolicy")
        for direction in _DIRECTIONS
        if policy["spec"].get(direction) == []
    ]


def peers_may_call_each_other(manifests: Manifests) -> list[str]:
    """What a node lets its peers call, its peers are let call: a policy has two ends."""
    said = []
    for caller in manifests.nodes:
        ways_out = _rules(manifests, caller, "egress")
        for called in manifests.nodes:
            if called.namespace == caller.namespace:
                wanted = _between(_rules(manifests, called, "ingress"), "from", caller, called)
                allowed = _between(ways_out, "to", called, called)
                missing = wanted - allowed if ANY_PORT not in allowed else frozenset()
                ports = ", ".join(f"{port}/{protocol}" for port, protocol in sorted(missing, key=str))
                said += [f"{caller.title}: no policy lets it call {called.title} at {ports}"] if ports else []
    return said


RULES = (
    namespaces_deny_by_default,
    policies_select_pods,
    policies_admit_to_ports_that_exist,
    policies_name_whom_they_admit,
    policies_have_no_empty_lists,
    peers_may_call_each_other,
)

#: Of a rule that names none.
ANY_PORT = (0, "")


def _rules(manifests: Manifests, pods: Pods, direction: str) -> list[Object]:
    """The rules of all policies that select these pods."""
    return [
        rule
        for policy in manifests.of_kind("NetworkPolicy")
        if pods in manifests.selected(policy, policy["spec"]["podSelector"])
        for rule in policy["spec"].get(direction) or []
    ]


def _between(rules: list[Object], whom: str, other: Pods, owner: Pods) -> frozenset[tuple[int, str]]:
    """Ports, as the owner of them declares them, by which rules name the other pods by their labels."""
    return frozenset(
        (owner.port(port["port"], port.get("protocol", "TCP")) or 0, port.get("protocol", "TCP")) if port else ANY_PORT
        for rule in rules
        if any("podSelector" in one and _in_the_namespace(one, other) for one in rule.get(whom) or [])
        for port in rule.get("ports") or [{}]
    )


def _in_the_namespace(peer: Object, pods: Pods) -> bool:
    """Whether a policy's peer is pods of its own namespace, these among them."""
    return "namespaceSelector" not in peer and matches(peer["podSelector"], pods.labels)


def _denies_all(policy: Object) -> bool:
    spec = policy["spec"]
    everywhere = not spec["podSelector"] and set(spec.get("policyTypes", [])) == {"Ingress", "Egress"}
    return everywhere and not spec.get("ingress") and not spec.get("egress")


def _declares(pods: Pods, port: Object) -> bool:
    return pods.port(port.get("port", 0), port.get("protocol", "TCP")) is not None


def _peer_ports(manifests: Manifests) -> set[int]:
    return {
        port
        for node in manifests.nodes
        for _, program in manifests.programs(node)
        for port in (
            *(number for purpose, number in program["ports"].items() if purpose in ("p2p", "discovery")),
            *(one["port"] for one in program.get("peerPorts", [])),
        )
    }

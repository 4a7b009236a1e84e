"""Serve nodes: they start from a snapshot, answer within limits, and leave without a request lost (SERVE)."""

from __future__ import annotations

import re

from ethinfra.deploy.render import title
from ethinfra.deploy.rules.builder import plans, program
from ethinfra.deploy.rules.manifests import Manifests, Pods, arguments, matches
from ethinfra.deploy.rules.nodes import drain
from ethinfra.snapshot.job.prune import restoring

#: Pods that were restored from a snapshot say which one, before it is removed.
RESTORES = "ethinfra.io/restores"

#: Purposes of ports that are for users of a serve node, each behind a Service of its own.
_USERS = ("rpc", "ws")


def serve_nodes(manifests: Manifests) -> list[Pods]:
    return [node for node in manifests.nodes if node.labels.get("ethinfra.io/role") == "serve"]


def serve_nodes_restore_first(manifests: Manifests) -> list[str]:
    """Nothing runs in a serve node before its data is restored, into the volume that its client starts from."""
    said = []
    for node in serve_nodes(manifests):
        first = node.before[0] if node.before else {}
        if not first or program(first) != ("pod", "restore"):
            said.append(f"{node.title}: does not begin with a restore")
            continue
        into = {
            mount["mountPath"]: mount["name"] for mount in first.get("volumeMounts", []) if not mount.get("readOnly")
        }
        for container, known in manifests.programs(node):
            data = {mount["mountPath"]: mount["name"] for mount in container.get("volumeMounts", [])}.get(
                known["dataDir"]
            )
            if container["name"] == "execution" and into.get(dict(arguments(first)).get("--data", "")) != data:
                said.append(f"{node.title}: restores into another volume than its execution client has")
    return said


def restored_pods_can_be_asked(manifests: Manifests) -> list[str]:
    """Whoever removes snapshots finds each pod that was restored from one: by its label, and by its probe, which sees
    the data and is let answer."""
    said = []
    for node in manifests.nodes:
        restores = any(program(one) == ("pod", "restore") for one in node.before)
        if restores is not (node.labels.get(RESTORES) == "true"):
            said.append(
                f"{node.title}: {'is restored and does not' if restores else 'is not restored, and does'} say so"
            )
        if not restores:
            continue
        probe = node.container("probe") or {}
        seen = {mount["mountPath"]: mount for mount in probe.get("volumeMounts", [])}.get(
            dict(arguments(probe)).get("--data", "")
        )
        if seen is None or not seen.get("readOnly"):
            said.append(f"{node.title}: its probe does not see which snapshot it was restored from")
        for plan in (plan for _, _, plan in plans(manifests) if plan.node == node.owner["metadata"]["name"]):
            missed = restoring(plan).items() - node.labels.items()
            said += [f"{node.title}: has no label {key}={value}, by which it is found" for key, value in sorted(missed)]
            for pruner in (
                one for one in manifests.pods if any(program(c) == ("job", "prune") for c in one.all_containers)
            ):
                if pruner.namespace == node.namespace and not _lets_in(manifests, node, pruner, plan.ports.probe):
                    said.append(f"{node.title}: no policy lets {pruner.title} ask its probe")
    return list(dict.fromkeys(said))


def nodes_drain(manifests: Manifests) -> list[str]:
    """All containers of a node that answers RPC go on for the same while after it leaves its Services: one that stopped
    at once would take the answers with it that are still under way."""
    said = []
    for node in manifests.nodes:
        if node.labels.get("ethinfra.io/role") not in ("serve", "sync"):
            continue
        times = {container["name"]: drain(container) for container in node.containers}
        said += [f"{node.title}: container {name} stops at once" for name, seconds in times.items() if not seconds]
        if len(set(times.values())) > 1 and all(times.values()):
            said.append(f"{node.title}: its containers go on for different times, {times}")
    return said


def serve_nodes_are_replaced_one_by_one(manifests: Manifests) -> list[str]:
    """A rollout makes a new replica before it takes an old one, and knows that this takes its time."""
    said = []
    for node in serve_nodes(manifests):
        strategy = node.owner["spec"].get("strategy", {})
        rolling = strategy.get("rollingUpdate", {})
        if strategy.get("type") != "RollingUpdate" or not rolling.get("maxSurge"):
            said.append(f"{node.title}: a rollout makes no replica before it takes one")
        if "progressDeadlineSeconds" not in node.owner["spec"]:
            said.append(f"{node.title}: does not say how long a rollout may make no progress")
    return said


def requests_have_limits(manifests: Manifests) -> list[str]:
    """A serve node's client gets every flag that it has to refuse requests and batches that are too large."""
    said = []
    for node in serve_nodes(manifests):
        for container, known in manifests.programs(node):
            given = dict(arguments(container))
            for template in known["flags"].get("limits", []) if container["name"] == "execution" else ():
                name = template.partition("=")[0]
                if not re.fullmatch(r"[1-9][0-9]*", given.get(name, "")):
                    said.append(f"{node.title}: container execution has no limit by {name}")
    return said


def serve_nodes_are_found(manifests: Manifests) -> list[str]:
    """HTTP and WebSocket have a Service each, and the Beacon API has none: late nodes start from sync nodes."""
    said = []
    for node in serve_nodes(manifests):
        ports = {
            purpose: number
            for container, known in manifests.programs(node)
            for purpose, number in known["ports"].items()
            if (container["name"], purpose) in {("execution", one) for one in _USERS} | {("consensus", "beacon")}
        }
        led = {
            purpose: [
                title(one)
                for one in manifests.of_kind("Service")
                if node in manifests.selected(one, {"matchLabels": one["spec"].get("selector") or {"": ""}})
                and any(node.port(port.get("targetPort", port["port"])) == number for port in one["spec"]["ports"])
            ]
            for purpose, number in ports.items()
        }
        said += [
            f"{node.title}: {len(led[one])} Services lead to its {one}, not one"
            for one in _USERS
            if one in led and len(led[one]) != 1
        ]
        if led.get("rpc") and led.get("rpc") == led.get("ws"):
            said.append(f"{node.title}: HTTP and WebSocket are behind one Service")
        said += [f"{node.title}: {one} leads to its Beacon API" for one in led.get("beacon", [])]
    return said


RULES = (
    serve_nodes_restore_first,
    restored_pods_can_be_asked,
    nodes_drain,
    serve_nodes_are_replaced_one_by_one,
    requests_have_limits,
    serve_nodes_are_found,
)


def _lets_in(manifests: Manifests, node: Pods, caller: Pods, port: int) -> bool:
    if node.annotations.get("ethinfra.io/network-policies") == "elsewhere":
        return True
    return any(
        node.port(one.get("port", 0)) == port
        for policy in manifests.of_kind("NetworkPolicy")
        if node in manifests.selected(policy, policy["spec"]["podSelector"])
        for rule in policy["spec"].get("ingress") or []
        if any(
            "podSelector" in peer and "namespaceSelector" not in peer and matches(peer["podSelector"], caller.labels)
            for peer in rule.get("from") or []
        )
        for one in rule.get("ports") or []
    )

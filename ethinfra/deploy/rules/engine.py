"""The Engine API is open to its own consensus client alone, and its secret is where nobody reads it (NODE-03)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import urlsplit

from ethinfra.deploy.render import title
from ethinfra.deploy.rules.manifests import Manifests, Pods, arguments
from ethinfra.kube import Object

#: The volume that holds the secret, in every node.
JWT = "jwt"

#: Who needs it.
_READERS = ("execution", "consensus")

#: 32 bytes in hexadecimal: what a JWT secret looks like.
_SECRET = re.compile(r"(?<![0-9a-zA-Z])(0x)?[0-9a-fA-F]{64}(?![0-9a-zA-Z])")


def engine_listens_on_loopback(manifests: Manifests) -> list[str]:
    """One client listens and the other calls: each address in their flags for the Engine API is loopback."""
    said = []
    for node in manifests.nodes:
        for container, program in manifests.programs(node):
            if container["name"] not in _READERS:
                continue
            flags = _address_flags(program)
            given = [(name, value) for name, value in arguments(container) if name in flags]
            where = f"{node.title}: container {container['name']}"
            said += [f"{where} has the Engine API at {name}={value}" for name, value in given if not _loopback(value)]
            said += [f"{where} does not say {name}" for name in sorted(flags - {name for name, _ in given})]
            said += [] if flags else [f"{where} says nowhere what address its Engine API has"]
    return said


def nothing_leads_to_the_engine(manifests: Manifests) -> list[str]:
    """No declared port, no Service and no policy admits anybody to the Engine API's port."""
    said = []
    for node in manifests.nodes:
        ports = {program["ports"]["engine"] for _, program in manifests.programs(node) if "engine" in program["ports"]}
        said += [f"{node.title}: declares the Engine API's port {one}" for _, one, _ in node.ports if one in ports]
        for one in ports:
            ways = [*_services(manifests, node, one), *_policies(manifests, node, one)]
            said += [f"{title(way)}: leads to the Engine API of {node.title}" for way in ways]
    return said


def jwt_lives_in_memory(manifests: Manifests) -> list[str]:
    """Written before the clients start, as old as the pod, and given to those two; or it is the operator's Secret."""
    said = []
    for node in manifests.nodes:
        volume: Object = next((one for one in node.spec.get("volumes", []) if one["name"] == JWT), {})
        mounts = {one["name"]: mount for one in node.all_containers for mount in _mounts(one)}
        writers = {one["name"] for one in node.spec.get("initContainers", [])} & mounts.keys()
        if "emptyDir" in volume:
            if (volume["emptyDir"] or {}).get("medium") != "Memory":
                said.append(f"{node.title}: the JWT secret is written to a disk")
            if not writers:
                said.append(f"{node.title}: nobody makes the JWT secret before the clients start")
        elif "secret" not in volume:
            said.append(f"{node.title}: the JWT secret is neither made in memory nor of a Secret")
        for name in _READERS:
            if not mounts.get(name, {}).get("readOnly"):
                said.append(f"{node.title}: container {name} does not mount the JWT secret to read it")
        for name in sorted(mounts.keys() - writers - set(_READERS)):
            said.append(f"{node.title}: container {name} sees the JWT secret")
    return said


def secrets_are_in_no_manifest(manifests: Manifests) -> list[str]:
    """They are made in the cluster: no manifest, flag or variable holds one, and no node gets one as a variable."""
    said = [f"{title(one)}: is rendered; a manifest is no place for a secret" for one in manifests.of_kind("Secret")]
    for one in manifests.of_kind("ConfigMap"):
        held = [key for key, value in (one.get("data") or {}).items() if _SECRET.fullmatch(value.strip())]
        said += [f"{title(one)}: {key} looks like a secret" for key in held]
    for pods in manifests.pods:
        for container in pods.all_containers:
            where = f"{pods.title}: container {container['name']}"
            words = [*container.get("command", []), *container.get("args", [])]
            words += [str(variable.get("value", "")) for variable in container.get("env", [])]
            if any(_SECRET.search(word) for word in words):
                said.append(f"{where} is given what looks like a secret")
            if pods.is_node and _secret_variables(container):
                said.append(f"{where} has a secret in its environment")
    return said


RULES = (
    engine_listens_on_loopback,
    nothing_leads_to_the_engine,
    jwt_lives_in_memory,
    secrets_are_in_no_manifest,
)


def _address_flags(program: Object) -> set[str]:
    """Those of a client's flags for the Engine API whose value is an address."""
    flags = arguments({"args": program["flags"]["engine"]})
    return {name for name, value in flags if _host(value)}


def _host(value: str) -> str:
    """The host in a flag's value: of a URL, an address, or `localhost`; empty if it has none."""
    if "://" in value:
        return urlsplit(value).hostname or ""
    try:
        ip_address(value)
    except ValueError:
        return value if value == "localhost" else ""
    return value


def _loopback(value: str) -> bool:
    host = _host(value)
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _services(manifests: Manifests, node: Pods, port: int) -> Iterator[Object]:
    for service in manifests.of_kind("Service"):
        selector = {"matchLabels": service["spec"].get("selector")}
        if selector["matchLabels"] and node in manifests.selected(service, selector):
            numbers = {one.get("targetPort", one["port"]) for one in service["spec"]["ports"]}
            numbers |= {node.port(one) for one in numbers}
            if port in numbers or port in {one["port"] for one in service["spec"]["ports"]}:
                yield service


def _policies(manifests: Manifests, node: Pods, port: int) -> Iterator[Object]:
    for policy in manifests.of_kind("NetworkPolicy"):
        rules = policy["spec"].get("ingress") or []
        admits = any(not rule.get("ports") or any(_covers(one, port) for one in rule["ports"]) for rule in rules)
        if admits and node in manifests.selected(policy, policy["spec"]["podSelector"]):
            yield policy


def _covers(one: Object, port: int) -> bool:
    first = one.get("port", port)
    return isinstance(first, int) and first <= port <= one.get("endPort", first)


def _mounts(container: Object) -> list[Object]:
    return [mount for mount in container.get("volumeMounts", []) if mount["name"] == JWT]


def _secret_variables(container: Object) -> bool:
    by_key = any("secretKeyRef" in (one.get("valueFrom") or {}) for one in container.get("env", []))
    return by_key or any("secretRef" in one for one in container.get("envFrom", []))

"""The Engine API is open to its own consensus client alone, and its secret is where nobody reads it (NODE-03)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from ethinfra.deploy.render import title
from ethinfra.deploy.rules.manifests import Manifests, Pods, arguments
from ethinfra.images.secrets import findings
from ethinfra.kube import Object

#: The volume that holds the secret, in every node.
JWT = "jwt"

#: Capability of a client whose Engine API has an address of its own.
LOOPBACK = "engine-loopback"

#: Who needs it.
_READERS = ("execution", "consensus")


def engine_listens_on_loopback(manifests: Manifests) -> list[str]:
    """One client listens and the other calls: each address in their flags for the Engine API is loopback.

    The table says which clients cannot keep it there; they still have the JWT and the policies.
    """
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
            if not flags and (container["name"] == "consensus" or LOOPBACK in program.get("capabilities", [])):
                said.append(f"{where} says nowhere what address its Engine API has")
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


def clients_share_one_secret(manifests: Manifests) -> list[str]:
    """Both clients of a node name the same file for the JWT secret, in the volume that holds it."""
    said = []
    for node in manifests.nodes:
        files = {}
        for container, program in manifests.programs(node):
            if container["name"] in _READERS:
                flags = arguments({"args": program["flags"]["engine"]}), dict(arguments(container))
                paths = [flags[1].get(name, "") for name, value in flags[0] if ".paths.jwt" in value]
                places = [(mount["mountPath"], mount.get("subPath", "")) for mount in _mounts(container)]
                files[container["name"]] = {
                    path.removeprefix(place) or sub for path in paths for place, sub in places if path.startswith(place)
                }
                if len(files[container["name"]]) != 1:
                    where = f"{node.title}: container {container['name']}"
                    said.append(f"{where} has its JWT secret at {paths or 'no place'}, not in the volume that holds it")
        if len({file for found in files.values() for file in found}) > 1:
            said.append(f"{node.title}: its clients read different files of the JWT secret's volume")
    return said


def nodes_are_pairs(manifests: Manifests) -> list[str]:
    """A node is one execution client and one consensus client: two of the latter would drive it to different heads."""
    said = []
    for node in manifests.nodes:
        names = [one["name"] for one in node.containers]
        said += [
            f"{node.title}: has {names.count(name)} containers {name}" for name in _READERS if names.count(name) != 1
        ]
        known = [container for container, _ in manifests.programs(node)]
        for container in node.containers:
            if container not in known and {name for name, _ in arguments(container)} & _endpoint_flags(manifests):
                said.append(f"{node.title}: container {container['name']} is a second consensus client")
    return said


def secrets_are_in_no_manifest(manifests: Manifests) -> list[str]:
    """They are made in the cluster: no manifest, flag or variable holds one, and no node gets one as a variable."""
    said = [f"{title(one)}: is rendered; a manifest is no place for a secret" for one in manifests.of_kind("Secret")]
    for one in manifests.objects:
        for place, text in _texts(one):
            # An annotation may be the digest of anything, unless its name says what it is.
            said += [f"{title(one)}: {found}" for found in _found(text, place, "annotations" in place)]
    for pods in manifests.pods:
        for container in pods.all_containers:
            if pods.is_node and _secret_variables(container):
                said.append(f"{pods.title}: container {container['name']} has a secret in its environment")
    return said


RULES = (
    engine_listens_on_loopback,
    nothing_leads_to_the_engine,
    jwt_lives_in_memory,
    clients_share_one_secret,
    nodes_are_pairs,
    secrets_are_in_no_manifest,
)

#: No secret is shorter.
_SHORTEST = 20


def _texts(tree: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Every text in an object that is long enough for a secret, with the path to it."""
    if isinstance(tree, dict):
        for key, below in tree.items():
            yield from _texts(below, f"{place}.{key}" if place else str(key))
    elif isinstance(tree, list):
        for number, below in enumerate(tree):
            yield from _texts(below, f"{place}[{number}]")
    elif isinstance(tree, str) and len(tree) >= _SHORTEST:
        yield place, tree


@lru_cache(maxsize=1 << 14)
def _found(text: str, place: str, by_name: bool) -> tuple[str, ...]:
    """Remembered, because environments and cases have most of their texts in common, and the longest of all."""
    return tuple(findings(f"{place}: {text}" if by_name else text, place))


def _endpoint_flags(manifests: Manifests) -> set[str]:
    """Flags by which any consensus client of the table is told where its execution client is."""
    return {
        name
        for programs in manifests.clients.values()
        for name in _address_flags(programs.get("consensus", {"flags": {"engine": []}}))
    }


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

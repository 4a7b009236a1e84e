"""The ports of a node as one graph: who opens them, who declares them, who calls them (NODE-07).

- A *socket* is a port that a flag opens, at the address that another flag says.
- A *declared port* is one of a container's `ports`: what Services, policies and monitors lead to (`services`,
  `policies`, `monitors`).
- A *call* is an address of the pod itself in a flag: a container of a node expects another one there.

An end that leads nowhere renders well, and nobody is served. Flags are read as the clients write them: `--http.port`,
`--rest-api-port`, `--JsonRpc.EnginePort`; the address belongs to the flag that begins the same (`--http.addr`), and a
switch too (`--http`, `--metrics-enabled`), if the client's recorded flags have one.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address

from ethinfra.deploy.rules.engine import LOOPBACK
from ethinfra.deploy.rules.manifests import Manifests, Pods, arguments
from ethinfra.kube import Object

#: Purposes of ports that are for peers: all clients open them at every address, unless they are told otherwise.
_FOR_PEERS = ("p2p", "discovery")

_PORT = re.compile(r"(?P<stem>.*?)[-._]?port$", re.I)

#: Flags with an address and a port in one, at which the client itself listens. 0.0.0.0 says so by itself: nobody can be
#: called there (Reth: `--metrics=0.0.0.0:9002`).
_LISTENS = re.compile(r"listen|addr", re.I)

#: Not the records of peers, which look like URLs too.
_URL = re.compile(r"(?:https?|wss?)://(\[[0-9a-fA-F:]+\]|[^/:,@\s]+):(\d+)")

_ADDRESS = re.compile(r"(?P<host>[0-9.]+|\[[0-9a-fA-F:]+\]|localhost|):(?P<port>\d+)")


@dataclass(frozen=True)
class Socket:
    """A port that a flag opens. host: empty where no flag says the address, so that the client's default holds."""

    container: str
    flag: str
    port: int
    host: str

    @property
    def is_private(self) -> bool:
        """Whether only the pod itself reaches it."""
        return _is_loopback(self.host)


@dataclass(frozen=True)
class Call:
    """An address of the pod in a flag of a container."""

    container: str
    flag: str
    port: int


@dataclass(frozen=True)
class Port:
    """One that a container declares."""

    container: str
    name: str
    number: int
    protocol: str

    def __str__(self) -> str:
        return f"{self.number} ({self.name})" if self.name else str(self.number)


@dataclass(frozen=True)
class Graph:
    """All of that in one pod."""

    sockets: tuple[Socket, ...]
    calls: tuple[Call, ...]
    ports: tuple[Port, ...]

    @classmethod
    def of(cls, pods: Pods) -> Graph:
        sockets = [socket for container in pods.containers for socket in _sockets(container)]
        calls = [call for container in pods.containers for call in _calls(container)]
        ports = [
            Port(container["name"], port.get("name", ""), port["containerPort"], port.get("protocol", "TCP"))
            for container in pods.containers
            for port in container.get("ports", [])
        ]
        return cls(tuple(sockets), tuple(calls), tuple(ports))

    def opened(self, port: int, container: str) -> Socket | None:
        return next((one for one in self.sockets if (one.port, one.container) == (port, container)), None)

    def declared(self, port: int, container: str) -> Port | None:
        return next((one for one in self.ports if (one.number, one.container) == (port, container)), None)


def declared_ports_are_opened(manifests: Manifests) -> list[str]:
    """Each declared port of a node is opened by a flag, at an address that others reach, and nothing turns it off."""
    said = []
    for node in manifests.nodes:
        graph, known, peers = Graph.of(node), _known_flags(manifests, node), _peer_ports(manifests, node)
        for port in graph.ports:
            where = f"{node.title}: container {port.container} declares port {port}"
            socket = graph.opened(port.number, port.container)
            if socket is None:
                said.append(f"{where}, which none of its flags opens")
            elif socket.is_private:
                said.append(f"{where}, which {socket.flag} opens at {socket.host}, for the pod alone")
            elif (port.container, port.number) not in peers:
                flags = known[port.container]
                if not socket.host and _address_flags(socket.flag, flags):
                    said.append(f"{where}, and no flag says the address for {socket.flag}; a client's own is loopback")
                off = _switches_off(socket.flag, flags, node.container(port.container) or {})
                if off:
                    said.append(f"{where}, and {socket.flag} means nothing without {off}")
    return said


def opened_ports_are_declared(manifests: Manifests) -> list[str]:
    """What a flag opens for others is declared, so that Services and policies can lead there; the rest is loopback."""
    said = []
    for node in manifests.nodes:
        graph, bound = Graph.of(node), _bound_to_the_rpc(manifests, node)
        for socket in graph.sockets:
            if socket.is_private or (socket.container, socket.port) in bound:
                continue
            if graph.declared(socket.port, socket.container) is None:
                where = f"{node.title}: container {socket.container}"
                at = f"at {socket.host}" if socket.host else "at an address that no flag says"
                said.append(f"{where} opens port {socket.port} ({socket.flag}) {at}, and declares it nowhere")
    return said


def ports_are_opened_once(manifests: Manifests) -> list[str]:
    """Containers of a pod share its ports: no two open the same one, and none is declared twice."""
    said = []
    for pods in manifests.workloads:
        graph = Graph.of(pods)
        openers: dict[int, set[str]] = defaultdict(set)
        for port, container in [
            *((one.port, one.container) for one in graph.sockets),
            *((one.number, one.container) for one in graph.ports),
        ]:
            openers[port].add(container)
        said += [
            f"{pods.title}: containers {' and '.join(sorted(names))} both open port {port}"
            for port, names in openers.items()
            if len(names) > 1
        ]
        for what, all_of_it in (
            ("port", [f"{one.number} ({one.protocol})" for one in graph.ports]),
            ("a port called", [one.name for one in graph.ports if one.name]),
        ):
            twice = sorted({one for one in all_of_it if all_of_it.count(one) > 1})
            said += [f"{pods.title}: declares {what} {one} twice" for one in twice]
    return said


def calls_inside_the_pod_arrive(manifests: Manifests) -> list[str]:
    """Where a container of a node calls another one, that one listens; each is told the port of the right client."""
    said = []
    for node in manifests.nodes:
        graph, expected = Graph.of(node), _expected(manifests, node)
        for call in graph.calls:
            where = f"{node.title}: container {call.container} calls port {call.port} of its pod ({call.flag})"
            wanted = expected.get((call.container, call.flag))
            if not any(one.port == call.port and one.container != call.container for one in graph.sockets):
                said.append(f"{where}, which no other container opens")
            elif wanted and wanted[1] != call.port:
                said.append(f"{where}, and {wanted[0]} is {wanted[1]}")
    return said


RULES = (declared_ports_are_opened, opened_ports_are_declared, ports_are_opened_once, calls_inside_the_pod_arrive)


def _sockets(container: Object) -> Iterator[Socket]:
    # A flag that is there twice counts as its last one.
    given = dict(arguments(container))
    for flag, value in given.items():
        if (named := _PORT.fullmatch(flag)) and value.isdigit() and int(value):
            yield Socket(container["name"], flag, int(value), _host_beside(given, named["stem"]))
        elif (address := _ADDRESS.fullmatch(value)) and (_LISTENS.search(flag) or _is_every(address["host"])):
            yield Socket(container["name"], flag, int(address["port"]), address["host"] or "0.0.0.0")  # noqa: S104


def _host_beside(given: dict[str, str], stem: str) -> str:
    """The address in the flag that begins like the port's (`--http.addr`), or is for its group (`--JsonRpc.Host`)."""
    for beginning in (stem, stem.rpartition(".")[0]):
        hosts = [
            (flag, value) for flag, value in given.items()
            if len(beginning) > 2 and flag.startswith(beginning) and flag != beginning and _is_address(value)
        ]  # fmt: skip
        if hosts:
            # `--rpcAddr` rather than `--rpcEngineAddr` is the one for `--rpcPort`.
            return min(hosts, key=lambda one: len(one[0]))[1]
    return ""


def _calls(container: Object) -> Iterator[Call]:
    for flag, value in arguments(container):
        for host, port in _URL.findall(value):
            if _is_loopback(host):
                yield Call(container["name"], flag, int(port))
        address = _ADDRESS.fullmatch(value)
        if address and not _LISTENS.search(flag) and _is_loopback(address["host"]):
            yield Call(container["name"], flag, int(address["port"]))


def _expected(manifests: Manifests, node: Pods) -> dict[tuple[str, str], tuple[str, int]]:
    """By container and flag: what is to be called there, and its port by the table."""
    ports = {container["name"]: program.get("ports", {}) for container, program in manifests.programs(node)}
    execution, consensus = ports.get("execution", {}), ports.get("consensus", {})
    expected = {}
    if "rpc" in execution:
        expected["probe", "--execution"] = ("the execution client's RPC", execution["rpc"])
    if "beacon" in consensus:
        expected["probe", "--consensus"] = ("the Beacon API", consensus["beacon"])
    for container, program in manifests.programs(node):
        if container["name"] == "consensus" and "engine" in execution:
            for flag, _ in arguments({"args": program["flags"]["engine"]}):
                expected["consensus", flag] = ("the Engine API", execution["engine"])
    return expected


def _peer_ports(manifests: Manifests, node: Pods) -> set[tuple[str, int]]:
    """Container and number of the ports that are for peers, by the table."""
    return {
        (container["name"], port)
        for container, program in manifests.programs(node)
        for port in (
            *(program.get("ports", {}).get(purpose, 0) for purpose in _FOR_PEERS),
            *(one["port"] for one in program.get("peerPorts", [])),
        )
    }


def _bound_to_the_rpc(manifests: Manifests, node: Pods) -> set[tuple[str, int]]:
    """Container and number of an Engine API that listens where the RPC does, since its client knows no other way."""
    return {
        (container["name"], program["ports"]["engine"])
        for container, program in manifests.programs(node)
        if "engine" in program.get("ports", {}) and LOOPBACK not in program.get("capabilities", [])
    }


def _known_flags(manifests: Manifests, node: Pods) -> dict[str, frozenset[str]]:
    """By container: the flags that its client has."""
    known: dict[str, frozenset[str]] = defaultdict(frozenset)
    for one in manifests.all_programs(node):
        recorded = manifests.flags_of(one)
        known[one.container["name"]] = recorded.flags if recorded else frozenset()
    return known


def _address_flags(flag: str, known: frozenset[str]) -> list[str]:
    """The flags that a client has for the address of a port."""
    named = _PORT.fullmatch(flag)
    stem = named["stem"] if named else flag
    return [one for one in known if re.fullmatch(rf"{re.escape(stem)}[-._]?(addr|address|host|interface)", one, re.I)]


def _switches_off(flag: str, known: frozenset[str], container: Object) -> str:
    """The switches that a client has for a port (`--http`, `--metrics-enabled`), unless one is on and none is off."""
    named = _PORT.fullmatch(flag)
    stem = named["stem"] if named else flag
    beginnings = dict.fromkeys((stem, stem.rpartition(".")[0] or stem))
    endings = ("", "-enabled", ".enabled", ".Enabled", "Enabled")
    switches = [
        one for beginning in beginnings for one in (f"{beginning}{ending}" for ending in endings) if one in known
    ]
    given = dict(arguments(container))
    said = [given[one].lower() for one in switches if one in given]
    return " or ".join(switches) if switches and (not said or "false" in said) else ""


def _is_address(value: str) -> bool:
    if value in ("localhost", "*", "$(POD_IP)"):
        return True
    try:
        ip_address(value)
    except ValueError:
        return False
    return True


def _is_every(host: str) -> bool:
    """All addresses of the pod."""
    return host.strip("[]") in ("0.0.0.0", "::")  # noqa: S104 - read, not opened


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False

"""The table of clients: values/clients/*.yaml. A program's keys are those of `$defs/program` in the chart's schema."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from ethinfra.errors import unknown_name
from ethinfra.paths import ROOT

FOLDER = ROOT / "values" / "clients"


@dataclass(frozen=True)
class Difference:
    """An answer of a client that is not what the specification says.

    method: the method, or the input, as features name it; field: of its result, where only that differs;
    answers: what comes instead, as features say it; specification: its word on it
    """

    method: str
    answers: str
    specification: str
    field: str = ""


@dataclass(frozen=True)
class Program:
    """One program of a client. known: everything that its file says, for what has no name here."""

    client: str
    name: str
    known: dict[str, Any]

    @property
    def version(self) -> str:
        version: str = self.known["version"]
        return version

    @property
    def command(self) -> str:
        """The program's name: what a container runs, and what the tool is called where it is built here."""
        command: str = self.known["command"][0]
        return command.rpartition("/")[2]

    @property
    def ports(self) -> dict[str, int]:
        ports: dict[str, int] = self.known.get("ports", {})
        return ports

    @property
    def metrics_path(self) -> str:
        path: str = self.known["metrics"]["path"]
        return path

    @property
    def series(self) -> dict[str, str]:
        """What metrics mean: head, finalized, peers, sync, txpool → the client's name for it."""
        series: dict[str, str] = self.known["metrics"].get("series", {})
        return series

    def can(self, capability: str) -> bool:
        """Whether its file lists that capability."""
        return capability in self.known.get("capabilities", [])

    @property
    def differences(self) -> tuple[Difference, ...]:
        """Answers that are not what the specification says."""
        return tuple(Difference(**one) for one in self.known.get("rpcDifferences", []))

    def difference(self, method: str) -> Difference | None:
        """Of a whole answer."""
        return next((one for one in self.differences if one.method == method and not one.field), None)

    def differing_fields(self, method: str) -> frozenset[str]:
        """Of an answer whose other fields are as specified."""
        return frozenset(one.field for one in self.differences if one.method == method and one.field)


@cache
def known_clients() -> dict[str, dict[str, Any]]:
    """Client → program → what is known of it."""
    return {name: known for file in sorted(FOLDER.glob("*.yaml")) for name, known in read_clients(file).items()}


def read_clients(file: Path) -> dict[str, dict[str, Any]]:
    """The same of one file, which may be elsewhere: a client that is tried and not offered is not in the table."""
    clients: dict[str, dict[str, Any]] = yaml.safe_load(file.read_text())["clients"]
    return clients


def find_program(client: str, name: str) -> Program:
    """BadInput where there is no such client, or no such program of it."""
    clients = known_clients()
    if client not in clients:
        raise unknown_name("client", client, sorted(clients))
    if name not in clients[client]:
        raise unknown_name(f"program of {client}", name, sorted(clients[client]))
    return Program(client, name, clients[client][name])


def programs() -> list[Program]:
    """Every program of every client."""
    return [Program(client, name, known) for client, all_ in known_clients().items() for name, known in all_.items()]

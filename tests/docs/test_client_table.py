"""docs/architecture.md's tables say what is deployed."""

from __future__ import annotations

import re

from ethinfra.clients import known_clients
from ethinfra.environment import known_environments, load_environment
from ethinfra.paths import ROOT

PAGE = (ROOT / "docs" / "architecture.md").read_text()


def rows(*columns: str) -> list[list[str]]:
    """The rows of the table with these columns."""
    (body,) = re.findall(rf"^\| {re.escape(' | '.join(columns))} \|\n\|[-|]+\n((?:\|.*\n)+)", PAGE, re.M)
    return [[cell.strip() for cell in line.strip("|\n").split("|")] for line in body.splitlines()]


def test_clients_are_those_of_the_table_with_their_versions() -> None:
    said = {name: (programs.split(", "), version) for name, programs, version, _ in rows(*CLIENT_COLUMNS)}
    known = {
        name: (list(programs), version)
        for name, programs in known_clients().items()
        for version in {str(one["version"]) for one in programs.values()}
    }

    assert said == known


def test_environments_follow_the_networks_that_are_said() -> None:
    said = {name: network.partition(",")[0] for name, _, network, _ in rows("environment", "where", "network", "nodes")}

    assert said == {name: load_environment(name).network for name in known_environments()}


CLIENT_COLUMNS = ("client", "programs", "version", "run here")

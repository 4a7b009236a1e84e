"""docs/extending.md, "Add a client", followed to the letter in a copy of the checkout, with Reth for an example."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from ethinfra.process import CommandFailed, Completed, run
from tests.docs.page import follow as follow_page
from tests.docs.page import section

TITLE = "## Add a client"
EXAMPLE = Path(__file__).parent / "reth"

TABLE = "values/clients/reth.yaml"
FLAGS = "values/clients/flags/reth.yaml"
RECIPE = "docker/clients/reth/Dockerfile"
CATALOGUE = "docker/images.yaml"
STAGING = "values/ethereum/staging.yaml"
LOCAL = "values/ethereum/local.yaml"


@pytest.fixture
def written(checkout: Path) -> Path:
    """The checkout with the four things that the page asks for."""
    for folder in ("values", "docker"):
        shutil.copytree(EXAMPLE / folder, checkout / folder, dirs_exist_ok=True)
    with (checkout / CATALOGUE).open("a") as catalogue:
        catalogue.write("\n" + (EXAMPLE / "images.yaml").read_text())
    add_node(checkout / STAGING)
    return checkout


def add_node(values: Path) -> None:
    before, nodes, after = values.read_text().partition("  nodes:\n")
    assert nodes, f"{values} names no nodes"
    values.write_text(before + nodes + (EXAMPLE / "node.yaml").read_text() + after)


def follow(checkout: Path, begin: str = "") -> Completed:
    (image,) = yaml.safe_load((EXAMPLE / "images.yaml").read_text()).values()
    url = image["releases"][0]["url"].replace("{version}", image["tag"].removeprefix("v"))
    # Nobody here has downloaded the file: a checksum of the right form.
    return follow_page(
        TITLE, checkout, begin=begin, URL=url, SHA256="5e" * 32, WITNESS="upstream's page of its releases"
    )


def test_followed_to_the_letter_it_works(written: Path):
    """The node that is rendered runs this client, with the flags of the table and in agreement with every rule."""
    done = follow(written)

    assert "the recorded flags are those of the deployed versions" in done.stdout
    assert "2 failed" not in done.stdout
    objects: list[dict[str, Any]] = list(yaml.safe_load_all((written / "rendered" / "ethereum.yaml").read_text()))
    (node,) = [one for one in objects if (one["kind"], one["metadata"]["name"]) == ("StatefulSet", "reth")]
    client = next(one for one in node["spec"]["template"]["spec"]["containers"] if one["name"] == "execution")
    assert client["image"].startswith("ghcr.io/paradigmxyz/reth:v2.5.1")
    assert client["command"] == ["reth"]
    assert {"node", "--chain=hoodi", "--full", "--authrpc.addr=127.0.0.1", "--datadir=/data"} <= set(client["args"])
    assert {one["containerPort"] for one in client["ports"]} == {8545, 8546, 9002, 9200, 30303}
    golden = (written / "features" / "static" / "golden" / "staging" / "ethereum.yaml").read_text()
    assert "ghcr.io/paradigmxyz/reth" in golden


def without(*words: str) -> Callable[[str], str]:
    """Leaves out the lines that have one of these words."""
    return lambda text: "".join(line for line in text.splitlines(True) if not any(word in line for word in words))


def instead(old: str, new: str) -> Callable[[str], str]:
    return lambda text: text.replace(old, new)


LISTED, LOCKED, BUILT, RENDERED = (
    "ethinfra clients flags",
    "ethinfra images lock",
    "pytest tests/images",
    "ethinfra render",
)


@pytest.mark.parametrize(
    ("path", "change", "begin", "said"),
    [
        (FLAGS, None, LISTED, "values/clients/flags/reth.yaml: execution is missing"),
        (FLAGS, instead("version: 2.5.1", "version: 2.5.0"), LISTED, "is of version 2.5.0, and 2.5.1 is deployed"),
        (CATALOGUE, lambda text: text.partition("\n  reth:\n")[0], LOCKED, "is nothing that the lock names"),
        (
            RECIPE,
            instead(" 9200/udp", ""),
            BUILT,
            "but the table has the ports 30303 30303/udp 8545 8546 9002 9200/udp",
        ),
        (TABLE, without("hoodi:"), RENDERED, 'clients.reth has no flags for "networks.hoodi"'),
        (TABLE, instead("gracePeriodSeconds:", "graceSeconds:"), RENDERED, "graceSeconds"),
        (STAGING, instead(", syncMode: full", ""), RENDERED, 'reth has no "snap"; it has archive, full, minimal'),
    ],
    ids=[
        "no list of flags",
        "a list of another version",
        "no image",
        "a port that the recipe lacks",
        "no flags for the network",
        "an unknown key",
        "no such way to synchronize",
    ],
)
def test_what_is_forgotten_is_named(
    written: Path, path: str, change: Callable[[str], str] | None, begin: str, said: str
):
    file = written / path
    if change is None:
        file.unlink()
    else:
        text = file.read_text()
        file.write_text(change(text))
        assert file.read_text() != text

    with pytest.raises(CommandFailed) as stopped:
        follow(written, begin)

    assert said in stopped.value.output


def test_flag_that_the_client_has_not_is_named(written: Path):
    """By one of the features that the last command runs."""
    table = written / TABLE
    table.write_text(table.read_text().replace("--max-peers=", "--maxpeers="))

    with pytest.raises(CommandFailed) as stopped:
        run([written / "bin" / "pytest", "features/static/clients.feature"], within=300)

    assert "has --maxpeers, which reth 2.5.1 has not" in stopped.value.output


def test_chain_that_a_consensus_client_cannot_follow_is_refused(written: Path):
    """The devnet's epochs have six slots, which are compiled into no release of this consensus client."""
    shutil.copy(written / LOCAL, written / STAGING)
    add_node(written / STAGING)
    environment = written / "environments" / "staging.yaml"
    environment.write_text(environment.read_text().replace("network: hoodi", "network: devnet"))

    with pytest.raises(CommandFailed) as stopped:
        follow(written, RENDERED)

    assert "sync.nodes[reth].consensus.client: network devnet has 6 slots per epoch" in stopped.value.output


def test_section_is_at_most_a_page():
    assert len(section(TITLE).splitlines()) <= 50

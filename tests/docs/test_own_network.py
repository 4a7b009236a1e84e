"""docs/extending.md, "How to bring a network of your own", followed to the letter in a copy of the checkout."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from ethinfra.process import CommandFailed, Completed
from tests.chain.network_files import UserFiles, custom, enode, enr, write_files
from tests.docs.page import follow as follow_page
from tests.docs.page import section

TITLE = "### How to bring a network of your own"


def follow(checkout: Path) -> Completed:
    return follow_page(TITLE, checkout, ENODE=enode(), ENR=enr())


def rendered(checkout: Path) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((checkout / "rendered" / "ethereum.yaml").read_text()))


def user_files(checkout: Path) -> UserFiles:
    """Of Nethermind's form there is what nobody but Nethermind reads."""
    (checkout / "chainspec.json").write_text(json.dumps({"name": "Harbour", "engine": {"Ethash": {}}}))
    return write_files(checkout)


def test_followed_to_the_letter_it_works(checkout: Path):
    """The nodes that are rendered have this network's files, peers, state and checkpoint."""
    files = user_files(checkout)

    done = follow(checkout)

    assert "network harbour: sound" in done.stdout
    objects = rendered(checkout)
    chain = next(one["data"] for one in objects if one["metadata"]["name"] == "harbour-chain")
    config = yaml.load(chain["config.yaml"], Loader=yaml.BaseLoader)  # noqa: S506 - makes text of everything
    assert config == yaml.load(files.config.read_text(), Loader=yaml.BaseLoader)  # noqa: S506
    assert yaml.safe_load(chain["genesis.json"]) == custom()["genesis"]["execution"]
    assert yaml.safe_load(chain["genesis.chainspec.json"]) == json.loads((checkout / "chainspec.json").read_text())
    nodes = [
        one
        for one in objects
        if one["kind"] == "StatefulSet" and one["metadata"]["labels"].get("ethinfra.io/role") == "sync"
    ]
    assert nodes
    assert not [one for one in objects if "validator" in one["metadata"]["name"]], "it has validators of its own"
    for node in nodes:
        pod = node["spec"]["template"]["spec"]
        flags = {flag for part in ("initContainers", "containers") for one in pod[part] for flag in one.get("args", [])}
        assert f"--state-sha256={files.sha256}" in flags
        assert "--state-url=https://files.harbour.example/genesis.ssz" in flags
        assert [flag for flag in flags if flag.endswith(f"={enode()}")]
        assert f"--genesis-hash={custom()['genesisHash']}" in flags
        assert f"--chain-id={custom()['chainId']}" in flags


def test_broken_files_stop_at_the_first_step(checkout: Path):
    network = custom()
    files = user_files(checkout)
    network["genesis"]["beaconConfig"]["DEPOSIT_CHAIN_ID"] = "1"
    files.config.write_text("".join(f"{key}: {text}\n" for key, text in network["genesis"]["beaconConfig"].items()))
    before = (checkout / "environments" / "staging.yaml").read_text()

    with pytest.raises(CommandFailed) as stopped:
        follow(checkout)

    assert stopped.value.code == 2
    assert "DEPOSIT_CHAIN_ID 1" in stopped.value.output
    assert (checkout / "environments" / "staging.yaml").read_text() == before
    assert not (checkout / "values" / "networks" / "harbour.yaml").exists()


def test_section_is_at_most_a_page():
    assert len(section("## Add a network").splitlines()) <= 60

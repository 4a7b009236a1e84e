"""docs/extending.md, "How to bring a network of your own", followed to the letter in a copy of the checkout."""

from __future__ import annotations

import os
import re
import shutil
import stat
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from ethinfra.paths import ROOT
from ethinfra.process import CommandFailed, Completed, run
from tests.chain.network_files import UserFiles, custom, enode, enr, write_files

PAGE = ROOT / "docs" / "extending.md"
TITLE = "### How to bring a network of your own"


def steps() -> str:
    """The commands of the section."""
    section = PAGE.read_text().partition(TITLE)[2].partition("\n## ")[0]
    found = re.findall(r"^```sh\n(.*?)^```", section, re.S | re.M)
    assert len(found) == 1
    return str(found[0])


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What the commands read and change, with `ethinfra` of its own on the PATH, and the user's files."""
    folder = tmp_path / "checkout"
    for name in ("charts", "environments", "ethinfra", "helmfiles", "toolchain", "values"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    command = folder / "bin" / "ethinfra"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\ncd "{folder}" && PYTHONPATH="{folder}" exec "{sys.executable}" -m ethinfra "$@"\n')
    command.chmod(command.stat().st_mode | stat.S_IXUSR)
    return folder


def follow(checkout: Path) -> Completed:
    surroundings = {
        "PATH": f"{checkout / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "ENODE": enode(),
        "ENR": enr(),
    }
    return run(["bash", "-euc", steps()], cwd=checkout, env=surroundings, within=180)


def rendered(checkout: Path) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((checkout / "rendered" / "ethereum.yaml").read_text()))


def user_files(checkout: Path, values: dict[str, Any] | None = None) -> UserFiles:
    return write_files(checkout, values)


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
        assert f"--bootnodes={enode()}" in flags
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
    section = PAGE.read_text().partition("## Add a network")[2].partition("\n## ")[0]

    assert len(section.splitlines()) <= 60

"""The project's public networks and the pinned clients say the same; the example network is really made as it says.

geth and prysmctl run for moments, without any network. Prysm's own tables are asked with `-m live`, from a beacon node.
"""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest

from ethinfra.chain.definition import Definition
from ethinfra.chain.forks import FORKS, PUBLIC
from ethinfra.chain.network_check import problems
from ethinfra.chain.network_import import genesis_hash
from ethinfra.chain.networks import network_values
from ethinfra.process import run
from ethinfra.toolchain import tool
from ethinfra.waiting import eventually
from tests.chain.network_files import custom, write_files


@cache
def of_geth(name: str) -> dict[str, Any]:
    """The genesis that geth has built in."""
    found: dict[str, Any] = json.loads(run([tool("geth"), f"--{name}", "dumpgenesis"], within=60).stdout)
    return found


def execution_times(chain: dict[str, Any]) -> dict[str, int]:
    """Fork times of an execution genesis, by consensus names; those at its beginning are 0."""
    names = {fork.time_key: fork.name for fork in FORKS if fork.time_key}
    names |= {f"bpo{i}Time": f"bpo{i}" for i in range(1, 6)}
    return {name: chain[key] for key, name in names.items() if key in chain}


@pytest.mark.parametrize("name", PUBLIC)
def test_ids_times_and_contract_are_those_of_geth(name: str):
    """All forks that geth knows, and none that it does not; epochs follow from times by the rules on networks."""
    network, chain = network_values(name), of_geth(name)["config"]

    assert network["chainId"] == PUBLIC[name].chain_id == chain["chainId"]
    assert network["depositContract"]["address"].lower() == chain["depositContractAddress"].lower()
    told = {one["name"]: one.get("time", 0) for one in network["forks"] if one["name"] not in ("altair", "bellatrix")}
    assert told == execution_times(chain)
    assert problems(network) == []


@pytest.mark.parametrize("name", [pytest.param("mainnet", marks=pytest.mark.live), "sepolia", "hoodi"])
def test_genesis_hash_is_that_of_geth(name: str, tmp_path: Path):
    hashed = run(
        [
            tool("geth"), f"--{name}", f"--datadir={tmp_path}", "--nodiscover", "--maxpeers=0", "--port=0",
            "--authrpc.port=0", "--ipcdisable", "--cache=16", "--exec=eth.getBlock(0).hash", "console",
        ],
        within=120,
    ).stdout  # fmt: skip

    assert network_values(name)["genesisHash"] == json.loads(hashed.splitlines()[-1])


def test_public_networks_have_several_sources_of_checkpoints():
    """Of different owners: one that is gone must not stop everybody."""
    for name in PUBLIC:
        hosts = {url.split("/")[2] for url in network_values(name)["checkpointSyncUrls"]}
        assert len({".".join(host.split(".")[-2:]) for host in hosts}) >= 3


def test_example_is_made_again_byte_by_byte(tmp_path: Path):
    """The state from the description in the file has the digest in the file, and both halves are of one chain."""
    network = custom()

    made = write_files(tmp_path, network)

    assert made.sha256 == network["genesis"]["state"]["sha256"]
    assert genesis_hash(network["genesis"]["execution"]) == network["genesisHash"]
    assert bytes.fromhex(network["genesisHash"][2:]) in made.state.read_bytes()


def test_another_description_makes_another_state(tmp_path: Path):
    network = custom()
    network["genesis"]["execution"]["gasLimit"] = "0x3938701"

    made = write_files(tmp_path, network)

    assert made.sha256 != network["genesis"]["state"]["sha256"]
    assert genesis_hash(network["genesis"]["execution"]) != network["genesisHash"]


def test_digest_is_of_the_whole_file(tmp_path: Path):
    """The negative control of what compares digests here."""
    made = write_files(tmp_path)
    content = made.state.read_bytes()
    made.state.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))

    assert made.sha256 != custom()["genesis"]["state"]["sha256"]


class Prysm:
    """A beacon node without peers and without an execution client, and its Beacon API."""

    def __init__(self, folder: Path, *flags: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as two:
            self.port, rpc = one.getsockname()[1], two.getsockname()[1]
        self.log = folder / "prysm.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [
                    tool("beacon-chain"), f"--datadir={folder}", "--accept-terms-of-use", "--disable-quic",
                    "--no-discovery", "--bootstrap-node=", "--execution-endpoint=http://127.0.0.1:1",
                    f"--http-port={self.port}", f"--rpc-port={rpc}", "--disable-monitoring",
                    "--p2p-tcp-port=0", "--p2p-udp-port=0",
                    "--p2p-host-ip=127.0.0.1", "--p2p-local-ip=127.0.0.1", *flags,
                ],
                stdout=log, stderr=log,
            )  # fmt: skip

    def ask(self, path: str) -> Any:
        def once() -> Any:
            try:
                return httpx.get(f"http://127.0.0.1:{self.port}{path}", timeout=5).json()["data"]
            except httpx.HTTPError as reason:
                raise ConnectionError(str(reason)) from reason

        return eventually(f"Prysm answers {path}", once, within=60, hint=str(self.log))

    def epochs(self) -> dict[str, int]:
        """What it has scheduled, by names as in `forks`."""
        spec = self.ask("/eth/v1/config/spec")
        definition = Definition({"genesis": {"beaconConfig": {key: str(spec[key]) for key in spec}}})
        found = {fork.name: definition.epoch(fork) for fork in FORKS[1:] if fork.epoch_key in spec}
        found |= {f"bpo{i}": int(one["EPOCH"]) for i, one in enumerate(spec["BLOB_SCHEDULE"], start=1)}
        return {name: epoch for name, epoch in found.items() if epoch is not None}


@pytest.fixture
def prysm(tmp_path: Path) -> Iterator[Callable[..., Prysm]]:
    with ExitStack() as running:

        def start(*flags: str) -> Prysm:
            node = Prysm(tmp_path, *flags)
            running.callback(node.process.wait, 30)
            running.callback(node.process.terminate)
            return node

        yield start


@pytest.mark.live
def test_epochs_and_contract_are_those_of_prysm(prysm: Callable[..., Prysm]):
    """Of mainnet, whose genesis alone is built into Prysm; for others it wants to fetch a state before it answers."""
    network = network_values("mainnet")

    node = prysm("--mainnet")

    contract = {"chain_id": str(network["chainId"]), "address": network["depositContract"]["address"]}
    assert node.ask("/eth/v1/config/deposit_contract") == contract
    assert int(node.ask("/eth/v1/beacon/genesis")["genesis_time"]) == PUBLIC["mainnet"].genesis_time
    assert node.epochs() == {one["name"]: one["epoch"] for one in network["forks"]}


@pytest.mark.live
def test_example_is_understood_by_prysm(prysm: Callable[..., Prysm], tmp_path: Path):
    """All that is in the configuration, and the state with it: every value that it does not know, it logs."""
    network = custom()
    made = write_files(tmp_path, network)

    node = prysm(
        f"--chain-id={network['chainId']}", f"--chain-config-file={made.config}", f"--genesis-state={made.state}"
    )

    assert int(node.ask("/eth/v1/beacon/genesis")["genesis_time"]) == Definition(network).genesis_time
    assert node.epochs() == {one["name"]: one["epoch"] for one in network["forks"]}
    assert "issues parsing" not in node.log.read_text()

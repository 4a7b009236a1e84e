"""The files that a user brings, made from values/networks/custom.yaml, and broken in one place or another."""

from __future__ import annotations

import base64
import hashlib
import json
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import rlp
from eth_keys.datatypes import PrivateKey
from eth_utils.crypto import keccak

from ethinfra.chain.networks import network_values
from ethinfra.process import run
from ethinfra.toolchain import tool

_read = cache(network_values)


def custom() -> dict[str, Any]:
    """A sound network of one's own, to be broken."""
    return deepcopy(_read("custom"))


@dataclass(frozen=True)
class UserFiles:
    genesis: Path
    config: Path
    state: Path

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.state.read_bytes()).hexdigest()


def write_files(folder: Path, values: dict[str, Any] | None = None) -> UserFiles:
    """As other tools write them; the state is made by prysmctl."""
    genesis = (values or custom())["genesis"]
    made = UserFiles(folder / "genesis.json", folder / "config.yaml", folder / "genesis.ssz")
    # Keys without a value, as geth's own `dumpgenesis` writes them.
    made.genesis.write_text(json.dumps(genesis["execution"] | {"excessBlobGas": None}, indent=1))
    made.config.write_text(
        "# A comment.\n" + "".join(f"{key}: {text}\n" for key, text in genesis["beaconConfig"].items())
    )
    make_state(made, genesis)
    return made


def make_state(files: UserFiles, genesis: dict[str, Any]) -> None:
    start = int(genesis["beaconConfig"]["MIN_GENESIS_TIME"]) + int(genesis["beaconConfig"]["GENESIS_DELAY"])
    run(
        [
            tool("prysmctl"), "testnet", "generate-genesis", f"--fork={genesis['fork']}",
            f"--num-validators={genesis['validators']}", f"--genesis-time={start}",
            f"--chain-config-file={files.config}", f"--geth-genesis-json-in={files.genesis}",
            f"--output-ssz={files.state}",
        ],
        within=60,
    )  # fmt: skip


def enode(address: str = "203.0.113.10:30303", *, seed: str = "a node") -> str:
    key = PrivateKey(hashlib.sha256(seed.encode()).digest())
    return f"enode://{key.public_key.to_bytes().hex()}@{address}"


def enr(ip: str = "203.0.113.11", *, seed: str = "a node", **more: bytes | list[bytes]) -> str:
    """A signed record (EIP-778). ip: empty for none."""
    key = PrivateKey(hashlib.sha256(seed.encode()).digest())
    pairs: dict[str, Any] = {"id": b"v4", "secp256k1": key.public_key.to_compressed_bytes(), **more}
    if ip:
        pairs |= {"ip": bytes(map(int, ip.split("."))), "tcp": (9000).to_bytes(2, "big")}
    content = [b"\x01"]
    for name in sorted(pairs):
        content += [name.encode(), pairs[name]]
    signature = key.sign_msg_hash(keccak(rlp.encode(content))).to_bytes()[:64]
    return f"enr:{base64.urlsafe_b64encode(rlp.encode([signature, *content])).rstrip(b'=').decode()}"

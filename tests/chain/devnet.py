"""The project's devnet on loopback: two nodes of geth and Prysm, the first with all validators. No cluster.

Made from values/networks/devnet.yaml, as the chart makes it, so that what it shows about these values holds there too.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ethinfra.chain.link import HttpLink
from ethinfra.chain.node import Node
from ethinfra.paths import ROOT
from ethinfra.probe import jwt
from ethinfra.probe.keys import PrivateKey, enode_id, peer_id
from ethinfra.process import run
from ethinfra.toolchain import tool

#: Seconds from the genesis' making to slot 0.
DELAY = 12


@dataclass
class LoopbackNode:
    """One node of the devnet and its processes by name."""

    node: Node
    processes: dict[str, subprocess.Popen[bytes]]
    ports: dict[str, int]
    folder: Path

    @property
    def secret(self) -> str:
        return (self.folder / "jwt.hex").read_text()

    def freeze(self, name: str) -> None:
        self.processes[name].send_signal(signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        self.processes[name].send_signal(signal.SIGCONT)

    def link(self, port: str) -> HttpLink:
        return HttpLink(f"http://127.0.0.1:{self.ports[port]}", within=5)


@dataclass(frozen=True)
class Devnet:
    first: LoopbackNode
    second: LoopbackNode
    chain_id: int


@contextmanager
def running(folder: Path) -> Iterator[Devnet]:
    """Start the devnet; it ends with the context, and its folder holds the logs."""
    network = yaml.safe_load((ROOT / "values" / "networks" / "devnet.yaml").read_text())["network"]
    _make_genesis(folder, network)
    node_key, p2p_key = PrivateKey.new(), PrivateKey.new()
    (folder / "nodekey").write_text(node_key.hex())
    (folder / "p2p-key").write_text(p2p_key.hex())
    with ExitStack() as started:
        one = _start(started, folder / "one", network["chainId"], first=folder)
        enode = f"enode://{enode_id(node_key.public())}@127.0.0.1:{one.ports['p2p']}"
        peer = f"/ip4/127.0.0.1/tcp/{one.ports['beacon-p2p']}/p2p/{peer_id(p2p_key.public())}"
        two = _start(started, folder / "two", network["chainId"], join=(enode, peer))
        yield Devnet(one, two, network["chainId"])


def _make_genesis(folder: Path, network: dict[str, Any]) -> None:
    genesis = network["genesis"]
    alloc = genesis["execution"]["alloc"]
    funded = network["fundedAccounts"]
    alloc |= {address: {"balance": funded["balance"]} for address in funded["addresses"]}
    (folder / "in.json").write_text(json.dumps(genesis["execution"]))
    lines = [f"{key}: {value}" for key, value in genesis["beaconConfig"].items()]
    (folder / "config.yaml").write_text("\n".join(lines) + "\n")
    run(
        [
            tool("prysmctl"), "testnet", "generate-genesis", f"--fork={genesis['fork']}",
            f"--num-validators={genesis['validators']}", f"--genesis-time={int(time.time()) + DELAY}",
            f"--chain-config-file={folder}/config.yaml", f"--geth-genesis-json-in={folder}/in.json",
            f"--geth-genesis-json-out={folder}/genesis.json", f"--output-ssz={folder}/genesis.ssz",
        ],
        within=60,
    )  # fmt: skip


def _start(
    started: ExitStack, folder: Path, chain_id: int, *, first: Path | None = None, join: tuple[str, str] | None = None
) -> LoopbackNode:
    folder.mkdir()
    made = folder.parent
    jwt.ensure(folder / "jwt.hex")
    names = ("rpc", "engine", "p2p", "beacon", "grpc", "beacon-p2p", "udp", "quic", "metrics", "v-metrics", "v-http")
    ports = dict(zip(names, _free_ports(len(names)), strict=True))
    geth, beacon = tool("geth"), tool("beacon-chain")
    run([geth, "init", "--state.scheme=path", f"--datadir={folder}/geth", made / "genesis.json"], within=60)
    processes: dict[str, subprocess.Popen[bytes]] = {}

    def spawn(name: str, *command: object) -> None:
        log = started.enter_context((folder / f"{name}.log").open("wb"))
        child = subprocess.Popen(list(map(str, command)), stdout=log, stderr=subprocess.STDOUT, cwd=folder)
        processes[name] = child
        started.callback(_end, child)

    spawn(
        "geth", geth, f"--datadir={folder}/geth", "--syncmode=full", f"--networkid={chain_id}", "--ipcdisable",
        "--http", f"--http.port={ports['rpc']}", f"--authrpc.port={ports['engine']}",
        f"--authrpc.jwtsecret={folder}/jwt.hex", f"--port={ports['p2p']}", "--nat=extip:127.0.0.1", "--cache=64",
        *([f"--nodekey={first}/nodekey", "--bootnodes="] if first else []),
        *([f"--bootnodes={join[0]}"] if join else []),
    )  # fmt: skip
    spawn(
        "beacon", beacon, f"--datadir={folder}/beacon", "--accept-terms-of-use", "--disable-quic", "--bootstrap-node=",
        f"--execution-endpoint=http://127.0.0.1:{ports['engine']}", f"--jwt-secret={folder}/jwt.hex",
        f"--chain-id={chain_id}", f"--chain-config-file={made}/config.yaml", f"--genesis-state={made}/genesis.ssz",
        "--contract-deployment-block=0", "--interop-eth1data-votes", "--minimum-peers-per-subnet=0",
        "--suggested-fee-recipient=0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
        f"--http-port={ports['beacon']}", f"--rpc-port={ports['grpc']}", f"--monitoring-port={ports['metrics']}",
        f"--p2p-tcp-port={ports['beacon-p2p']}", f"--p2p-udp-port={ports['udp']}", f"--p2p-quic-port={ports['quic']}",
        "--p2p-local-ip=127.0.0.1", "--p2p-host-ip=127.0.0.1",
        *([f"--p2p-priv-key={first}/p2p-key", "--min-sync-peers=0"] if first else []),
        *(["--min-sync-peers=1", f"--peer={join[1]}"] if join else []),
    )  # fmt: skip
    if first:
        spawn(
            "validator", tool("validator"), f"--datadir={folder}/validator", f"--wallet-dir={folder}/wallet",
            "--accept-terms-of-use", "--interop-num-validators=64", "--interop-start-index=0",
            f"--chain-config-file={made}/config.yaml", f"--beacon-rpc-provider=127.0.0.1:{ports['grpc']}",
            f"--monitoring-port={ports['v-metrics']}", f"--http-port={ports['v-http']}",
        )  # fmt: skip
    rpc, api = (HttpLink(f"http://127.0.0.1:{ports[name]}", name=f"{folder.name} {name}") for name in ("rpc", "beacon"))
    node = Node(folder.name, rpc, api, look_at=f"{folder}/geth.log, {folder}/beacon.log")
    started.callback(node.close)
    return LoopbackNode(node, processes, ports, folder)


def _end(child: subprocess.Popen[bytes]) -> None:
    child.send_signal(signal.SIGCONT)
    child.terminate()
    try:
        child.wait(30)
    except subprocess.TimeoutExpired:
        os.kill(child.pid, signal.SIGKILL)
        child.wait()


def _free_ports(count: int) -> list[int]:
    with ExitStack() as held:
        return [held.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1] for _ in range(count)]

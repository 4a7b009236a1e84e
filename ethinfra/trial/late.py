"""Nodes that join a running network late, with empty volumes, as releases of the layer's own chart."""

from __future__ import annotations

import re
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from ethinfra.chain.discovery import DeployedNode, find_nodes
from ethinfra.chain.jsonrpc import Block, RpcError
from ethinfra.chain.node import Node
from ethinfra.chain.quantities import Address
from ethinfra.clients import Program
from ethinfra.cluster.provider import Cluster
from ethinfra.deploy import install_release, release_values, uninstall_release
from ethinfra.deploy.release import Values
from ethinfra.environment import Environment
from ethinfra.errors import ChainError
from ethinfra.kube import Kube
from ethinfra.trial.scripted import CHART
from ethinfra.waiting import eventually

#: The clients of late nodes. What is counted below of the one are geth's own counters.
EXECUTION, CONSENSUS = "geth", "prysm"

#: Of the sync nodes' Beacon API, which also leads to nodes that are not ready.
CHECKPOINT = "http://geth-beacon.ethereum.svc:3500"

#: A full node keeps the states of so many recent blocks (geth v1.17, triedb/pathdb: maxDiffLayers).
STATES_KEPT = 128

#: Bytes of a header that no compression takes away: hashes of its parent and of its state, and the random number.
INCOMPRESSIBLE = 96

_HEADERS_RECEIVED = re.compile(r"p2p_ingress_eth_\d+_0x04")


@dataclass
class LateNodes:
    """The late nodes of one scenario."""

    cluster: Cluster
    kube: Kube
    env: Environment
    #: Beacon API of nodes that follow the chain: a late consensus client starts from their finalized state.
    checkpoint: str
    prefix: str
    old: OldChain
    joined: dict[str, DeployedNode] = field(default_factory=dict)
    _releases: list[str] = field(default_factory=list)

    @property
    def namespace(self) -> str:
        return self.env.layer("ethereum").namespace

    def join(self, mode: str, *, devp2p: bool = True, within: float) -> DeployedNode:
        """Start a node with an empty volume and a sync mode (`full`, `snap`); returns once its RPC answers.

        devp2p: False cuts it off from execution peers, by network policy
        """
        name = f"{self.prefix}-{mode}"
        self._releases.append(name)
        node_values = {
            "name": name,
            "execution": {"client": EXECUTION, "syncMode": mode},
            "consensus": {"client": CONSENSUS, "checkpointSyncUrl": self.checkpoint},
        }
        own = {"networkPolicy": {"devp2p": devp2p}}
        node = self.joined[mode] = join(self.cluster, self.kube, self.env, node_values, own, within=within)
        return node

    def remove_all(self) -> None:
        """Remove them with their volumes."""
        for node in self.joined.values():
            node.close()
        while self._releases:
            uninstall_release(self.cluster, self._releases.pop(), self.namespace)


def install(cluster: Cluster, env: Environment, node: Values, *more: Path | Values) -> None:
    """Install the layer's chart and values once more, with this one node. Does not wait for its pod.

    The release has the node's name. The caller uninstalls it; the volumes, empty at first, go with it.

    more: values of the release; later ones win
    """
    single = {**node, "replicas": 1, "storage": {"whenDeleted": "Delete", "whenScaled": "Delete"}}
    with tempfile.TemporaryDirectory(prefix="ethinfra-late-") as folder:
        base = release_values(env, "ethereum", "sync", into=Path(folder) / "sync.yaml")
        values = [base, *more, {"sync": {"nodes": [single]}}]
        install_release(cluster, node["name"], CHART, values, env.layer("ethereum").namespace)


def join(
    cluster: Cluster,
    kube: Kube,
    env: Environment,
    node: Values,
    *more: Path | Values,
    execution: Program | None = None,
    within: float,
) -> DeployedNode:
    """`install` a node, and return once its RPC answers. The caller uninstalls it, whatever happens here.

    more: values of the release, a client file among them; later ones win
    execution: what is known of the node's execution client, where the client table does not say it
    """
    name, namespace = node["name"], env.layer("ethereum").namespace
    install(cluster, env, node, *more)
    found = eventually(
        f"the pod of late node {name} runs",
        lambda: find_nodes(kube, namespace, labels=f"app.kubernetes.io/instance={name}", execution=execution),
        within=within,
        hint=f"kubectl -n {namespace} describe pod {name}-0",
    )
    eventually(f"late node {name} answers", found[0].head, until=lambda _: True, within=within)
    return found[0]


@dataclass(frozen=True)
class OldChain:
    """What was final before a node joined. filled: blocks with transactions among them; only those have bodies."""

    blocks: int
    filled: int


def old_chain(leader: Node) -> OldChain:
    """The final part of the chain, as a node that follows it has it. The genesis block is not counted."""
    final = leader.finalized()
    height = final.number if final else 0
    return OldChain(height, sum(bool(known_block(leader, number).transactions) for number in range(1, height + 1)))


def known_block(node: Node, number: int) -> Block:
    """A block below the node's head. ChainError if the node lacks it."""
    found = node.rpc.block(number)
    if found is None:
        raise ChainError(f"{node.name}: block {number}", expected="a block below its head", seen="none")
    return found


def must_have_synced_by_devp2p(node: DeployedNode, old: OldChain) -> dict[str, float]:
    """The node has fetched the old chain's headers and bodies from execution peers; returns its own counts.

    Its consensus client, which began at a checkpoint, cannot have handed it those. Empty blocks have no body to fetch,
    and headers are counted by geth in bytes of messages (metrics of v1.17: p2p/ingress/eth/VERSION/0x04).
    """
    counts = {
        name: value
        for name, value in node.metrics().items()
        if name == "eth_downloader_bodies_in" or _HEADERS_RECEIVED.fullmatch(name)
    }
    headers = sum(value for name, value in counts.items() if _HEADERS_RECEIVED.fullmatch(name))
    fetched = int(headers // INCOMPRESSIBLE), int(counts.get("eth_downloader_bodies_in", 0))
    if old.blocks == 0 or fetched[0] < old.blocks or fetched[1] < old.filled or not node.execution_peers():
        raise ChainError(
            f"{node.name}: blocks fetched from execution peers",
            expected=f"{old.blocks} headers of at least {INCOMPRESSIBLE} bytes, {old.filled} bodies",
            seen=f"{counts}, {len(node.execution_peers())} peers",
        )
    return counts


def must_have_state(node: Node, block: int, address: Address) -> None:
    """The node knows a balance at that block."""
    node.rpc.balance(address, block)


def must_lack_state(node: Node, block: int, address: Address) -> str:
    """The node has the block and not its state; returns what it says. ChainError if it answers with a balance."""
    known_block(node, block)
    try:
        balance = node.rpc.balance(address, block)
    except RpcError as missing:
        return str(missing)
    raise ChainError(f"{node.name}: state at block {block}", expected="missing", seen=f"a balance of {balance} wei")


def must_stay_behind(node: DeployedNode, leader: Node, *, seconds: float) -> Block:
    """For so long the node's head stays below where the leader is now, though its consensus client knows the chain."""
    goal = leader.head().number
    eventually(
        f"the consensus client of {node.name} knows the chain",
        lambda: node.beacon.syncing().head,
        within=120,
        hint=f"kubectl -n {node.namespace} logs {node.pod} -c consensus",
    )
    deadline = time.monotonic() + seconds
    head = eventually(
        f"{node.name} was watched for {seconds:g}s",
        node.head,
        until=lambda seen: seen.number >= goal or time.monotonic() >= deadline,
        within=seconds + 30,
        every=1,
    )
    if head.number >= goal:
        raise ChainError(
            f"{node.name} without devp2p", expected=f"stays below block {goal}", seen=f"block {head.number}"
        )
    return head

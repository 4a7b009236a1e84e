"""A network that runs already, taken as a stranger gets it, and nodes of the chart that join it by that alone.

Its operator hands out what every network hands out: genesis.json, config.yaml, the beacon state at genesis, and the
addresses of nodes. Here the network is the layer's own, and most of this is asked of its nodes; the rest is as the
layer's ConfigMap has it. The stranger knows nothing else: no genesis time, no identity of a first node, no Secret.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from ethinfra.chain.discovery import DeployedNode, enode_id
from ethinfra.chain.networks import network_file
from ethinfra.chain.node import Node
from ethinfra.deploy.release import Values
from ethinfra.errors import ChainError, ClusterError
from ethinfra.kube import Kube, Object
from ethinfra.paths import ROOT
from ethinfra.process import run
from ethinfra.trial.late import known_block
from ethinfra.waiting import eventually

#: The init container that fetches the state (templates/_init.tpl), and those that may run before it.
FETCHES, BEFORE = "genesis", ("jwt", "checkpoint")

_SSZ = {"Accept": "application/octet-stream"}


@dataclass(frozen=True)
class HandedOut:
    """What a network's operator gives to whoever wants to join. enodes, records: addresses of nodes on either side."""

    genesis: Path
    config: Path
    state: Path
    enodes: tuple[str, ...]
    records: tuple[str, ...]

    @property
    def digest(self) -> str:
        """SHA-256 of the state."""
        return hashlib.sha256(self.state.read_bytes()).hexdigest()


def hand_out(nodes: Sequence[DeployedNode], network: str, into: Path) -> HandedOut:
    """Write down the network that these nodes follow; a geth's word counts for what was fixed when it began."""
    telling = [node for node in nodes if node.execution.can("admin-peers")]
    if not telling:
        raise ChainError(
            "no node of the network tells its address", expected="a client with the capability admin-peers"
        )
    node = telling[0]
    chain = node.kube.get("ConfigMap", f"{network}-chain", node.namespace)
    if chain is None:
        raise ClusterError(f"there is no ConfigMap {node.namespace}/{network}-chain, which describes the network")
    genesis = json.loads(chain["data"]["genesis.json"])
    genesis["config"] = node.console("admin.nodeInfo.protocols.eth.config")
    genesis["timestamp"] = hex(known_block(node, 0).timestamp)
    found = HandedOut(
        into / "genesis.json",
        into / "config.yaml",
        into / "genesis.ssz",
        enodes=tuple(one.console("admin.nodeInfo.enode") for one in telling),
        # Of all: Prysm waits for three peers before it asks any of them for blocks (--min-sync-peers).
        records=tuple(one.beacon.identity().enr for one in nodes),
    )
    found.genesis.write_text(json.dumps(genesis))
    found.config.write_text(chain["data"]["config.yaml"])
    found.state.write_bytes(genesis_state(node))
    return found


def genesis_state(node: Node) -> bytes:
    """The beacon state at slot 0, SSZ, as a Beacon API gives it to anybody. ChainError if it does not."""
    path = "/eth/v2/debug/beacon/states/genesis"
    answer = node.beacon.link.send("GET", path, headers=_SSZ)
    if answer.status != 200:
        seen = f"HTTP {answer.status}: {answer.body[:120]!r}"
        raise ChainError(f"{node.name}: {path}", expected="a state", seen=seen)
    return answer.body


def import_network(name: str, given: HandedOut, state_url: str, folder: Path) -> Path:
    """Make a network file by the command that users have; CommandFailed, with all complaints, if it is refused."""
    run(
        [
            sys.executable, "-m", "ethinfra", "network", "import", name,
            "--genesis", given.genesis, "--config", given.config, "--state", state_url, "--state", given.state,
            "--folder", folder, *(part for one in (*given.enodes, *given.records) for part in ("--bootnode", one)),
        ],
        cwd=ROOT,
        within=120,
    )  # fmt: skip
    return network_file(name, folder)


def with_digest(file: Path, digest: str) -> Path:
    """A network file beside another, which promises another state at the same address."""
    document = file.with_name(f"{digest[:12]}.yaml")
    old = yaml.safe_load(file.read_text())["network"]["genesis"]["state"]["sha256"]
    # As text: PyYAML would change how numbers and codes are written.
    document.write_text(file.read_text().replace(old, digest))
    return document


def instead(file: Path) -> list[Path | Values]:
    """Values that put this network in the place of the environment's, nothing of which remains."""
    return [{"network": None}, file, {"network": {"create": {"enabled": True}}}]


def must_have_fetched(node: DeployedNode, digest: str) -> str:
    """The node's pod has fetched a state of this digest; what it says of that."""
    said = node.kube.logs(node.namespace, node.pod, FETCHES).strip()
    if "fetched" not in said or digest not in said:
        expected = f"a state fetched, SHA-256 {digest}"
        raise ClusterError(f"container {FETCHES} of {node.pod}", expected=expected, seen=said)
    return said


def must_have_joined(node: DeployedNode, hosts: Sequence[DeployedNode], given: HandedOut, *, within: float) -> None:
    """Each client of the node is connected to at least one of those whose addresses were handed out."""
    ids = {enode_id(one) for one in given.enodes}
    peer_ids = {one.beacon.identity().peer_id for one in hosts}

    def look() -> tuple[set[str], set[str]]:
        execution, consensus = node.execution_peers(), node.beacon.peers()
        return ids & {one.node_id for one in execution}, peer_ids & {one.peer_id for one in consensus}

    eventually(
        f"both clients of {node.name} are connected to nodes that were handed out",
        look,
        until=all,
        within=within,
        hint=f"kubectl -n {node.namespace} logs {node.pod} -c consensus",
    )


def must_refuse(kube: Kube, namespace: str, pod: str, promised: str, there: str, *, within: float) -> str:
    """The pod fetched a state of another digest than the promised one, says both, and has started no client.

    Returns what it says. ClusterError if another container than those before it was ever started
    """

    def look() -> str:
        found = kube.get("Pod", pod, namespace)
        codes = [code for one in _statuses(found) if one["name"] == FETCHES for code in _exit_codes(one)]
        log = kube.logs(namespace, pod, FETCHES).strip() if codes else ""
        return f"exit codes {sorted(codes)}: {log}"

    said = eventually(
        f"container {FETCHES} of {pod} refuses the state",
        look,
        until=lambda seen: seen.startswith("exit codes [1") and promised in seen and there in seen,
        within=within,
        every=0.5,
        hint=f"kubectl -n {namespace} describe pod {pod}",
    )
    started = [one["name"] for one in _statuses(kube.get("Pod", pod, namespace)) if _was_started(one)]
    others = ", ".join(sorted(set(started) - {FETCHES, *BEFORE}))
    if others:
        raise ClusterError(f"pod {namespace}/{pod}", expected="no client was started", seen=f"started: {others}")
    return said


def _statuses(pod: Object | None) -> list[Object]:
    """Of all containers, those that run before the others included."""
    status = (pod or {}).get("status", {})
    return [*status.get("initContainerStatuses", []), *status.get("containerStatuses", [])]


def _exit_codes(container: Object) -> list[int]:
    states = (container.get("state", {}), container.get("lastState", {}))
    return [one["terminated"]["exitCode"] for one in states if "terminated" in one]


def _was_started(container: Object) -> bool:
    return "waiting" not in container["state"] or bool(container.get("lastState")) or container["restartCount"] > 0

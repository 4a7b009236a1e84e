"""Steps about snapshots that are taken of a running node."""

from __future__ import annotations

import pytest
from pytest_bdd import given, parsers, then, when

from ethinfra.chain.accounts import funded_account
from ethinfra.chain.discovery import DeployedNode
from ethinfra.chain.networks import Network
from ethinfra.chain.transactions import must_have_same_receipt, send_data
from ethinfra.environment import Environment
from ethinfra.kube import Kube
from ethinfra.snapshot.manifest import ANNOTATION_DOWNTIME, ANNOTATION_SENT
from ethinfra.snapshot.reader import Snapshot
from ethinfra.trial.snapshots import Snapshots, Taken
from ethinfra.waiting import eventually
from fixtures.chain import Nodes
from fixtures.evidence import Evidence

#: Seconds after which geth looks again for blocks to freeze (1.17, core/rawdb, freezerRecheckInterval).
FREEZES_EVERY = 60


@pytest.fixture
def snapshot_node(nodes: Nodes, snapshots: Snapshots) -> DeployedNode:
    """The replica of which this scenario takes snapshots."""
    return next(node for node in nodes.sync if node.pod == f"{snapshots.node}-0")


@given("a promoted snapshot of a geth node", target_fixture="snapshot")
def promoted_snapshot(snapshots: Snapshots) -> Snapshot:
    """The newest. `@snapshot` has seen to it that there is one."""
    newest = snapshots.latest()
    assert newest is not None, f"nothing was promoted in {snapshots.repository}"
    return newest


@given(parsers.parse("{size:d} MB of a chain that a geth node has in files which are never written again"))
def frozen_data(
    size: int, snapshot_node: DeployedNode, nodes: Nodes, network: Network, env: Environment, evidence: Evidence
) -> None:
    """Random bytes in transactions, which nothing makes smaller; their blocks are final and in the node's freezer."""
    last = send_data(nodes.leader, funded_account(network, 3), network.funded[-1], size * 1_000_000)
    number = must_have_same_receipt([snapshot_node], last, within=env.timeout("finality")).number
    snapshot_node.must_finalize(number - 1, within=env.timeout("finality"))
    frozen = eventually(
        f"{snapshot_node.pod} has block {number} in its freezer",
        lambda: int(snapshot_node.console("debug.dbAncients()")),
        until=lambda seen: seen > number,
        within=2 * FREEZES_EVERY,
        every=2,
    )
    evidence.attach("chain", {"data until block": number, "frozen blocks": frozen})


@given(parsers.parse("{count:d} blocks later"))
def blocks_later(count: int, nodes: Nodes, env: Environment) -> None:
    """Seen on a sync node."""
    nodes.leader.must_advance(count, within=env.timeout("readiness"))


@given("a snapshot of that node", target_fixture="snapshot")
def snapshot_now(snapshots: Snapshots) -> Snapshot:
    """Taken now, by its job, and promoted."""
    taken = snapshots.take()
    taken.job.must_have_succeeded()
    return taken.promoted


@when("a snapshot of a geth node is taken", target_fixture="taken")
@when("another snapshot of the same node is taken", target_fixture="taken")
def take_snapshot(snapshots: Snapshots, snapshot_node: DeployedNode, evidence: Evidence) -> Taken:
    """By the job that its schedule would start, now; whatever the last one was."""
    assert snapshot_node.pod
    taken = snapshots.take()
    evidence.attach("snapshot job", {"containers": taken.job.containers, "said": taken.job.said})
    return taken


@then('it is promoted, and it is what "latest" means')
def it_is_promoted(taken: Taken, snapshots: Snapshots, evidence: Evidence) -> None:
    latest = snapshots.latest()
    assert latest is not None
    evidence.attach("latest", {"id": latest.id, "digest": latest.digest, "annotations": dict(latest.annotations)})
    assert latest.digest == taken.promoted.digest


@then("it names the client, version, network, genesis, block, state root, database scheme and owner of the node's data")
def it_is_described(
    taken: Taken, snapshot_node: DeployedNode, nodes: Nodes, network: Network, evidence: Evidence
) -> None:
    """As the node itself and the client table say; the block and its state root as another node has them."""
    said, known = taken.promoted.config.description, snapshot_node.execution
    other = next(node for node in nodes.sync if node.pod != snapshot_node.pod)
    block = other.rpc.call("eth_getBlockByNumber", hex(said.block.number), False)
    evidence.attach("description", repr(said))
    assert (said.client.name, said.client.version) == (known.client, str(known.known["version"]))
    assert (said.network.name, said.network.chain_id) == (network.name, snapshot_node.rpc.chain_id())
    genesis = other.rpc.call("eth_getBlockByNumber", "0x0", False)
    assert said.network.genesis_hash == genesis["hash"]
    assert (said.block.hash, said.block.state_root) == (block["hash"], block["stateRoot"])
    assert said.block.timestamp == int(block["timestamp"], 16)
    assert said.finalized is not None
    assert said.finalized.number <= said.block.number
    assert said.database.scheme == known.known["snapshot"]["scheme"]
    assert (said.owner.uid, said.owner.gid) == owner_of(snapshot_node)


@then("the node was stopped cleanly, and was down no longer than the snapshot's limit")
def stopped_cleanly(
    taken: Taken, snapshot_node: DeployedNode, kube: Kube, env: Environment, evidence: Evidence
) -> None:
    """Its log has no word of an unclean shutdown. From the stop to the next answer: `timeouts.snapshotDowntime`."""
    log = kube.logs(snapshot_node.namespace, snapshot_node.pod, "execution")
    assert log, f"the new pod {snapshot_node.pod} has no log"
    unclean = str(snapshot_node.execution.known["log"]["unclean"])
    assert unclean not in log
    down = taken.number(ANNOTATION_DOWNTIME)
    evidence.attach("downtime", {"seconds": down, "limit": env.timeout("snapshotDowntime")})
    assert 0 < down <= env.timeout("snapshotDowntime")


@then("the node follows the head again, and has the recorded block")
def node_follows(taken: Taken, snapshot_node: DeployedNode, nodes: Nodes, env: Environment) -> None:
    """Within `timeouts.readiness`."""
    others = [node for node in nodes.every if node.pod != snapshot_node.pod]
    snapshot_node.must_follow_head(others, spread=int(env.budget("headSpread")), within=env.timeout("readiness"))
    recorded = taken.promoted.config.description.block
    found = snapshot_node.rpc.call("eth_getBlockByNumber", hex(recorded.number), False)
    assert found["hash"] == recorded.hash


@then("it sent less than a third of what is stored of it, and nothing of what the first one has")
def sent_little(taken: Taken, snapshot: Snapshot, evidence: Evidence) -> None:
    """What the first one has is told by what files hold, however it is cut or compressed."""
    new = taken.promoted
    had = {chunk.raw for _, chunk in snapshot.config.chunks()}
    fresh = {chunk.layer: chunk.stored for _, chunk in new.config.chunks() if chunk.raw not in had}
    sent = int(taken.number(ANNOTATION_SENT))
    figures = {"files": new.config.size, "stored": new.stored_bytes, "new": sum(fresh.values()), "sent": sent}
    evidence.attach("difference", {**figures, "sent of stored": round(sent / new.stored_bytes, 3)})
    assert new.config.parent == snapshot.digest
    assert 0 < sent <= sum(fresh.values()), f"it sent what the first one has: {figures}"
    assert sent < new.stored_bytes / 3, figures


def owner_of(node: DeployedNode) -> tuple[int, int]:
    """User and group that the node's containers run as."""
    pod = node.kube.get("Pod", node.pod, node.namespace) or {}
    about = pod["spec"]["securityContext"]
    return about["runAsUser"], about["runAsGroup"]

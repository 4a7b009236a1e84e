"""Steps about serve nodes: how they start, and that they agree"""

from __future__ import annotations

from pytest_bdd import given, then, when

from ethinfra.chain.accounts import funded_account
from ethinfra.chain.networks import Network
from ethinfra.chain.quantities import Wei
from ethinfra.chain.transactions import must_have_same_receipt, send_transfer
from ethinfra.environment import Environment
from ethinfra.snapshot.reader import Snapshot
from ethinfra.trial.restoring import Restoring
from ethinfra.trial.serving import (
    Fleet,
    Start,
    must_answer_alike,
    must_have_caught_up_first,
    probe_status,
)
from fixtures.chain import Nodes
from fixtures.evidence import Evidence


@when("a serve node is started, the chain being ahead of the snapshot", target_fixture="started")
def start_behind(snapshot: Snapshot, fleet: Fleet, nodes: Nodes, env: Environment, evidence: Evidence) -> Start:
    """By twice `budgets.headSpread` at least. A release of the same chart and values, with volumes of its own."""
    ahead = snapshot.config.description.block.number + 2 * int(env.budget("headSpread"))
    nodes.leader.must_reach(ahead, within=env.timeout("readiness"))
    return first_start(fleet, nodes, env, evidence)


@given("a serve node that has started", target_fixture="started")
def first_start(fleet: Fleet, nodes: Nodes, env: Environment, evidence: Evidence) -> Start:
    """A release of the same chart and values, restored from the newest snapshot; removed afterwards."""
    fleet.install(together=True)
    start = fleet.follow_start(nodes.leader, within=env.timeout("pod"))
    tell(start, "first start", evidence)
    return start


@when("another one is started on the same Kubernetes node", target_fixture="second")
def second_start(started: Start, fleet: Fleet, nodes: Nodes, env: Environment, evidence: Evidence) -> Start:
    """A second replica, which must be beside the first."""
    fleet.scale(2)
    start = fleet.follow_start(nodes.leader, besides=[started.uid], within=env.timeout("pod"))
    tell(start, "second start", evidence)
    assert start.kubernetes_node == started.kubernetes_node
    return start


@then("it was restored from the newest promoted snapshot")
def restored_from(started: Start, snapshot: Snapshot, evidence: Evidence) -> None:
    """By the log of its restore and by its probe, which reads the mark on its volume."""
    said = probe_status(started.node)["snapshot"]
    evidence.attach("snapshot", {"newest": snapshot.id, "restore": started.restore, "probe": said})
    assert started.restore.snapshot == snapshot.id
    assert said is not None, f"{started.node.name} was restored from nothing"
    assert (said["digest"], said["id"]) == (snapshot.digest, snapshot.id)


@then("it was not ready before it had caught up")
def ready_at_head(started: Start, env: Environment) -> None:
    """Looked at since its pod was made: never ready while more than `budgets.headSpread` blocks behind a sync node."""
    must_have_caught_up_first(started.seen, spread=int(env.budget("headSpread")))


@then("it has the same blocks as every other node at genesis, at the recorded block and at its head")
def same_blocks(started: Start, snapshot: Snapshot, nodes: Nodes, env: Environment) -> None:
    """At most `budgets.headSpread` behind, within `timeouts.readiness`. The recorded block is the snapshot's."""
    within, recorded = env.timeout("readiness"), snapshot.config.description.block
    started.node.must_follow_head(nodes.every, spread=int(env.budget("headSpread")), within=within)
    started.node.must_agree(nodes.every, 0, within=within)
    found = started.node.must_agree(nodes.every, recorded.number, within=within)
    assert found.hash == recorded.hash


@then("its restore fetched nothing from the registry")
def fetched_nothing(started: Start, second: Start, evidence: Evidence) -> None:
    """By its log: every chunk was in the cache of the Kubernetes node."""
    evidence.attach("restores", {"first": started.restore, "second": second.restore})
    assert second.restore.snapshot == started.restore.snapshot
    assert second.restore.cached > 0
    assert second.restore.fetched == 0


@then("both give the same blocks, receipts, balances and logs as the sync nodes at a final block")
def both_agree(
    started: Start, second: Start, nodes: Nodes, network: Network, env: Environment, evidence: Evidence
) -> None:
    """Of the same client. The block holds a transfer that is sent now."""
    alike = [started.node, second.node, *(node for node in nodes.sync if node.client == started.node.client)]
    # An account of its own: two senders of one account at a time, through two nodes, would use one nonce twice.
    sent = send_transfer(nodes.leader, funded_account(network, 2), network.funded[-1], Wei(1))
    receipt = must_have_same_receipt(alike, sent, within=network.epoch_seconds * 5)
    for node in alike:
        node.must_finalize(receipt.number - 1, within=env.timeout("finality"))
    evidence.attach("answers", must_answer_alike(alike, receipt.number, network.funded[-1]))


@when("both have a flipped bit, and a serve node is started from there")
def start_from_bad_ones(restoring: Restoring, fleet: Fleet) -> None:
    """A release of the same chart and values, which finds no other snapshots; removed afterwards."""
    restoring.repository.damage("a flipped bit", restoring.newer, restoring.older)
    restoring.repository.damage("a flipped bit", restoring.older, restoring.newer)
    fleet.install(prefix=restoring.repository.prefix)


@then("none of its clients is started, and its pod says why")
def nothing_is_started(restoring: Restoring, fleet: Fleet, env: Environment, evidence: Evidence) -> None:
    """Its restore fails, at the latest within `timeouts.pod`, and names both snapshots."""
    said = fleet.failed_restore(within=env.timeout("pod"))
    evidence.attach("restore", said)
    assert restoring.newer.id in said
    assert restoring.older.id in said
    assert "damaged" in said


def tell(start: Start, name: str, evidence: Evidence) -> None:
    """What was seen of a start, for the certificate."""
    evidence.attach(name, {"seconds": start.seconds, "restore": start.restore, "seen": start.seen})

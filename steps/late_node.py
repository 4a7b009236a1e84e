"""Steps about nodes that start late."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from pytest_bdd import given, parsers, then, when

from ethinfra.chain.accounts import funded_account
from ethinfra.chain.networks import Network
from ethinfra.chain.quantities import Wei
from ethinfra.chain.transactions import must_have_same_receipt, send_transfer
from ethinfra.cluster.provider import Cluster
from ethinfra.environment import Environment
from ethinfra.kube import Kube
from ethinfra.trial import late
from fixtures.chain import Nodes
from fixtures.evidence import Evidence
from fixtures.run import Run

#: So many blocks are to be final before a node joins late: more than snap sync's margin (geth v1.17: fsMinFullBlocks).
OLD = 100


@given(parsers.parse("a chain of more than {blocks:d} blocks"))
def long_chain(blocks: int, nodes: Nodes, env: Environment) -> None:
    nodes.leader.must_reach(blocks + 1, within=env.timeout("sync"))
    nodes.leader.must_finalize(OLD - 1, within=env.timeout("finality"))


@given(parsers.parse("a chain of more than {blocks:d} blocks with transactions in it"))
def filled_chain(blocks: int, nodes: Nodes, network: Network, env: Environment) -> None:
    """The transactions are in blocks that are final."""
    # An account of its own: two senders of one account at a time, through two nodes, would use one nonce twice.
    sent = send_transfer(nodes.leader, funded_account(network, 1), network.funded[-1], Wei(1))
    receipt = must_have_same_receipt(nodes.sync, sent, within=env.timeout("finality"))
    long_chain(blocks, nodes, env)
    nodes.leader.must_finalize(receipt.number - 1, within=env.timeout("finality"))


@when(
    parsers.parse('a node with an empty volume joins by "{one}" sync and another by "{other}" sync'),
    target_fixture="latecomers",
)
def two_join(
    one: str, other: str, cluster: Cluster, kube: Kube, env: Environment, nodes: Nodes, run: Run
) -> Iterator[late.LateNodes]:
    """Releases of the same chart and values, removed afterwards; their beacon nodes start by checkpoint."""
    latecomers = late.LateNodes(cluster, kube, env, late.CHECKPOINT, f"late-{run.worker}", late.old_chain(nodes.leader))
    try:
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda mode: latecomers.join(mode, within=env.timeout("pod")), (one, other)))
        yield latecomers
    finally:
        latecomers.remove_all()


@then("both reach the head and have the same block hash as the sync nodes")
def both_reach_head(latecomers: late.LateNodes, nodes: Nodes, env: Environment, evidence: Evidence) -> None:
    """The same block, at most `budgets.headSpread` behind, within `timeouts.sync`."""
    reached = {}
    for mode, node in latecomers.joined.items():
        spread = int(env.budget("headSpread"))
        reached[mode] = node.must_follow_head(nodes.sync, spread=spread, within=env.timeout("sync"))
    evidence.attach("reached", reached)


@then("both got the old blocks from their execution peers")
def both_used_devp2p(latecomers: late.LateNodes, evidence: Evidence) -> None:
    """By the node's own counters of headers and bodies that came from peers."""
    old = latecomers.old
    counts = {mode: late.must_have_synced_by_devp2p(node, old) for mode, node in latecomers.joined.items()}
    evidence.attach("fetched", {"old": old, **counts})


@then(parsers.parse('the state before its pivot is there on the "{full}" node and missing on the "{snap}" node'))
def states_differ(full: str, snap: str, latecomers: late.LateNodes, network: Network, evidence: Evidence) -> None:
    """The balance of an account at a block before the pivot."""
    # Before the pivot of the one, and among the states that the other keeps.
    block = latecomers.joined[full].head().number - late.STATES_KEPT + 16
    late.must_have_state(latecomers.joined[full], block, network.funded[0])
    said = late.must_lack_state(latecomers.joined[snap], block, network.funded[0])
    evidence.attach("state", {"block": block, "full": "present", "snap": said})


@when(
    parsers.parse('a node with an empty volume joins by "{mode}" sync and is cut off from execution peers'),
    target_fixture="latecomers",
)
def one_joins_cut_off(
    mode: str, cluster: Cluster, kube: Kube, env: Environment, nodes: Nodes, run: Run
) -> Iterator[late.LateNodes]:
    """The chart's `networkPolicy.devp2p` is false; consensus peers stay."""
    latecomers = late.LateNodes(cluster, kube, env, late.CHECKPOINT, f"cut-{run.worker}", late.old_chain(nodes.leader))
    try:
        latecomers.join(mode, devp2p=False, within=env.timeout("pod"))
        yield latecomers
    finally:
        latecomers.remove_all()


@then(parsers.parse("it does not reach the head within {seconds:d} seconds"))
def stays_behind(seconds: int, latecomers: late.LateNodes, nodes: Nodes, evidence: Evidence) -> None:
    (node,) = latecomers.joined.values()
    evidence.attach("head", late.must_stay_behind(node, nodes.leader, seconds=seconds))

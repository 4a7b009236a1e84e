"""Steps about nodes that follow the chain and agree on it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from pytest_bdd import parsers, then, when

from ethinfra.chain.accounts import funded_account
from ethinfra.chain.networks import Network
from ethinfra.chain.quantities import Hash32, Wei
from ethinfra.chain.transactions import must_have_same_receipt, send_transfer
from ethinfra.chain.watch import HeadWatch, watch_heads
from ethinfra.cluster.provider import Cluster, ClusterProvider
from ethinfra.environment import Environment
from ethinfra.trial import engine, services
from fixtures.chain import OWN, Nodes
from fixtures.evidence import Evidence
from fixtures.reach import Parties


@then(parsers.parse("every node's head advances by {blocks:d} blocks"))
def heads_advance(blocks: int, nodes: Nodes, network: Network, evidence: Evidence) -> None:
    """From each node's own head on, within that many slots and ten more."""
    within = (blocks + 10) * network.slot_seconds
    with ThreadPoolExecutor() as pool:
        reached = list(pool.map(lambda node: node.must_advance(blocks, within=within), nodes.every))
    evidence.attach("heads", {node.name: head for node, head in zip(nodes.every, reached, strict=True)})


@then("every node finalizes a block after the one that is final now")
def nodes_finalize(nodes: Nodes, env: Environment, evidence: Evidence) -> None:
    """Within `timeouts.finality`."""
    final = nodes.every[0].finalized()
    beyond = final.number if final else 0
    with ThreadPoolExecutor() as pool:
        reached = list(pool.map(lambda node: node.must_finalize(beyond, within=env.timeout("finality")), nodes.every))
    evidence.attach("finalized", {node.name: block for node, block in zip(nodes.every, reached, strict=True)})


@then("every sync node has an execution peer and a consensus peer")
def nodes_have_peers(nodes: Nodes, evidence: Evidence) -> None:
    """As the clients count them. A client whose devp2p is unproved (its file lacks `devp2p`) is not asked for peers."""
    asked = [node for node in nodes.sync if node.execution.can("devp2p")]
    seen = {node.name: (node.rpc.peers(), len(node.beacon.peers())) for node in asked}
    evidence.attach("peers", seen)
    evidence.attach("devp2p unproved", [node.name for node in nodes.sync if node not in asked])
    assert seen, "no sync node's client has devp2p"
    assert all(execution and consensus for execution, consensus in seen.values()), f"execution, consensus: {seen}"


@then("every execution peer of a sync node is another node of this network")
def peers_are_ours(nodes: Nodes) -> None:
    """Their ids are those of the network's nodes, by each client that can tell them (capability `admin-peers`).

    Nodes that another scenario has added for a while count too.
    """
    telling = [node for node in nodes.every if node.execution.can("admin-peers")]
    ours = {node.node_id() for node in telling} | nodes.guest_ids()
    for node in telling:
        strangers = {peer.node_id for peer in node.execution_peers()} - (ours - {node.node_id()})
        assert not strangers, f"{node.name} has peers that are no node of this network: {strangers}"


@when("a funded account sends 1 wei through a sync node of each client", target_fixture="sent")
def send_one_wei(nodes: Nodes, network: Network, evidence: Evidence) -> list[Hash32]:
    """One after the other. A client that hands no transactions on (its file lacks `txpool`) is left out, and named."""
    able = [node for node in nodes.of_each_client if node.execution.can("txpool")]
    unable = [node for node in nodes.of_each_client if node not in able]
    evidence.attach("senders", {"sent by": [one.name for one in able], "without txpool": [one.name for one in unable]})
    sent = []
    for node in able:
        sent.append(send_transfer(node, funded_account(network), network.funded[-1], Wei(1)))
        must_have_same_receipt([node], sent[-1], within=network.epoch_seconds * 5)
    return sent


@then("every node reports the same successful receipt for it")
def same_receipt(sent: list[Hash32], nodes: Nodes, network: Network, evidence: Evidence) -> None:
    """The same in every field, within five epochs."""
    assert sent, "no deployed client takes transactions"
    for transaction in sent:
        receipt = must_have_same_receipt(nodes.every, transaction, within=network.epoch_seconds * 5)
        evidence.attach(f"receipt of {transaction}", receipt)


@when(parsers.parse("the heads of all nodes are watched for {seconds:d} seconds"), target_fixture="watch")
def heads_are_watched(seconds: int, nodes: Nodes, evidence: Evidence) -> HeadWatch:
    """Every node is asked once a second."""
    watched = watch_heads(nodes.every, seconds=seconds)
    evidence.attach("heads", watched.as_record())
    return watched


@then("the heads were never further apart than the budget")
def heads_stayed_together(watch: HeadWatch, env: Environment) -> None:
    """`budgets.headSpread`. A silent node or a chain that stands still fails too, because it proves nothing."""
    watch.must_stay_together(int(env.budget("headSpread")))


@then("no two nodes ever had different blocks at the same final height")
def heads_agree(watch: HeadWatch) -> None:
    """Heads may differ for a moment; what was final on two nodes may not."""
    watch.must_not_contradict()


@then("every pod of the layer has a JWT secret of its own in memory", target_fixture="jwt_secrets")
def jwt_in_memory(nodes: Nodes, cluster: Cluster, provider: ClusterProvider) -> dict[str, str]:
    """Read from the pods' memory volumes; no two are alike."""
    secrets = {node.name: engine.jwt_secret(provider, cluster, node) for node in nodes.every}
    assert len(set(secrets.values())) == len(secrets), "two pods share a JWT secret"
    return secrets


@then("no value, manifest, log or Secret of the layer contains it")
def jwt_is_nowhere(jwt_secrets: dict[str, str], nodes: Nodes) -> None:
    """Searched for by value, as text and as a Secret would hold it."""
    found = engine.places_of(nodes.leader.kube, nodes.namespace, set(jwt_secrets.values()))
    assert not found, f"a JWT secret stands in: {found}"


@then("the Engine API answers inside every sync node's pod and asks for its token")
def engine_is_inside(nodes: Nodes) -> None:
    """401 without a token."""
    for node in nodes.sync:
        engine.must_ask_for_token(node)


@then("the Engine API of no sync node is reached from an admitted pod or a peer")
def engine_is_closed(nodes: Nodes, parties: Parties, env: Environment) -> None:
    """And in the pod the port is bound to loopback alone."""
    sources = [parties.source("an RPC client"), parties.source("a peer")]
    for node in nodes.sync:
        engine.must_be_closed_to(node, sources, within=env.timeout("policy"))
        engine.must_not_listen_outside(node)


@then("the Kubernetes node of each sync node reaches the node's probe and not its Engine API")
def engine_is_closed_to_machines(nodes: Nodes, cluster: Cluster, provider: ClusterProvider) -> None:
    for node in nodes.sync:
        engine.must_be_closed_to_its_kubernetes_node(provider, cluster, node)


@then("no service leads to the Engine API")
def no_engine_service(nodes: Nodes) -> None:
    leading = engine.services_to_engine(nodes.leader.kube, nodes.namespace)
    assert not leading, f"services to the Engine API: {leading}"


@then("every port of every service of the layer is answered by each ready endpoint behind it")
def service_ports_answer(nodes: Nodes) -> None:
    """Looked at from inside each pod, so that no policy answers instead. A Service without endpoints fails."""
    silent = services.silent_ports(nodes.leader.kube, nodes.namespace, labels=OWN)
    assert not silent, f"nobody listens behind: {silent}"

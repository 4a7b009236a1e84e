"""Steps about the execution clients, one by one."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_bdd import given, parsers, then, when

from ethinfra.chain.discovery import DeployedNode, values_of
from ethinfra.chain.networks import Network
from ethinfra.clients import Program, find_program, read_clients
from ethinfra.cluster.provider import Cluster
from ethinfra.deploy import uninstall_release
from ethinfra.environment import Environment
from ethinfra.images import find_image
from ethinfra.kube import Kube
from ethinfra.paths import ROOT
from ethinfra.trial import late
from ethinfra.waiting import eventually
from fixtures.chain import Nodes
from fixtures.evidence import Evidence
from fixtures.run import Run
from fixtures.statuses import not_applicable

#: Erigon of another version than the table's; its image is pushed with all others that can be built.
BUILT_ERIGON, BUILT_ERIGON_FILE = "erigon-from-source", ROOT / "fixtures" / "clients" / "erigon-from-source.yaml"


@given(parsers.parse("a sync node of {client} is deployed"), target_fixture="node")
def deployed(client: str, nodes: Nodes, env: Environment) -> DeployedNode:
    """NOT_APPLICABLE where the environment deploys none, with what is known of its image."""
    found = next((node for node in nodes.of_each_client if node.client == client), None)
    if found is None:
        image = find_image(find_program(client, "execution").known["image"]["repository"])
        not_applicable(
            f"environment {env.name} deploys no {client} (values/ethereum/{env.name}.yaml); "
            f"its image {image.reference} is built from: {image.built_from}"
        )
    return found


@when(
    parsers.parse("a node of Erigon as it is built here joins with empty volumes, {peer} its only execution peer"),
    target_fixture="node",
)
def built_erigon_joins(
    peer: str, cluster: Cluster, kube: Kube, env: Environment, nodes: Nodes, run: Run, evidence: Evidence
) -> Iterator[DeployedNode]:
    """A release of the same chart and values, removed afterwards. Its consensus client begins at a checkpoint."""
    name, known = f"erigon-{run.worker}", deployed(peer.lower(), nodes, env)
    address = known.rpc.call("admin_nodeInfo")["enode"]
    program = Program(BUILT_ERIGON, "execution", read_clients(BUILT_ERIGON_FILE)[BUILT_ERIGON]["execution"])
    values = {
        "name": name,
        "execution": {"client": BUILT_ERIGON, "syncMode": "full", "extraArgs": [f"--staticpeers={address}"]},
        "consensus": {"client": late.CONSENSUS, "checkpointSyncUrl": late.CHECKPOINT},
        "minPeers": 1,
    }
    try:
        node = late.join(cluster, kube, env, values, BUILT_ERIGON_FILE, execution=program, within=env.timeout("pod"))
        try:
            evidence.attach("joined", {"image": program.known["image"], "peer": f"{known.name}, {address}"})
            yield node
        finally:
            node.close()
    finally:
        uninstall_release(cluster, name, env.layer("ethereum").namespace)


@then(parsers.parse("it says that it is version {version}, which is not the one in the client table"))
def says_its_version(version: str, node: DeployedNode, evidence: Evidence) -> None:
    """By `--version` in its pod: its RPC leaves the suffix of a development version out. The table's is a release."""
    program = node.execution.known["command"]
    said = node.kube.exec(node.namespace, node.pod, "execution", *program, "--version").stdout.strip()
    table = find_program("erigon", "execution").version
    evidence.attach("version", {"says": said, "by RPC": node.rpc.client_version(), "client table": table})
    assert said.split()[-1] == version, f"{node.name} says {said}"
    assert version != table, f"the client table has {table} too: what is built is the release now"


@then("it has the first block after genesis, which nobody but its execution peer can have given it")
def got_old_blocks(node: DeployedNode, nodes: Nodes, env: Environment, evidence: Evidence) -> None:
    """Its consensus client has no block before the checkpoint. The same block as every other node's."""
    evidence.attach("peers", node.rpc.peers())
    evidence.attach("first block", node.must_agree(nodes.every, 1, within=env.timeout("readiness")))


@then("it reaches the head, and has the same blocks as every other node at genesis, at its head and at a final height")
def reaches_head(node: DeployedNode, nodes: Nodes, env: Environment, evidence: Evidence) -> None:
    """At most `budgets.headSpread` behind, within `timeouts.sync`; what it calls final, within `timeouts.finality`."""
    within = env.timeout("readiness")
    genesis = node.must_agree(nodes.every, 0, within=within)
    head = node.must_follow_head(nodes.every, spread=int(env.budget("headSpread")), within=env.timeout("sync"))
    final = node.must_agree(nodes.every, node.must_finalize(within=env.timeout("finality")).number, within=within)
    evidence.attach("blocks", {"genesis": genesis, "head": head, "final": final})


@then(parsers.parse("its head advances by {blocks:d} blocks"))
def advances(blocks: int, node: DeployedNode, network: Network) -> None:
    """From its own head on, within that many slots and ten more."""
    node.must_advance(blocks, within=(blocks + 10) * network.slot_seconds)


@then("it has the same block at its head and at genesis as every other node")
def agrees(node: DeployedNode, nodes: Nodes, env: Environment, evidence: Evidence) -> None:
    others = [other for other in nodes.every if other.name != node.name]
    assert others, "there is no other node to compare with"
    within = env.timeout("readiness")
    genesis = node.must_agree(others, 0, within=within)
    head = node.must_follow_head(others, spread=int(env.budget("headSpread")), within=within)
    evidence.attach("blocks", {"genesis": genesis, "head": head, "others": [other.name for other in others]})


@then("its probe says that it is ready")
def ready(node: DeployedNode, env: Environment) -> None:
    node.must_be_ready(within=env.timeout("readiness"))


@then("its metrics have the series that its file names, and count its head if there is one for that")
def counts_its_head(node: DeployedNode, network: Network, env: Environment, evidence: Evidence) -> None:
    """The series that `metrics.series.head` names comes within a few blocks of what its RPC says."""
    there = node.metrics()
    missing = sorted(series for series in node.execution.series.values() if not values_of(series, there))
    assert not missing, f"{node.name} has no series {missing}"
    name = node.execution.series.get("head")
    if name is None:
        evidence.attach("head", f"{node.client} counts no head in its metrics")
        return

    def look() -> tuple[float | None, int]:
        return max(values_of(name, node.metrics()), default=None), node.head().number

    metric, head = eventually(
        f"metric {name} of {node.name} follows its head",
        look,
        until=lambda seen: seen[0] is not None and abs(seen[0] - seen[1]) <= env.budget("headSpread"),
        within=10 * network.slot_seconds,
    )
    evidence.attach("head", {"metric": metric, "rpc": head, "series": node.execution.series})

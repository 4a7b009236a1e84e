"""Steps about the execution clients, one by one."""

from __future__ import annotations

from pytest_bdd import given, parsers, then

from ethinfra.chain.discovery import DeployedNode
from ethinfra.chain.networks import Network
from ethinfra.clients import find_program
from ethinfra.environment import Environment
from ethinfra.images import find_image
from ethinfra.waiting import eventually
from fixtures.chain import Nodes
from fixtures.evidence import Evidence
from fixtures.statuses import not_applicable


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
    there = {name.partition("{")[0] for name in node.metrics()}
    missing = set(node.execution.series.values()) - there
    assert not missing, f"{node.name} has no series {sorted(missing)}"
    name = node.execution.series.get("head")
    if name is None:
        evidence.attach("head", f"{node.client} counts no head in its metrics")
        return

    def look() -> tuple[float | None, int]:
        found = [value for key, value in node.metrics().items() if key.partition("{")[0] == name]
        return (max(found) if found else None), node.head().number

    metric, head = eventually(
        f"metric {name} of {node.name} follows its head",
        look,
        until=lambda seen: seen[0] is not None and abs(seen[0] - seen[1]) <= env.budget("headSpread"),
        within=10 * network.slot_seconds,
    )
    evidence.attach("head", {"metric": metric, "rpc": head, "series": node.execution.series})

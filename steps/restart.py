"""Steps about nodes that are restarted: one of each execution client, side by side."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from pytest_bdd import given, then, when

from ethinfra.chain.discovery import DeployedNode
from ethinfra.chain.jsonrpc import Block
from ethinfra.environment import Environment
from ethinfra.kube import Kube
from ethinfra.trial import restart
from fixtures.chain import Nodes
from fixtures.evidence import Evidence


@dataclass
class Before:
    """A sync node and its final block before it was restarted, and its devp2p id where its client tells it."""

    node: DeployedNode
    final: Block
    id: str | None


@dataclass(frozen=True)
class Restarted:
    """A node's final block before its pod was replaced, and how that went."""

    final: Block
    replaced: restart.Replaced


@given("the block that is final now on a sync node of each client", target_fixture="before")
def final_blocks(nodes: Nodes, env: Environment) -> list[Before]:
    """And the node's id, which is in the same volume."""
    return [
        Before(node, node.must_finalize(within=env.timeout("finality")), node_id(node)) for node in nodes.of_each_client
    ]


@when("the pods of these nodes are deleted and new ones are ready", target_fixture="replaced")
def replace(before: list[Before], kube: Kube, env: Environment) -> list[restart.Replaced]:
    def one(node: DeployedNode) -> restart.Replaced:
        return restart.replace_pod(kube, node.namespace, node.pod, within=env.timeout("pod"))

    with ThreadPoolExecutor() as pool:
        return list(pool.map(one, (seen.node for seen in before)))


@then("each was stopped within its grace period and was not killed")
def stopped_in_time(replaced: list[restart.Replaced], env: Environment, evidence: Evidence) -> None:
    """From SIGTERM to the end, below `timeouts.shutdown` too; no container ended with 137."""
    evidence.attach("stop", {one.pod: how_it_ended(one) for one in replaced})
    for one in replaced:
        restart.must_have_ended_by_itself(one, within=env.timeout("shutdown"))


@then("no log shows an unclean shutdown")
def no_unclean_shutdown(before: list[Before], kube: Kube, evidence: Evidence) -> None:
    """In the words of each client's file (log.unclean); a client that has none is named in the evidence."""
    evidence.attach("clients that do not tell", [one.node.client for one in before if not unclean(one.node)])
    for node in (one.node for one in before):
        log = kube.logs(node.namespace, node.pod, "execution")
        assert log, f"the new pod {node.pod} has no log"
        said = [line for line in log.splitlines() if unclean(node) and unclean(node) in line]
        assert not said, f"{node.pod}: {said}"


@then("each has the block that was final before")
def still_have_blocks(before: list[Before]) -> None:
    """With the same hash, on the same volume."""
    for one in before:
        must_still_have(one.node, one.final)
        # A node whose volume was lost has fetched it again by now. What it cannot fetch is its key, in the same volume.
        assert node_id(one.node) == one.id, f"{one.node.name}: its key, and so its volume, is not the one from before"


@then("each follows the head again")
def follow_again(before: list[Before], nodes: Nodes, env: Environment) -> None:
    """Within `timeouts.readiness`."""
    for one in before:
        others = [node for node in nodes.every if node.name != one.node.name]
        one.node.must_follow_head(others, spread=int(env.budget("headSpread")), within=env.timeout("readiness"))


@when("its pod is deleted and a new one is ready", target_fixture="restarted")
def replace_its_pod(node: DeployedNode, kube: Kube, env: Environment) -> Restarted:
    """What was final on it just before is remembered."""
    final = node.must_finalize(within=env.timeout("finality"))
    return Restarted(final, restart.replace_pod(kube, node.namespace, node.pod, within=env.timeout("pod")))


@then("it was stopped within its grace period and was not killed")
def it_stopped_in_time(restarted: Restarted, env: Environment, evidence: Evidence) -> None:
    """As for each of several nodes."""
    evidence.attach("stop", how_it_ended(restarted.replaced))
    restart.must_have_ended_by_itself(restarted.replaced, within=env.timeout("shutdown"))


@then("it has the block that was final before, and follows the head again")
def it_follows_again(restarted: Restarted, node: DeployedNode, nodes: Nodes, env: Environment) -> None:
    """With the same hash, and as a late node does: within `timeouts.sync`."""
    must_still_have(node, restarted.final)
    node.must_follow_head(nodes.every, spread=int(env.budget("headSpread")), within=env.timeout("sync"))


def how_it_ended(one: restart.Replaced) -> dict[str, object]:
    """For the evidence. seconds: from the request to the end"""
    return {"seconds": one.seconds, "grace": one.grace, "exit": one.exit_codes}


def must_still_have(node: DeployedNode, final: Block) -> None:
    """The block that was final before, with the same hash."""
    found = node.rpc.block(final.number)
    assert found is not None, f"{node.name}: block {final.number} is gone"
    assert found.hash == final.hash


def node_id(node: DeployedNode) -> str | None:
    """None for a client that does not tell it (its file lacks `admin-peers`)."""
    return node.node_id() if node.execution.can("admin-peers") else None


def unclean(node: DeployedNode) -> str:
    """What the client's log says when it starts on data that was not closed; empty where it says nothing."""
    said: str = node.execution.known["log"].get("unclean", "")
    return said

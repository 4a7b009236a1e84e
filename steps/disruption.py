"""Steps about voluntary disruptions: evictions, as drains ask for them."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_bdd import then, when

from ethinfra.chain.discovery import DeployedNode
from ethinfra.environment import Environment
from ethinfra.kube import Kube
from ethinfra.trial import eviction
from fixtures.chain import Nodes
from fixtures.evidence import Evidence
from fixtures.statuses import not_applicable


@dataclass(frozen=True)
class Disruption:
    """Two replicas of one node, and how their evictions went."""

    replicas: tuple[DeployedNode, DeployedNode]
    evicted: eviction.Evicted


@when("two replicas of a sync node are evicted, one after the other", target_fixture="disruption")
def evict_two(nodes: Nodes, kube: Kube, env: Environment, evidence: Evidence) -> Disruption:
    """The second is asked for again and again until it is let go, as `kubectl drain` does."""
    groups = [[node for node in nodes.sync if node.component == one] for one in {node.component for node in nodes.sync}]
    several = next((replicas for replicas in groups if len(replicas) > 1), None)
    if several is None:
        not_applicable(f"environment {env.name} deploys no sync node with several replicas")
    first, second = several[:2]
    evicted = eviction.evict_in_turn(kube, first.namespace, first.pod, second.pod, within=env.timeout("pod"))
    said = sorted(set(evicted.refusals))
    evidence.attach("evictions", {"refused": len(evicted.refusals), "said": said, "successor": evicted.then})
    return Disruption((first, second), evicted)


@then("the eviction of the second was refused by the disruption budget until the successor of the first was ready")
def was_held_back(disruption: Disruption) -> None:
    eviction.must_have_been_held_back(disruption.evicted)


@then("both have successors that are ready and follow the head")
def both_follow(disruption: Disruption, nodes: Nodes, kube: Kube, env: Environment) -> None:
    """The head of all other nodes, within `timeouts.readiness` and as far as `budgets.headSpread` allows."""
    eviction.must_be_replaced(kube, nodes.namespace, disruption.evicted, within=env.timeout("pod"))
    for node in disruption.replicas:
        others = [other for other in nodes.every if other.name != node.name]
        node.must_follow_head(others, spread=int(env.budget("headSpread")), within=env.timeout("readiness"))

"""Steps about a registry that is down"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from pytest_bdd import given, then, when

from ethinfra.chain.discovery import DeployedNode
from ethinfra.chain.networks import Network
from ethinfra.trial.artifacts import MEBIBYTE, Artifact, TrialArtifacts
from ethinfra.trial.outage import RegistryOutage
from ethinfra.trial.pods import TrialPods
from fixtures.chain import Nodes
from fixtures.evidence import Evidence


@given("an artifact in the registry", target_fixture="kept")
def artifact_in_registry(artifacts: TrialArtifacts) -> Artifact:
    """A mebibyte of random bytes."""
    return artifacts.push(MEBIBYTE)


@when("the registry is stopped")
def stop_registry(outage: RegistryOutage) -> None:
    """It has no pod any more. It is started again when the scenario ends, whatever happens."""
    outage.begin()


@then("every sync node is ready and follows the head all the same")
def nodes_follow(outage: RegistryOutage, nodes: Nodes, network: Network, evidence: Evidence) -> None:
    """From its own head on by 5 blocks, within so many slots and ten more."""
    within = 15 * network.slot_seconds

    def one(node: DeployedNode) -> None:
        node.must_advance(5, within=within)
        node.must_be_ready(within=within)

    with ThreadPoolExecutor() as pool:
        list(pool.map(one, nodes.sync))
    outage.must_last()
    evidence.attach("heads", {node.name: node.head() for node in nodes.sync})


@then("a pod whose image the Kubernetes node has starts")
def pod_starts(outage: RegistryOutage, trial_pods: TrialPods) -> None:
    """The image of the node probe, which every node has that runs a pod of the chain; within `timeouts.pod`."""
    pod = trial_pods.start("cached")
    outage.must_last()
    pod.delete()


@when("the registry is started again")
def start_registry(outage: RegistryOutage) -> None:
    """Returns once it is ready."""
    outage.end()


@then("the artifact is pulled with its digest")
def still_there(kept: Artifact, artifacts: TrialArtifacts) -> None:
    """Every byte, compared with its digest."""
    assert artifacts.pulled_digest(kept) == kept.digest

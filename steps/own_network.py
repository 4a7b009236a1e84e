"""Steps about a network that others have made: joined by the files that its operator hands out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pytest_bdd import given, then, when

from ethinfra.chain.discovery import DeployedNode
from ethinfra.chain.networks import Network
from ethinfra.cluster.provider import Cluster
from ethinfra.deploy import uninstall_release
from ethinfra.environment import Environment
from ethinfra.kube import Kube
from ethinfra.trial import late, own_network
from ethinfra.trial.pods import PORT, TrialPods
from fixtures.chain import Nodes
from fixtures.evidence import Evidence
from fixtures.run import Run


@dataclass(frozen=True)
class Abroad:
    """A network as a stranger knows it. hosts: whose addresses were handed out; file: the network's values"""

    hosts: list[DeployedNode]
    given: own_network.HandedOut
    file: Path


@dataclass(frozen=True)
class Misled:
    """A node's pod, and the digest that its network's file promises."""

    pod: str
    promised: str


@given("the files that the operator of a network hands out, and a network file made of them", target_fixture="abroad")
def handed_out(
    nodes: Nodes, network: Network, trial_pods: TrialPods, run: Run, tmp_path: Path, evidence: Evidence
) -> Iterator[Abroad]:
    """By `ethinfra network import`. The state is served over HTTP by a pod; its port is none of the web's."""
    given = own_network.hand_out(nodes.every, network.name, tmp_path)
    server = trial_pods.start("state", listens=PORT)
    url = server.serve(given.state.name, given.state.read_bytes())
    file = own_network.import_network(f"{network.name}-abroad-{run.worker}", given, url, tmp_path)
    addresses = {"enodes": given.enodes, "records": given.records}
    evidence.attach("handed out", {**addresses, "state": url, "sha256": given.digest})
    yield Abroad(nodes.every, given, file)
    server.delete()


@pytest.fixture
def guest(run: Run, cluster: Cluster, env: Environment) -> Iterator[str]:
    """Name of a release of one node, removed with its volumes when the scenario ends."""
    name = f"guest-{run.worker}"
    yield name
    uninstall_release(cluster, name, env.layer("ethereum").namespace)


@when("a node of that network joins with empty volumes", target_fixture="node")
def joins(abroad: Abroad, guest: str, cluster: Cluster, kube: Kube, env: Environment) -> Iterator[DeployedNode]:
    """A release of the same chart, which defines the network too. Without a checkpoint: it follows from genesis."""
    values = {
        "name": guest,
        "execution": {"client": late.EXECUTION},
        "consensus": {"client": late.CONSENSUS},
        "minPeers": 1,
    }
    node = late.join(cluster, kube, env, values, *own_network.instead(abroad.file), within=env.timeout("pod"))
    yield node
    node.close()


@then("it fetched the genesis state, and found it to be the promised one")
def fetched(abroad: Abroad, node: DeployedNode, evidence: Evidence) -> None:
    evidence.attach("said", own_network.must_have_fetched(node, abroad.given.digest))


@then("both its clients are connected to nodes whose addresses were handed out")
def has_joined(abroad: Abroad, node: DeployedNode, env: Environment) -> None:
    """By their lists of peers, within `timeouts.readiness`."""
    own_network.must_have_joined(node, abroad.hosts, abroad.given, within=env.timeout("readiness"))


@when("a node joins whose network file promises another genesis state at the same address", target_fixture="misled")
def is_misled(abroad: Abroad, guest: str, cluster: Cluster, env: Environment) -> Misled:
    promised = hashlib.sha256(b"another state").hexdigest()
    file = own_network.with_digest(abroad.file, promised)
    late.install(cluster, env, {"name": guest}, *own_network.instead(file))
    return Misled(f"{guest}-0", promised)


@then("its pod names both digests, and no client was started in it")
def names_both(misled: Misled, abroad: Abroad, nodes: Nodes, kube: Kube, env: Environment, evidence: Evidence) -> None:
    """In the log of the init container that fetched the state; all containers after it are still waiting."""
    said = own_network.must_refuse(
        kube, nodes.namespace, misled.pod, misled.promised, abroad.given.digest, within=env.timeout("pod")
    )
    evidence.attach("said", said)

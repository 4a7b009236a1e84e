"""Steps about who gets traffic."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import dataclass

from pytest_bdd import given, parsers, then, when

from ethinfra.chain.discovery import DeployedNode
from ethinfra.cluster.provider import Cluster, ClusterProvider
from ethinfra.environment import Environment
from ethinfra.kube import Kube
from ethinfra.trial import restart, services
from ethinfra.trial.scripted import ScriptedNode
from fixtures.chain import Nodes

#: The Service in front of the sync nodes.
RPC_SERVICE = "geth-rpc"


@then("every sync node is an endpoint of its RPC service")
def sync_nodes_are_endpoints(nodes: Nodes, kube: Kube, env: Environment) -> None:
    """Ready ones, within `timeouts.readiness`."""
    for node in nodes.sync:
        services.must_be_in_service(kube, nodes.namespace, RPC_SERVICE, node.pod, within=env.timeout("readiness"))


@dataclass
class Liar:
    """A scripted node, and its restart counts before it lied."""

    node: ScriptedNode
    restarts: dict[str, int]


@given("a scripted node that answers correctly is in service", target_fixture="liar")
def honest_node(scripted_node: ScriptedNode, kube: Kube, env: Environment) -> Liar:
    """A pod with the chart's probe; a script answers in place of both clients."""
    node = scripted_node
    services.must_be_in_service(kube, node.namespace, node.service, node.pod, within=env.timeout("readiness"))
    return Liar(node, restart.restarts(kube, node.namespace, node.pod))


@when(parsers.parse("it {lie}"))
def it_lies(lie: str, liar: Liar) -> None:
    """The lies are those of `ethinfra/probe/testing/lies.py`."""
    liar.node.tell(lie)


@then(parsers.parse('it is taken out of service within the readiness budget, with the reason "{reason}"'))
def taken_out(reason: str, liar: Liar, kube: Kube, env: Environment) -> None:
    """The probe's code, and the pod is no ready endpoint; each within `timeouts.readiness`."""
    within = env.timeout("readiness")
    liar.node.must_be_judged(reason, within=within)
    services.must_be_out_of_service(kube, liar.node.namespace, liar.node.service, liar.node.pod, within=within)


@then("it was not restarted")
def not_restarted(liar: Liar, kube: Kube) -> None:
    assert restart.restarts(kube, liar.node.namespace, liar.node.pod) == liar.restarts


@then("it is back in service within the readiness budget after it answers correctly again")
def back_in_service(liar: Liar, kube: Kube, env: Environment) -> None:
    liar.node.be_honest()
    within = env.timeout("readiness")
    services.must_be_in_service(kube, liar.node.namespace, liar.node.service, liar.node.pod, within=within)


@then("none of its containers is restarted for longer than liveness would wait")
def never_restarted(liar: Liar, kube: Kube) -> None:
    """Watched for longer than period times threshold of its liveness probe."""
    restart.must_not_restart_for_liveness(kube, liar.node.namespace, liar.node.pod)


@dataclass
class Frozen:
    """A sync node whose consensus client is frozen, and its restart counts before."""

    node: DeployedNode
    restarts: dict[str, int]


@when("the consensus client of a sync node is frozen", target_fixture="frozen")
def freeze_consensus(nodes: Nodes, kube: Kube, cluster: Cluster, provider: ClusterProvider) -> Iterator[Frozen]:
    """SIGSTOP: the process is there and does nothing. It continues at the end in any case."""
    node = nodes.sync[-1]
    frozen = Frozen(node, restart.restarts(kube, node.namespace, node.pod))
    provider.signal_container(cluster, node.namespace, node.pod, "consensus", signal.SIGSTOP)
    yield frozen
    provider.signal_container(cluster, node.namespace, node.pod, "consensus", signal.SIGCONT)


@then(parsers.parse('that sync node is taken out of service within the readiness budget, with the reason "{reason}"'))
def frozen_is_taken_out(reason: str, frozen: Frozen, kube: Kube, env: Environment) -> None:
    """The execution container itself is not ready."""
    within = env.timeout("readiness")
    frozen.node.must_not_be_ready(reason, within=within)
    services.must_be_out_of_service(kube, frozen.node.namespace, RPC_SERVICE, frozen.node.pod, within=within)
    execution = restart.container_ready(kube, frozen.node.namespace, frozen.node.pod)
    assert execution["execution"] is False, f"containers ready: {execution}"


@then("none of its containers is restarted")
def frozen_is_not_restarted(frozen: Frozen, kube: Kube) -> None:
    assert restart.restarts(kube, frozen.node.namespace, frozen.node.pod) == frozen.restarts


@then("it is back in service within the readiness budget after the consensus client continues")
def frozen_is_back(frozen: Frozen, kube: Kube, cluster: Cluster, provider: ClusterProvider, env: Environment) -> None:
    """And nothing was restarted until then."""
    provider.signal_container(cluster, frozen.node.namespace, frozen.node.pod, "consensus", signal.SIGCONT)
    within = env.timeout("readiness")
    services.must_be_in_service(kube, frozen.node.namespace, RPC_SERVICE, frozen.node.pod, within=within)
    frozen_is_not_restarted(frozen, kube)

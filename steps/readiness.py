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


@then("every sync node is an endpoint of its RPC service")
def sync_nodes_are_endpoints(nodes: Nodes, kube: Kube, env: Environment) -> None:
    """Ready ones, within `timeouts.readiness`."""
    for node in nodes.sync:
        services.must_be_in_service(kube, nodes.namespace, node.rpc_service, node.pod, within=env.timeout("readiness"))


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


@when("the consensus client of a sync node of each client is frozen", target_fixture="frozen")
def freeze_consensus(nodes: Nodes, kube: Kube, cluster: Cluster, provider: ClusterProvider) -> Iterator[list[Frozen]]:
    """SIGSTOP: the process is there and does nothing. It continues at the end in any case."""
    frozen = [Frozen(node, restart.restarts(kube, node.namespace, node.pod)) for node in nodes.of_each_client]

    def tell_all(number: signal.Signals) -> None:
        for one in frozen:
            provider.signal_container(cluster, one.node.namespace, one.node.pod, "consensus", number)

    try:
        tell_all(signal.SIGSTOP)
        yield frozen
    finally:
        tell_all(signal.SIGCONT)


@then(parsers.parse('each of them is taken out of service within the readiness budget, with the reason "{reason}"'))
def frozen_are_taken_out(reason: str, frozen: list[Frozen], kube: Kube, env: Environment) -> None:
    """The execution container itself is not ready."""
    within = env.timeout("readiness")
    for node in (one.node for one in frozen):
        node.must_not_be_ready(reason, within=within)
        services.must_be_out_of_service(kube, node.namespace, node.rpc_service, node.pod, within=within)
        execution = restart.container_ready(kube, node.namespace, node.pod)
        assert execution["execution"] is False, f"{node.name}: containers ready: {execution}"


@then("none of their containers is restarted")
def frozen_are_not_restarted(frozen: list[Frozen], kube: Kube) -> None:
    for one in frozen:
        assert restart.restarts(kube, one.node.namespace, one.node.pod) == one.restarts, one.node.name


@then("each is back in service within the readiness budget after its consensus client continues")
def frozen_are_back(
    frozen: list[Frozen], kube: Kube, cluster: Cluster, provider: ClusterProvider, env: Environment
) -> None:
    """And nothing was restarted until then."""
    for one in frozen:
        provider.signal_container(cluster, one.node.namespace, one.node.pod, "consensus", signal.SIGCONT)
    within = env.timeout("readiness")
    for node in (one.node for one in frozen):
        services.must_be_in_service(kube, node.namespace, node.rpc_service, node.pod, within=within)
    frozen_are_not_restarted(frozen, kube)

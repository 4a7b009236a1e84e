"""Steps about a node that is restarted."""

from __future__ import annotations

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
    """A sync node, and its final block and devp2p id before it was restarted."""

    node: DeployedNode
    final: Block
    id: str


@given("the block that is final now on a sync node", target_fixture="before")
def final_block(nodes: Nodes, env: Environment) -> Before:
    """And the node's id, which is in the same volume."""
    node = nodes.sync[-1]
    return Before(node, node.must_finalize(within=env.timeout("finality")), node.node_id())


@when("that sync node's pod is deleted and a new one is ready", target_fixture="replaced")
def replace(before: Before, kube: Kube, env: Environment) -> restart.Replaced:
    node = before.node
    return restart.replace_pod(kube, node.namespace, node.pod, within=env.timeout("pod"))


@then("it was stopped within its grace period and was not killed")
def stopped_in_time(replaced: restart.Replaced, env: Environment, evidence: Evidence) -> None:
    """From SIGTERM to the end, below `timeouts.shutdown` too; no container ended with 137."""
    evidence.attach("stop", {"seconds": replaced.seconds, "grace": replaced.grace, "exit": replaced.exit_codes})
    limit = min(replaced.grace, env.timeout("shutdown"))
    assert replaced.seconds < limit, f"took {replaced.seconds:.1f}s of {limit:.0f}s"
    killed = {name: code for name, code in replaced.exit_codes.items() if code == 137}
    assert not killed, f"killed containers: {sorted(killed)}"


@then("its log shows no unclean shutdown")
def no_unclean_shutdown(before: Before, kube: Kube) -> None:
    log = kube.logs(before.node.namespace, before.node.pod, "execution")
    assert log, "the new pod has no log"
    assert "nclean shutdown" not in log, [line for line in log.splitlines() if "nclean shutdown" in line]


@then("it has the block that was final before")
def still_has_block(before: Before) -> None:
    """With the same hash, on the same volume."""
    found = before.node.rpc.block(before.final.number)
    assert found is not None, f"block {before.final.number} is gone"
    assert found.hash == before.final.hash
    # A node whose volume was lost has fetched it again by now. What it cannot fetch is its key, in the same volume.
    assert before.node.node_id() == before.id, "its key, and so its volume, is not the one from before"


@then("it follows the head again")
def follows_again(before: Before, nodes: Nodes, env: Environment) -> None:
    """Within `timeouts.readiness`."""
    others = [node for node in nodes.every if node.name != before.node.name]
    before.node.must_follow_head(others, spread=int(env.budget("headSpread")), within=env.timeout("readiness"))

"""Steps about the networks that nodes can follow, without a cluster."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pytest_bdd import parsers, then

from ethinfra.chain.network_check import problems
from ethinfra.chain.networks import known_networks, network_values
from ethinfra.deploy import own_parameters
from ethinfra.deploy.rules import Manifests
from ethinfra.matrix import Rendering
from fixtures.evidence import Evidence
from fixtures.matrix import Matrix


@then(
    parsers.parse("both clients of each node of {name} are told that network, and no other"),
    target_fixture="network_name",
)
def told_their_network(name: str, matrix: Matrix, evidence: Evidence) -> str:
    """By the flags that their files have for networks. No init container makes a genesis: they have it built in."""
    network = network_values(name)
    evidence.observe("nodes", sum(len(own_parameters.nodes_of(one.manifests, network)) for one in matrix.renderings))
    said = _said(matrix, network, own_parameters.other_networks_flags)
    assert not said, "\n".join(said)
    return name


@then("its probe expects that network's chain id and genesis")
def expects_their_chain(network_name: str, matrix: Matrix) -> None:
    """As its file in values/networks has them."""
    said = _said(matrix, network_values(network_name), own_parameters.other_chains_expected)
    assert not said, "\n".join(said)


@then("it starts from a source of finality of that network, or from the one that it names itself")
def starts_from_its_source(network_name: str, matrix: Matrix) -> None:
    """The first of `checkpointSyncUrls`; the init container that tries it and the client are told the same."""
    network = network_values(network_name)
    said = [
        sentence
        for one in matrix.renderings
        for sentence in own_parameters.other_sources_of_finality(one.manifests, network, _source(one, network))
    ]
    assert not said, "\n".join(said)


@then("no file of values/networks lacks or contradicts anything")
def files_are_sound(evidence: Evidence) -> None:
    """As `ethinfra network check` says it, without asking anybody."""
    names = known_networks()
    evidence.attach("networks", names)
    assert names, "there is no network"
    said = {name: problems(network_values(name)) for name in names}
    assert not any(said.values()), {name: complaints for name, complaints in said.items() if complaints}


def _said(
    matrix: Matrix, network: Mapping[str, Any], look: Callable[[Manifests, Mapping[str, Any]], list[str]]
) -> list[str]:
    nodes = [node for one in matrix.renderings for node in own_parameters.nodes_of(one.manifests, network)]
    assert nodes, f"no node of {network['name']} is rendered"
    return [
        f"{sentence}\n    in: {one.title}" for one in matrix.renderings for sentence in look(one.manifests, network)
    ]


def _source(rendering: Rendering, network: Mapping[str, Any]) -> str:
    """A case may name a Beacon API of the node's own."""
    own = dict(rendering.case.values["sync"]["nodes"][0]["consensus"]) if rendering.case else {}
    return own.get("checkpointSyncUrl") or str(network["checkpointSyncUrls"][0])

"""Whether nodes of a public network are rendered with the parameters of that network, and of no other.

Clients know such a network by name; the rest (chain id, genesis, where a finalized state comes from) is in its file of
values/networks, and who goes by another network's value finds out late, if at all. Each function returns sentences that
begin with the node; a *network* is what stands under `network` in its file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ethinfra.deploy.rules.manifests import Manifests, Pods, arguments

#: Label of a node's pod with the name of its network (templates/_labels.tpl).
NETWORK = "ethinfra.io/network"

#: The init container that asks the source of finality, before the consensus client does.
ASKS = "checkpoint"

#: Init containers that make a genesis, which clients have built in here.
MAKE_GENESIS = frozenset({"genesis", "init"})


def nodes_of(manifests: Manifests, network: Mapping[str, Any]) -> list[Pods]:
    """The nodes that follow a network."""
    return [node for node in manifests.nodes if node.labels.get(NETWORK) == network["name"]]


def other_networks_flags(manifests: Manifests, network: Mapping[str, Any]) -> list[str]:
    """Each client gets the flags that its file has for this network, and none that it has for others."""
    return [
        f"{node.title}: {said}"
        for node in nodes_of(manifests, network)
        for said in _told_to_clients(manifests, node, network["preset"])
    ]


def other_chains_expected(manifests: Manifests, network: Mapping[str, Any]) -> list[str]:
    """The node probe calls ready what has this network's chain id and genesis."""
    wanted = {"--chain-id": str(network["chainId"]), "--genesis-hash": network["genesisHash"]}
    said = []
    for node in nodes_of(manifests, network):
        told = dict(arguments(node.container("probe") or {}))
        said += [
            f"{node.title}: the probe is told {flag}={told.get(flag, '')}, not {value}"
            for flag, value in wanted.items()
            if told.get(flag) != value
        ]
    return said


def other_sources_of_finality(manifests: Manifests, network: Mapping[str, Any], source: str) -> list[str]:
    """Finalized states come from one Beacon API, the `source`, which is asked before the client is started with it.

    A serve node may have them from a sync node of the network, too.
    """
    said = []
    for node in nodes_of(manifests, network):
        asking = [dict(arguments(one)) for one in node.spec.get("initContainers", []) if one["name"] == ASKS]
        asked = asking[0].get("--url", "") if asking else "nobody"
        served = node.labels.get("ethinfra.io/role") == "serve" and asked in _own_sources(manifests, network)
        if asked != source and not served:
            said.append(f"{node.title}: init container {ASKS} asks {asked}, not {source}")
        for container, program in manifests.programs(node):
            told = asked if served else source
            flags = [one.replace("{{ .checkpoint }}", told) for one in program["flags"].get("checkpoint", [])]
            missing = [flag for flag in flags if flag not in container["args"]]
            said += [f"{node.title}: container {container['name']} has not the flag {flag}" for flag in missing]
    return said


def _own_sources(manifests: Manifests, network: Mapping[str, Any]) -> set[str]:
    """Addresses of the Beacon APIs of a network's sync nodes, by their Services."""
    return {
        f"http://{service['metadata']['name']}:{port['port']}"
        for node in nodes_of(manifests, network)
        if node.labels.get("ethinfra.io/role") == "sync"
        for service in manifests.of_kind("Service")
        if node in manifests.selected(service, {"matchLabels": service["spec"].get("selector") or {"": ""}})
        for port in service["spec"]["ports"]
        if port["name"] == "beacon"
    }


def _told_to_clients(manifests: Manifests, node: Pods, preset: str) -> Iterator[str]:
    for container, program in manifests.programs(node):
        networks = program["flags"].get("networks", {})
        if not networks.get(preset):
            yield f"the client in container {container['name']} has no flag for {preset}"
        for name, flags in networks.items():
            for flag in flags:
                there = flag in container["args"]
                if there != (name == preset):
                    yield f"container {container['name']} has {'' if there else 'not '}the flag {flag}"
    for container in node.spec.get("initContainers", []):
        if container["name"] in MAKE_GENESIS:
            yield f"init container {container['name']} makes a genesis, which clients have built in"

"""The ethereum layer is there to follow a chain: every node's head must advance, and all must be on the same chain."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx
import yaml

from ethinfra.environment import Environment
from ethinfra.errors import ChainError, LayerUnhealthy
from ethinfra.kube import Kube
from ethinfra.paths import ROOT
from ethinfra.waiting import NotInTime, eventually

#: The layer's releases that have nodes (helmfiles/ethereum.helmfile.yaml.gotmpl); what scenarios add is none of its.
_NODES = "app.kubernetes.io/instance in (validators,sync),ethinfra.io/role in (validators,sync)"

#: Port of the execution client's RPC, as in values/clients.
_RPC = 8545

#: Slots in which a head must have moved. An empty slot now and then is normal.
_SLOTS = 8


@dataclass(frozen=True)
class _Node:
    """An execution client behind a port-forward."""

    name: str
    http: httpx.Client

    def head(self) -> int:
        return int(self._ask("eth_blockNumber"), 16)

    def chain_id(self) -> int:
        return int(self._ask("eth_chainId"), 16)

    def hash_of(self, number: int) -> str | None:
        block = self._ask("eth_getBlockByNumber", hex(number), False)
        found: str | None = block["hash"] if block else None
        return found

    def _ask(self, method: str, *params: object) -> Any:
        request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        try:
            answer = self.http.post("/", json=request).raise_for_status().json()
        except (httpx.HTTPError, ValueError) as reason:
            raise ChainError(f"{self.name}: {method}", expected="an answer", seen=str(reason)) from reason
        if "result" not in answer:
            raise ChainError(f"{self.name}: {method}", expected="a result", seen=str(answer))
        return answer["result"]


def check(kube: Kube, environment: Environment) -> None:
    """LayerUnhealthy where a node's head stands still, or where nodes are on different chains."""
    network = yaml.safe_load((ROOT / "values" / "networks" / f"{environment.network}.yaml").read_text())["network"]
    namespace = environment.layer("ethereum").namespace
    try:
        with _nodes(kube, namespace, environment.timeout("request")) as nodes:
            before = {node.name: node.head() for node in nodes}
            for node in nodes:
                eventually(
                    f"the head of {node.name} advances from block {before[node.name]}",
                    node.head,
                    until=partial(operator.lt, before[node.name]),
                    within=_SLOTS * network["slotSeconds"],
                    hint=f"kubectl -n {namespace} logs {node.name} -c execution",
                )
            problems = _differences(nodes, network["chainId"])
    except (ChainError, NotInTime) as reason:
        raise LayerUnhealthy("the nodes do not follow their chain", seen=str(reason)) from reason
    if problems:
        raise LayerUnhealthy("the nodes are not on the same chain", seen="\n".join(problems))


def _differences(nodes: list[_Node], chain_id: int) -> list[str]:
    problems = []
    for node in nodes:
        said = node.chain_id()
        if said != chain_id:
            problems.append(f"{node.name} is on chain {said}, not {chain_id}")
    common = min(node.head() for node in nodes)
    for number in (0, common):
        hashes = {node.name: node.hash_of(number) for node in nodes}
        if len(set(hashes.values())) > 1:
            problems.append(f"block {number} differs: {hashes}")
    return problems


@contextmanager
def _nodes(kube: Kube, namespace: str, timeout: float) -> Iterator[list[_Node]]:
    pods = [pod["metadata"]["name"] for pod in kube.list("Pod", namespace, labels=_NODES)]
    if not pods:
        raise ChainError(f"no node runs in {namespace}", expected=_NODES)
    with ExitStack() as stack:
        yield [
            _Node(
                pod,
                stack.enter_context(
                    httpx.Client(
                        base_url=f"http://127.0.0.1:{stack.enter_context(kube.forward(namespace, pod, _RPC))}",
                        timeout=timeout,
                        # A proxy of the operator's must not see, or lose, requests to this machine.
                        trust_env=False,
                    )
                ),
            )
            for pod in sorted(pods)
        ]

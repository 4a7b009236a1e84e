"""Steps about the RPC endpoints, called as users call them: through the Service in front of the sync nodes."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from pytest_bdd import parsers, then, when

from ethinfra.chain.networks import Network
from ethinfra.errors import unknown_name
from ethinfra.trial.rpc import RpcService

Check = Callable[[object], bool]

#: What the features call a type → whether a result is of it.
TYPES: dict[str, Check] = {
    "a text": lambda value: isinstance(value, str) and value != "",
    # https://ethereum.org/developers/docs/apis/json-rpc: hexadecimal, no leading zeroes.
    "a quantity": lambda value: isinstance(value, str) and re.fullmatch(r"0x(0|[1-9a-f][0-9a-f]*)", value) is not None,
    "false": lambda value: value is False,
}

#: What the features call an input → the bytes that are sent.
INPUTS = {
    "invalid JSON": b'{"jsonrpc": "2.0", "method": "eth_blockNumber", "id": 1',
    "an unknown method": b'{"jsonrpc": "2.0", "method": "eth_noSuchMethod", "params": [], "id": 1}',
    "wrong parameters": b'{"jsonrpc": "2.0", "method": "eth_getBalance", "params": [17], "id": 1}',
}


@when(parsers.parse('an RPC client calls "{method}" through the sync nodes\' service'), target_fixture="answer")
def call(method: str, rpc_service: RpcService) -> dict[str, Any]:
    return rpc_service.call(method)


@then(parsers.parse("the result is {kind}"))
def result_is(kind: str, answer: dict[str, Any], network: Network) -> None:
    """`a text`, `a quantity` (hexadecimal without leading zeroes), `false`, or `the chain's id`."""
    types: dict[str, Check] = {**TYPES, "the chain's id": lambda value: value == hex(network.chain_id)}
    if kind not in types:
        raise unknown_name("type", kind, list(types))
    assert "error" not in answer, answer["error"]
    assert types[kind](answer["result"]), f"{answer['result']!r} is not {kind}"


@when(parsers.parse("an RPC client sends {content} through the sync nodes' service"), target_fixture="answer")
def send(content: str, rpc_service: RpcService) -> dict[str, Any]:
    """`invalid JSON`, `an unknown method` or `wrong parameters`."""
    if content not in INPUTS:
        raise unknown_name("input", content, list(INPUTS))
    return rpc_service.send(INPUTS[content])


@then(parsers.parse("the answer is an error object with code {code:d}"))
def answer_is_error(code: int, answer: dict[str, Any]) -> None:
    assert "result" not in answer, f"a result: {answer['result']!r}"
    assert answer["error"]["code"] == code, answer["error"]
    assert isinstance(answer["error"]["message"], str)


@when(
    parsers.parse(
        "an RPC client subscribes to new heads through the sync nodes' service and receives {count:d} of them"
    ),
    target_fixture="numbers",
)
def subscribe(count: int, rpc_service: RpcService, network: Network) -> list[int]:
    """Over WebSocket."""
    return rpc_service.new_heads(count, within=(count + 15) * network.slot_seconds)


@then("their numbers follow each other without a gap")
def numbers_follow(numbers: list[int]) -> None:
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers))), numbers

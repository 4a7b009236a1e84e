"""Steps about the RPC endpoints, called as users call them: through the Services in front of the sync nodes."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pytest_bdd import parsers, then, when

from ethinfra.chain.networks import Network
from ethinfra.clients import find_program
from ethinfra.errors import unknown_name
from ethinfra.trial.rpc import RpcService
from fixtures.evidence import Evidence

Answer = dict[str, Any]

#: What the features call an input → the bytes that are sent.
INPUTS = {
    "invalid JSON": b'{"jsonrpc": "2.0", "method": "eth_blockNumber", "id": 1',
    "an unknown method": b'{"jsonrpc": "2.0", "method": "eth_noSuchMethod", "params": [], "id": 1}',
    "wrong parameters": b'{"jsonrpc": "2.0", "method": "eth_getBalance", "params": [17], "id": 1}',
}


@dataclass
class Asked:
    """What every client answered. what: the method, or the input in the words of the features."""

    what: str
    answers: dict[str, Answer]


@when(parsers.parse('an RPC client calls "{method}" through the service of every client'), target_fixture="asked")
def call(method: str, rpc_services: dict[str, RpcService]) -> Asked:
    return Asked(method, {client: service.call(method) for client, service in rpc_services.items()})


@then(parsers.parse("the result is {kind}"))
def result_is(kind: str, asked: Asked, network: Network, evidence: Evidence) -> None:
    """`a text`, `a quantity` (hexadecimal without leading zeroes), `false`, or `the chain's id`.

    A client may differ where its file says so (rpcDifferences), and then it must.
    """
    must_answer(asked, kind, network, evidence)


@when(parsers.parse("an RPC client sends {content} through the service of every client"), target_fixture="asked")
def send(content: str, rpc_services: dict[str, RpcService]) -> Asked:
    """`invalid JSON`, `an unknown method` or `wrong parameters`."""
    if content not in INPUTS:
        raise unknown_name("input", content, list(INPUTS))
    return Asked(content, {client: service.send(INPUTS[content]) for client, service in rpc_services.items()})


@then(parsers.parse("the answer is an error object with code {code:d}"))
def answer_is_error(code: int, asked: Asked, network: Network, evidence: Evidence) -> None:
    """A client may differ where its file says so (rpcDifferences), and then it must."""
    must_answer(asked, f"error {code}", network, evidence)


@when(
    parsers.parse(
        "an RPC client subscribes to new heads through the service of every client and receives {count:d} of them"
    ),
    target_fixture="numbers",
)
def subscribe(count: int, rpc_services: dict[str, RpcService], network: Network, evidence: Evidence) -> list[list[int]]:
    """Over WebSocket. Of every client that has subscriptions, by its file."""
    able = [client for client in rpc_services if find_program(client, "execution").can("subscriptions")]
    evidence.attach("clients", {"subscribed": able, "without subscriptions": sorted(set(rpc_services) - set(able))})
    assert able, "no deployed client has subscriptions"
    within = (count + 15) * network.slot_seconds
    return [rpc_services[client].new_heads(count, within=within) for client in able]


@then("their numbers follow each other without a gap")
def numbers_follow(numbers: list[list[int]]) -> None:
    for seen in numbers:
        assert seen == list(range(seen[0], seen[0] + len(seen))), seen


def must_answer(asked: Asked, expected: str, network: Network, evidence: Evidence) -> None:
    """Each client answers as expected, or as its file says that it differs; what was seen is evidence."""
    evidence.attach("answers", {"asked": asked.what, **asked.answers})
    for client, answer in asked.answers.items():
        difference = find_program(client, "execution").difference(asked.what)
        wanted = difference.answers if difference else expected
        assert _satisfies(answer, wanted, network), f"{client}: {asked.what} is answered with {answer}, not {wanted}"


def _satisfies(answer: Answer, wanted: str, network: Network) -> bool:
    status = re.fullmatch(r"HTTP (\d+)", wanted)
    if status:
        return answer.get("status") == int(status[1])
    error = re.fullmatch(r"error (-\d+)", wanted)
    if error:
        refusal = answer.get("error") or {}
        return refusal.get("code") == int(error[1]) and isinstance(refusal.get("message"), str)
    types: dict[str, Callable[[object], bool]] = {
        "a text": lambda value: isinstance(value, str) and value != "",
        # https://ethereum.org/developers/docs/apis/json-rpc: hexadecimal, no leading zeroes.
        "a quantity": lambda value: isinstance(value, str) and bool(re.fullmatch(r"0x(0|[1-9a-f][0-9a-f]*)", value)),
        "a number": lambda value: isinstance(value, int) and not isinstance(value, bool),
        "false": lambda value: value is False,
        "an object": lambda value: isinstance(value, dict),
        "the chain's id": lambda value: value == hex(network.chain_id),
    }
    if wanted not in types:
        raise unknown_name("answer", wanted, [*types, "error CODE", "HTTP STATUS"])
    return "result" in answer and types[wanted](answer["result"])

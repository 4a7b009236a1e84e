"""A batch of JSON-RPC calls, of which every answer is checked for being an answer to its own question."""

from __future__ import annotations

import itertools
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from ethinfra.probe import exchange, wire
from ethinfra.probe.exchange import Deadline, Endpoint, NoAnswer
from ethinfra.probe.view import Kind, Trouble

# Begun at random, so that a recorded answer is not taken for one of ours.
_ids = itertools.count(secrets.randbelow(1 << 30))


@dataclass(frozen=True)
class Call:
    """A method and its parameters."""

    method: str
    params: tuple[object, ...] = ()


@dataclass(frozen=True)
class Result:
    """What one call gave: a value, or the trouble with it."""

    value: object = None
    trouble: Trouble | None = None


def batch(endpoint: Endpoint, calls: Sequence[Call], deadline: Deadline) -> list[Result]:
    """Put all calls in one HTTP request; one result per call, in their order.

    NoAnswer if nothing came back that is an answer to any of them. An answer counts by its content and not by its HTTP
    status: Nethermind sheds load with a 503 around a well-formed error.
    """
    numbered = {next(_ids): call for call in calls}
    request = [
        {"jsonrpc": "2.0", "id": number, "method": call.method, "params": list(call.params)}
        for number, call in numbered.items()
    ]
    answer = exchange.ask(endpoint, "", deadline, json_body=json.dumps(request).encode())
    document = wire.document(answer.body, answer.status)
    if isinstance(document, dict):
        return _refused(document, answer.status, len(calls))
    if not isinstance(document, list):
        raise wire.Malformed(f"HTTP {answer.status} and JSON that is no JSON-RPC")
    results = {}
    for entry in document:
        number = entry.get("id") if isinstance(entry, dict) else None
        # `True` equals 1 and 7.0 equals 7 as dictionary keys.
        if type(number) is int and number in numbered:
            results[number] = _result(entry, numbered[number].method)
    if not results:
        raise wire.Malformed("no answer carries the id of a question")
    missing = Result(trouble=Trouble(Kind.MALFORMED, "the answer carries no such id"))
    return [results.get(number, missing) for number in numbered]


def _refused(document: dict[str, object], status: int, count: int) -> list[Result]:
    """One error for the whole batch, with the id null as JSON-RPC 2.0 wants where no id could be read."""
    if document.get("jsonrpc") != "2.0" or document.get("id") is not None or not _is_error(document):
        raise wire.Malformed(f"HTTP {status} and JSON that answers none of the questions")
    return [_result(document, "the batch")] * count


def _is_error(entry: dict[str, object]) -> bool:
    error = entry.get("error")
    return isinstance(error, dict) and type(error.get("code")) is int and "result" not in entry


def _result(entry: dict[str, object], method: str) -> Result:
    if entry.get("jsonrpc") != "2.0":
        return Result(trouble=Trouble(Kind.MALFORMED, f"{method}: the answer is no JSON-RPC 2.0"))
    if _is_error(entry):
        error = entry["error"]
        said = f"{error.get('code')} {str(error.get('message', ''))[:120]}" if isinstance(error, dict) else ""
        return Result(trouble=Trouble(Kind.ERROR, f"{method}: error {said}"))
    if "result" not in entry or "error" in entry:
        return Result(trouble=Trouble(Kind.MALFORMED, f"{method}: neither one result nor one error"))
    return Result(value=entry["result"])


def answered(results: Sequence[Result]) -> bool:
    """Whether at least one is a well-formed answer, be it an error."""
    return any(one.trouble is None or one.trouble.kind is Kind.ERROR for one in results)


def value(result: Result) -> object:
    """The value, or NoAnswer with the trouble."""
    if result.trouble is not None:
        raise NoAnswer(result.trouble.kind, result.trouble.text)
    return result.value

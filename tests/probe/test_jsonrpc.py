"""Answers count only for the question whose id they carry, and nothing that a server can say breaks the reader."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from ethinfra.probe import exchange, execution, jsonrpc, wire
from ethinfra.probe.consensus import ConsensusClient
from ethinfra.probe.exchange import Answer, Deadline, Endpoint, NoAnswer
from ethinfra.probe.jsonrpc import Call
from ethinfra.probe.testing.scripted_chain import ScriptedChain
from ethinfra.probe.view import Consensus, Execution, Kind

ENDPOINT = Endpoint.parse("http://127.0.0.1:1")
CALLS = [Call("eth_chainId"), Call("eth_blockNumber")]


@contextmanager
def answering(monkeypatch: pytest.MonkeyPatch, answer: Any) -> Iterator[None]:
    """Replace the exchange: `answer` gets the request's ids and returns a document."""

    def ask(_: Endpoint, path: str, __: Deadline, *, json_body: bytes | None = None) -> Answer:
        return Answer(200, json.dumps(answer(json.loads(json_body) if json_body else path)).encode())

    with monkeypatch.context() as patch:
        patch.setattr(exchange, "ask", ask)
        yield


def one(call: dict[str, Any], **fields: object) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": call["id"], **fields}


def test_results_come_in_the_order_of_the_questions(monkeypatch: pytest.MonkeyPatch):
    """JSON-RPC 2.0 lets a server answer a batch in any order."""
    with answering(monkeypatch, lambda calls: [one(call, result=call["method"]) for call in reversed(calls)]):
        results = jsonrpc.batch(ENDPOINT, CALLS, Deadline(1))

    assert [result.value for result in results] == ["eth_chainId", "eth_blockNumber"]


@pytest.mark.parametrize("wrong", [lambda i: i + 1000, str, float, lambda _: None, lambda _: True, lambda i: [i]])
def test_answer_with_another_id_is_none(wrong: Any, monkeypatch: pytest.MonkeyPatch):
    def answer(calls: list[dict[str, Any]]) -> list[dict[str, object]]:
        return [{"jsonrpc": "2.0", "id": wrong(call["id"]), "result": "0x1"} for call in calls]

    with answering(monkeypatch, answer), pytest.raises(NoAnswer) as refused:
        jsonrpc.batch(ENDPOINT, CALLS, Deadline(1))

    assert refused.value.trouble.kind is Kind.MALFORMED


def test_missing_answer_of_a_batch_is_trouble_for_its_question_alone(monkeypatch: pytest.MonkeyPatch):
    with answering(monkeypatch, lambda calls: [one(calls[0], result="0x1")]):
        first, second = jsonrpc.batch(ENDPOINT, CALLS, Deadline(1))

    assert first.value == "0x1"
    assert second.trouble is not None
    assert second.trouble.kind is Kind.MALFORMED


@pytest.mark.parametrize(
    "fields", [{}, {"result": "0x1", "error": {"code": 1}}, {"error": "no"}, {"error": None}, {"error": {"code": "1"}}]
)
def test_neither_result_nor_error_is_malformed(fields: dict[str, object], monkeypatch: pytest.MonkeyPatch):
    with answering(monkeypatch, lambda calls: [one(call, **fields) for call in calls]):
        results = jsonrpc.batch(ENDPOINT, CALLS, Deadline(1))

    assert not jsonrpc.answered(results)
    assert all(result.trouble and result.trouble.kind is Kind.MALFORMED for result in results)


REFUSAL = {"jsonrpc": "2.0", "id": None, "error": {"code": -32005, "message": "limit exceeded"}}


def test_one_error_for_the_batch_is_an_answer_to_each_question(monkeypatch: pytest.MonkeyPatch):
    """JSON-RPC 2.0 wants the id null where no id could be read."""
    with answering(monkeypatch, lambda _: REFUSAL):
        results = jsonrpc.batch(ENDPOINT, CALLS, Deadline(1))

    assert len(results) == len(CALLS)
    assert jsonrpc.answered(results)
    assert all(result.trouble and result.trouble.kind is Kind.ERROR for result in results)


@pytest.mark.parametrize("changed", [{"jsonrpc": "1.0"}, {"id": 7}, {"error": None}, {"result": "0x1"}])
def test_object_that_is_no_such_error_answers_nothing(changed: dict[str, object], monkeypatch: pytest.MonkeyPatch):
    with answering(monkeypatch, lambda _: {**REFUSAL, **changed}), pytest.raises(NoAnswer) as refused:
        jsonrpc.batch(ENDPOINT, CALLS, Deadline(1))

    assert refused.value.trouble.kind is Kind.MALFORMED


@pytest.mark.parametrize("value", [1, 0, "true", None])
def test_what_merely_counts_as_true_is_malformed(value: object):
    assert wire.boolean(True, "is_syncing") is True
    assert wire.boolean(False, "is_syncing") is False
    with pytest.raises(wire.Malformed, match="not true or false"):
        wire.boolean(value, "is_syncing")


def test_missing_member_is_named_by_its_path():
    with pytest.raises(wire.Malformed, match=r"no data\.head$"):
        wire.member({"data": {"other": 1}}, "data", "head", "number")


def test_ids_are_never_used_twice(monkeypatch: pytest.MonkeyPatch):
    """An answer that was kept from an earlier question must not pass for this one's."""
    seen: list[int] = []

    def answer(calls: list[dict[str, Any]]) -> list[dict[str, object]]:
        seen.extend(call["id"] for call in calls)
        return [one(call, result="0x1") for call in calls]

    with answering(monkeypatch, answer):
        for _ in range(3):
            jsonrpc.batch(ENDPOINT, CALLS, Deadline(1))

    assert len(set(seen)) == len(seen) == 6


def test_no_answer_however_odd_breaks_a_look(monkeypatch: pytest.MonkeyPatch):
    """The observer has one thread: an exception in it would end the probe. 3000 answers, damaged at random places."""
    dice = random.Random(20261123)  # noqa: S311 - reproducible on purpose
    chain = ScriptedChain(1, 0, 12)

    def damaged_rpc(calls: list[dict[str, Any]]) -> object:
        return damage([one(call, result=chain.execution(call["method"], call["params"])) for call in calls], dice)

    for _ in range(1500):
        with answering(monkeypatch, damaged_rpc):
            assert isinstance(execution.look(ENDPOINT, 1, at=100), Execution)
        with answering(monkeypatch, lambda path: damage({"data": chain.consensus(path)}, dice)):
            assert isinstance(ConsensusClient(ENDPOINT).look(1), Consensus)


ODD = [None, True, 0, -1, 1.5, 10**400, "", "0x", "0x" + "f" * 100, "-1", "9" * 5000, "é", [], {}, [[]], {"id": None}]


def damage(value: Any, dice: random.Random) -> Any:
    """Replace a random part of a document by something odd."""
    if isinstance(value, dict) and value and dice.random() < 0.8:
        key = dice.choice(list(value))
        return {**value, key: damage(value[key], dice)}
    if isinstance(value, list) and value and dice.random() < 0.9:
        at = dice.randrange(len(value))
        return [*value[:at], damage(value[at], dice), *value[at + 1 :]]
    return dice.choice(ODD)

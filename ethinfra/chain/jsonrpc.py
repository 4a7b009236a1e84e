"""The execution client's JSON-RPC, with what steps ask most often as typed methods."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ethinfra.chain.link import Link
from ethinfra.chain.quantities import Address, BlockNumber, Hash32, Wei, hash32, member, number
from ethinfra.errors import ChainError

#: How clients refuse the tag `finalized` before the first final block: geth "finalized block not found" (-32000),
#: others "unknown block" (-39001).
_NOTHING_YET = ("not found", "unknown block")

_ids = itertools.count(1)


class RpcError(ChainError):
    """The node answered with an error object. `code` is JSON-RPC's."""

    def __init__(self, who: str, method: str, code: int, message: str, data: object = None) -> None:
        self.method = method
        self.code = code
        self.message = message
        self.data = data
        super().__init__(f"{who}: {method} was refused", seen=f"error {code}: {message}")


@dataclass(frozen=True)
class Block:
    """An execution block. timestamp: Unix seconds."""

    number: BlockNumber
    hash: Hash32
    parent: Hash32
    timestamp: int
    transactions: tuple[Hash32, ...] = ()

    def __str__(self) -> str:
        return f"block {self.number} ({self.hash[:10]}…)"


@dataclass(frozen=True)
class Receipt:
    """What a transaction did. Two receipts are equal when every field that the node reports is."""

    transaction: Hash32
    block: Hash32
    number: BlockNumber
    successful: bool
    raw: dict[str, Any]

    def without(self, fields: frozenset[str]) -> Receipt:
        """The same, with some fields of `raw` left out."""
        return replace(self, raw={key: value for key, value in self.raw.items() if key not in fields})


class JsonRpc:
    """One execution client."""

    def __init__(self, link: Link) -> None:
        self.link = link

    def call(self, method: str, *params: object) -> Any:
        """The result; RpcError for an error object, ChainError for an answer that is neither."""
        request = {"jsonrpc": "2.0", "id": next(_ids), "method": method, "params": list(params)}
        return self._result(request, self._exchange(request))

    def batch(self, calls: Sequence[tuple[str, Sequence[object]]]) -> list[Any]:
        """Several calls in one request; for each its result, or the RpcError that it got."""
        requests = [
            {"jsonrpc": "2.0", "id": next(_ids), "method": method, "params": list(params)} for method, params in calls
        ]
        answers = self._exchange(requests)
        if not isinstance(answers, list):
            raise ChainError(f"{self.link.name}: a batch", expected="a list of answers", seen=repr(answers)[:200])
        by_id = {answer.get("id"): answer for answer in answers if isinstance(answer, dict)}
        return [self._result_or_error(request, by_id.get(request["id"])) for request in requests]

    def chain_id(self) -> int:
        return number(self.call("eth_chainId"), "eth_chainId")

    def head(self) -> Block:
        """The latest block; 0 right after the start of an empty node."""
        found = self.block("latest")
        if found is None:
            raise ChainError(f"{self.link.name}: latest block", expected="a block", seen="null")
        return found

    def finalized(self) -> Block | None:
        """The last block that is final, or None while the network has finalized none."""
        return self.block("finalized")

    def block(self, which: int | str) -> Block | None:
        """A canonical block by height, hash or tag, or None while the node has not imported it.

        A syncing node also answers None; ask `head()` where the difference matters.
        """
        by_hash = isinstance(which, str) and len(which) == 66
        method = "eth_getBlockByHash" if by_hash else "eth_getBlockByNumber"
        try:
            found = self.call(method, hex(which) if isinstance(which, int) else which, False)
        except RpcError as refused:
            if which in ("finalized", "safe") and any(part in refused.message.lower() for part in _NOTHING_YET):
                return None
            raise
        return None if found is None else as_block(found, self.link.name)

    def peers(self) -> int:
        return number(self.call("net_peerCount"), "net_peerCount")

    def syncing(self) -> dict[str, Any] | None:
        """The client's own progress report; None when it says that it is not syncing, which it also does at block 0."""
        progress = self.call("eth_syncing")
        return progress if isinstance(progress, dict) else None

    def receipt(self, transaction: Hash32) -> Receipt | None:
        """None while the transaction is in no block that this node knows."""
        found = self.call("eth_getTransactionReceipt", transaction)
        return None if found is None else as_receipt(found, self.link.name)

    def balance(self, address: Address, at: int | str = "latest") -> Wei:
        """RpcError where the node no longer has, or never had, the state of that block."""
        found = self.call("eth_getBalance", address, hex(at) if isinstance(at, int) else at)
        return Wei(number(found, "eth_getBalance"))

    def nonce(self, address: Address) -> int:
        """Of the next transaction, those in the pool counted."""
        return number(self.call("eth_getTransactionCount", address, "pending"), "eth_getTransactionCount")

    def client_version(self) -> str:
        return str(self.call("web3_clientVersion"))

    def _exchange(self, request: object) -> object:
        answer = self.link.send("POST", "/", json.dumps(request).encode())
        try:
            return json.loads(answer.body)
        except ValueError as reason:
            seen = f"HTTP {answer.status}: {answer.body[:120]!r}"
            raise ChainError(f"{self.link.name}: JSON-RPC", expected="JSON", seen=seen) from reason

    def _result(self, request: dict[str, Any], answer: object) -> Any:
        result = self._result_or_error(request, answer)
        if isinstance(result, RpcError):
            raise result
        return result

    def _result_or_error(self, request: dict[str, Any], answer: object) -> Any:
        who, method = self.link.name, request["method"]
        if not isinstance(answer, dict) or answer.get("jsonrpc") != "2.0" or answer.get("id") != request["id"]:
            expected = f"a JSON-RPC 2.0 answer with id {request['id']}"
            raise ChainError(f"{who}: {method}", expected=expected, seen=repr(answer)[:200])
        error = answer.get("error")
        if isinstance(error, dict):
            return RpcError(who, method, error.get("code", 0), str(error.get("message", "")), error.get("data"))
        if "result" not in answer:
            raise ChainError(f"{who}: {method}", expected="a result or an error", seen=repr(answer)[:200])
        return answer["result"]


def as_block(found: object, who: str) -> Block:
    """A block as JSON-RPC describes it, its transactions as hashes."""
    what = f"{who}: a block"
    transactions = member(found, "transactions", what=what)
    return Block(
        number=BlockNumber(number(member(found, "number", what=what), what)),
        hash=hash32(member(found, "hash", what=what), what),
        parent=hash32(member(found, "parentHash", what=what), what),
        timestamp=number(member(found, "timestamp", what=what), what),
        transactions=tuple(hash32(one, what) for one in transactions) if isinstance(transactions, list) else (),
    )


def as_receipt(found: object, who: str) -> Receipt:
    """A receipt as JSON-RPC describes it."""
    what = f"{who}: a receipt"
    if not isinstance(found, dict):
        raise ChainError(what, expected="an object", seen=repr(found)[:200])
    return Receipt(
        transaction=hash32(member(found, "transactionHash", what=what), what),
        block=hash32(member(found, "blockHash", what=what), what),
        number=BlockNumber(number(member(found, "blockNumber", what=what), what)),
        successful=member(found, "status", what=what) == "0x1",
        raw=found,
    )

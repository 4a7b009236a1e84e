"""JSON-RPC answers become values or errors that say who said what."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from ethinfra.chain.jsonrpc import JsonRpc, RpcError, as_receipt
from ethinfra.chain.link import HttpLink
from ethinfra.chain.quantities import Address, Hash32
from ethinfra.errors import ChainError
from tests.chain.conftest import Script, json_rpc

HASH = "0x" + "ab" * 32
BLOCK = {"number": "0x10", "hash": HASH, "parentHash": "0x" + "00" * 32, "timestamp": "0x5", "transactions": [HASH]}

Serve = Callable[[Script], str]


def rpc(serve: Serve, answers: dict[str, Any]) -> JsonRpc:
    return JsonRpc(HttpLink(serve(json_rpc(answers)), name="geth-0 rpc"))


def test_typed_questions(serve: Serve):
    client = rpc(
        serve,
        {
            "eth_chainId": "0x7e7e",
            "eth_getBlockByNumber": BLOCK,
            "net_peerCount": "0x3",
            "eth_syncing": False,
            "eth_getBalance": "0xde0b6b3a7640000",
            "eth_getTransactionCount": "0x2",
            "web3_clientVersion": "Geth/v1.17.5",
        },
    )

    assert client.chain_id() == 32382
    assert client.head().number == 16
    assert client.head().transactions == (HASH,)
    assert client.peers() == 3
    assert client.syncing() is None
    assert client.balance(Address("0x" + "11" * 20)) == 10**18
    assert client.nonce(Address("0x" + "11" * 20)) == 2
    assert client.client_version() == "Geth/v1.17.5"


def test_blocks_are_asked_for_by_height_hash_and_tag(serve: Serve):
    asked = []

    def by(kind: str) -> Callable[..., Any]:
        return lambda which, full: asked.append((kind, which, full)) or BLOCK

    client = rpc(serve, {"eth_getBlockByNumber": by("number"), "eth_getBlockByHash": by("hash")})
    for which in (418, "safe", HASH):
        client.block(which)

    assert asked == [("number", "0x1a2", False), ("number", "safe", False), ("hash", HASH, False)]


def test_refusal_carries_its_code(serve: Serve):
    with pytest.raises(RpcError) as refused:
        rpc(serve, {}).call("admin_peers")

    assert refused.value.code == -32000
    assert refused.value.method == "admin_peers"
    assert "geth-0 rpc: admin_peers was refused" in str(refused.value)


@pytest.mark.parametrize("said", ["finalized block not found", "unknown block"])
def test_nothing_is_final_yet(said: str, serve: Serve):
    """Before the first finalized epoch the tag is refused; that is a state of the chain and no failure."""
    assert rpc(serve, {"eth_getBlockByNumber": KeyError(said)}).finalized() is None


def test_other_refusals_of_the_final_block_are_failures(serve: Serve):
    with pytest.raises(RpcError, match="database closed"):
        rpc(serve, {"eth_getBlockByNumber": KeyError("database closed")}).finalized()


def test_unknown_block_and_receipt_are_none(serve: Serve):
    client = rpc(serve, {"eth_getBlockByNumber": None, "eth_getTransactionReceipt": None})

    assert client.block(10**6) is None
    assert client.receipt(Hash32(HASH)) is None
    with pytest.raises(ChainError, match="latest block"):
        client.head()


def test_batch_keeps_the_order_and_the_errors(serve: Serve):
    """The server answers in reverse order, which it may."""
    results = rpc(serve, {"eth_chainId": "0x1"}).batch([("eth_chainId", []), ("nothing", []), ("eth_chainId", [])])

    assert results[0] == results[2] == "0x1"
    assert isinstance(results[1], RpcError)


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"[]", b'{"jsonrpc":"2.0","id":-1,"result":"0x1"}', b'{"id":1}', b'"0x1"'],
    ids=["empty", "web page", "list", "foreign id", "no result", "text"],
)
def test_what_is_no_answer_is_an_error_and_never_a_value(body: bytes, serve: Serve):
    client = JsonRpc(HttpLink(serve(lambda *_: (200, body)), name="geth-0 rpc"))

    with pytest.raises(ChainError, match="geth-0 rpc"):
        client.chain_id()


@pytest.mark.parametrize("value", [None, 1, "1", "0x", "0xzz", {}])
def test_quantity_that_is_none_is_refused(value: object, serve: Serve):
    with pytest.raises(ChainError, match="eth_chainId"):
        rpc(serve, {"eth_chainId": value}).chain_id()


RECEIPT = {"transactionHash": HASH, "blockHash": HASH, "blockNumber": "0x10", "status": "0x1", "gasUsed": "0x5208"}


def test_receipts_are_equal_when_every_field_is():
    """Two nodes that agree on the block and not on the gas do not agree."""
    same, other = as_receipt(json.loads(json.dumps(RECEIPT)), "b"), as_receipt({**RECEIPT, "gasUsed": "0x5209"}, "b")

    assert as_receipt(RECEIPT, "a") == same
    assert as_receipt(RECEIPT, "a") != other
    assert as_receipt(RECEIPT, "a").successful
    assert not as_receipt({**RECEIPT, "status": "0x0"}, "a").successful

"""Transactions: signed for the right chain, and the same on all nodes or refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from eth_account import Account
from eth_account.typed_transactions import TypedTransaction
from eth_utils import keccak
from hexbytes import HexBytes

from ethinfra.chain.accounts import funded_account
from ethinfra.chain.jsonrpc import RpcError
from ethinfra.chain.link import HttpLink
from ethinfra.chain.networks import load_network
from ethinfra.chain.node import Node
from ethinfra.chain.quantities import Address, Hash32, Wei
from ethinfra.chain.transactions import DATA, must_have_same_receipt, send_data, send_transfer
from ethinfra.errors import ChainError
from ethinfra.waiting import NotInTime
from tests.chain.conftest import Script, json_rpc

Serve = Callable[[Script], str]
TO = Address("0x00000000000000000000000000000000000000aa")
TX = Hash32("0x" + "ee" * 32)


def node(serve: Serve, name: str, answers: dict[str, Any]) -> Node:
    return Node(name, HttpLink(serve(json_rpc(answers)), name=f"{name} rpc"), HttpLink("http://127.0.0.1:1"))


def sending(serve: Serve, raw: list[str], said: Callable[[str], object]) -> Node:
    return node(
        serve,
        "geth-0",
        {
            "eth_getBlockByNumber": {"baseFeePerGas": "0x7"},
            "eth_maxPriorityFeePerGas": "0x3b9aca00",
            "eth_chainId": hex(load_network("devnet").chain_id),
            "eth_getTransactionCount": "0x4",
            "eth_sendRawTransaction": lambda one: raw.append(one) or said(one),
        },
    )


def test_transfer_is_signed_by_the_sender_for_this_chain(serve: Serve):
    sender, raw = funded_account(load_network("devnet"), 1), []

    def hash_of(one: str) -> str:
        return "0x" + keccak(hexstr=one).hex()

    sent = send_transfer(sending(serve, raw, hash_of), sender, TO, Wei(1))

    assert sent == hash_of(raw[0])
    assert Account.recover_transaction(raw[0]) == sender.address


def test_bytes_go_in_transactions_that_nodes_take(serve: Serve):
    raw: list[str] = []

    def hash_of(one: str) -> str:
        return "0x" + keccak(hexstr=one).hex()

    last = send_data(sending(serve, raw, hash_of), funded_account(load_network("devnet")), TO, 2 * DATA + 1)

    sent = [TypedTransaction.from_bytes(HexBytes(one)).as_dict() for one in raw]
    assert last == hash_of(raw[-1])
    assert [(one["nonce"], len(one["data"])) for one in sent] == [(4, DATA), (5, DATA), (6, 1)]
    assert len({bytes(one["data"]) for one in sent}) == 3


def test_node_that_names_another_hash_is_not_believed(serve: Serve):
    with pytest.raises(ChainError, match="eth_sendRawTransaction"):
        send_transfer(sending(serve, [], lambda _: TX), funded_account(load_network("devnet")), TO, Wei(1))


def test_refused_transaction_is_said(serve: Serve):
    refuses = sending(serve, [], lambda _: ValueError("nonce too low"))

    with pytest.raises(RpcError, match="nonce too low"):
        send_transfer(refuses, funded_account(load_network("devnet")), TO, Wei(1))


def receipt(**changed: str) -> dict[str, str]:
    found = {"transactionHash": TX, "blockHash": TX, "blockNumber": "0x5", "status": "0x1", "gasUsed": "0x5208"}
    return {**found, **changed}


def test_same_receipt_on_all_nodes_is_returned(serve: Serve):
    nodes = [node(serve, f"geth-{number}", {"eth_getTransactionReceipt": receipt()}) for number in range(2)]

    assert must_have_same_receipt(nodes, TX, within=5).number == 5


def test_receipt_that_comes_later_on_one_node_is_waited_for(serve: Serve):
    answers = iter([None, None, receipt()])
    late = node(serve, "geth-1", {"eth_getTransactionReceipt": lambda _: next(answers, receipt())})
    first = node(serve, "geth-0", {"eth_getTransactionReceipt": receipt()})

    assert must_have_same_receipt([first, late], TX, within=10).successful


@pytest.mark.parametrize("other", [None, receipt(gasUsed="0x1"), receipt(blockHash="0x" + "01" * 32)])
def test_nodes_that_differ_are_refused(other: dict[str, str] | None, serve: Serve):
    nodes = [
        node(serve, f"geth-{number}", {"eth_getTransactionReceipt": answer})
        for number, answer in enumerate((receipt(), other))
    ]

    with pytest.raises(NotInTime, match="report the same receipt"):
        must_have_same_receipt(nodes, TX, within=0.5)


def test_failed_transaction_is_refused_though_all_agree(serve: Serve):
    failed = node(serve, "geth-0", {"eth_getTransactionReceipt": receipt(status="0x0")})

    with pytest.raises(ChainError, match="status 0x1"):
        must_have_same_receipt([failed], TX, within=5)

"""Moves ether and bytes, and demands that all nodes tell the same about it."""

from __future__ import annotations

import os
from collections.abc import Sequence

from eth_account.signers.local import LocalAccount
from eth_utils.address import to_checksum_address

from ethinfra.chain.accounts import address_of
from ethinfra.chain.jsonrpc import Receipt
from ethinfra.chain.node import Node
from ethinfra.chain.quantities import Address, Hash32, Wei, hash32, number
from ethinfra.errors import ChainError
from ethinfra.waiting import eventually

#: Gas of a plain transfer (yellow paper, G_transaction), and of a byte of calldata at most (EIP-7623).
TRANSFER_GAS, BYTE_GAS = 21_000, 40

#: Bytes of calldata in one transaction: pools take none above 128 KiB (geth 1.17, txMaxSize).
DATA = 120_000


def send_transfer(node: Node, sender: LocalAccount, to: Address, value: Wei) -> Hash32:
    """Sign a transfer and hand it to one node; its hash. RpcError if the node refuses it."""
    return _Sending(node, sender).send(to, value)


def send_data(node: Node, sender: LocalAccount, to: Address, size: int) -> Hash32:
    """Hand so many random bytes to one node, in transactions of at most DATA each; the hash of the last, which is mined
    after the others."""
    sending = _Sending(node, sender)
    pieces = [min(DATA, size - start) for start in range(0, size, DATA)]
    return [sending.send(to, Wei(0), os.urandom(piece)) for piece in pieces][-1]


class _Sending:
    """Transactions of one account, handed to one node one after the other."""

    def __init__(self, node: Node, sender: LocalAccount) -> None:
        self._node = node
        self._sender = sender
        latest = node.rpc.call("eth_getBlockByNumber", "latest", False)
        self._base_fee = number(latest.get("baseFeePerGas"), f"{node.name}: base fee")
        self._tip = number(node.rpc.call("eth_maxPriorityFeePerGas"), f"{node.name}: tip")
        self._chain_id = node.rpc.chain_id()
        self._nonce = node.rpc.nonce(address_of(sender))

    def send(self, to: Address, value: Wei, data: bytes = b"") -> Hash32:
        """Its hash. RpcError if the node refuses it."""
        signed = self._sender.sign_transaction(
            {
                "chainId": self._chain_id,
                "nonce": self._nonce,
                # The signer refuses an address in plain lower case.
                "to": to_checksum_address(to),
                "value": value,
                "data": data,
                "gas": TRANSFER_GAS + BYTE_GAS * len(data),
                # The base fee rises by an eighth per block at most: enough for twenty full blocks.
                "maxFeePerGas": 10 * self._base_fee + self._tip,
                "maxPriorityFeePerGas": self._tip,
                "type": 2,
            }
        )
        self._nonce += 1
        return self._hand_over(signed.raw_transaction.to_0x_hex(), signed.hash.to_0x_hex())

    def _hand_over(self, raw: str, expected: str) -> Hash32:
        said = hash32(self._node.rpc.call("eth_sendRawTransaction", raw), "hash")
        if said != expected:
            raise ChainError(f"{self._node.name}: eth_sendRawTransaction", expected=expected, seen=said)
        return said


def must_have_same_receipt(nodes: Sequence[Node], transaction: Hash32, *, within: float) -> Receipt:
    """Wait until every node reports the transaction in the same block, with the same receipt in every field; it.

    A field that a client is known to answer otherwise (rpcDifferences) is not compared with that client's.
    All are asked again until they agree, because a reorganisation moves a transaction from one block to another.
    """

    def look() -> dict[str, Receipt | None]:
        return {node.name: node.rpc.receipt(transaction) for node in nodes}

    known = {node.name: node.differing_fields("eth_getTransactionReceipt") for node in nodes}

    def agree(seen: dict[str, Receipt | None]) -> bool:
        (first, receipt), *others = seen.items()
        return receipt is not None and all(
            other is not None
            and other.without(known[first] | known[name]) == receipt.without(known[first] | known[name])
            for name, other in others
        )

    seen = eventually(
        f"{', '.join(node.name for node in nodes)} report the same receipt of {transaction}",
        look,
        until=agree,
        within=within,
        hint="is the transaction in a pool? txpool_inspect",
    )
    receipt = next(iter(seen.values()))
    if receipt is None or not receipt.successful:
        raise ChainError(f"transaction {transaction}", expected="status 0x1", seen=str(receipt))
    return receipt

"""Moves ether, and demands that all nodes tell the same about it."""

from __future__ import annotations

from collections.abc import Sequence

from eth_account.signers.local import LocalAccount
from eth_utils.address import to_checksum_address

from ethinfra.chain.accounts import address_of
from ethinfra.chain.jsonrpc import Receipt
from ethinfra.chain.node import Node
from ethinfra.chain.quantities import Address, Hash32, Wei, hash32, number
from ethinfra.errors import ChainError
from ethinfra.waiting import eventually

#: Gas of a plain transfer (yellow paper, G_transaction).
TRANSFER_GAS = 21_000


def send_transfer(node: Node, sender: LocalAccount, to: Address, value: Wei) -> Hash32:
    """Sign a transfer and hand it to one node; its hash. RpcError if the node refuses it."""
    rpc = node.rpc
    latest = rpc.call("eth_getBlockByNumber", "latest", False)
    base_fee = number(latest.get("baseFeePerGas"), f"{node.name}: base fee")
    tip = number(rpc.call("eth_maxPriorityFeePerGas"), f"{node.name}: tip")
    signed = sender.sign_transaction(
        {
            "chainId": rpc.chain_id(),
            "nonce": rpc.nonce(address_of(sender)),
            # The signer refuses an address in plain lower case.
            "to": to_checksum_address(to),
            "value": value,
            "gas": TRANSFER_GAS,
            # The base fee rises by an eighth per block at most: enough for five full blocks.
            "maxFeePerGas": 2 * base_fee + tip,
            "maxPriorityFeePerGas": tip,
            "type": 2,
        }
    )
    said = hash32(rpc.call("eth_sendRawTransaction", "0x" + signed.raw_transaction.hex().removeprefix("0x")), "hash")
    expected = "0x" + signed.hash.hex().removeprefix("0x")
    if said != expected:
        raise ChainError(f"{node.name}: eth_sendRawTransaction", expected=expected, seen=said)
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

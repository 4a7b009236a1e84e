"""What an execution client says about itself, in one batch of standard `eth_` and `net_` calls."""

from __future__ import annotations

from ethinfra.probe import jsonrpc, wire
from ethinfra.probe.exchange import Deadline, Endpoint, NoAnswer
from ethinfra.probe.jsonrpc import Call, Result
from ethinfra.probe.view import Block, Execution, Sync


def look(endpoint: Endpoint, within: float, *, at: int | None) -> Execution:
    """Ask for everything that a verdict needs. Never raises: what went wrong is part of the view.

    within: seconds for the whole look
    at:     height of the consensus client's head, whose hash is compared
    """
    calls = [
        Call("eth_chainId"),
        Call("eth_syncing"),
        Call("eth_getBlockByNumber", ("latest", False)),
        Call("eth_getBlockByNumber", ("0x0", False)),
        Call("net_peerCount"),
    ]
    if at is not None:
        calls.append(Call("eth_getBlockByNumber", (hex(at), False)))
    try:
        chain, syncing, latest, genesis, peers, *others = jsonrpc.batch(endpoint, calls, Deadline(within))
    except NoAnswer as reason:
        return Execution(trouble=reason.trouble)
    answered = jsonrpc.answered([chain, syncing, latest, genesis, peers, *others])
    try:
        return Execution(
            answered=answered,
            chain_id=wire.quantity(jsonrpc.value(chain), "eth_chainId"),
            genesis=_block(jsonrpc.value(genesis), "the genesis block").hash,
            head=_block(jsonrpc.value(latest), "the latest block"),
            sync=_sync(jsonrpc.value(syncing)),
            peers=_peers(peers),
            hash_at=_hash_at(others[0]) if others else None,
        )
    except NoAnswer as reason:
        return Execution(answered=answered, trouble=reason.trouble, chain_id=_chain(chain))


def _block(value: object, what: str) -> Block:
    return Block(
        number=wire.quantity(wire.member(value, "number"), f"number of {what}"),
        hash=wire.hash32(wire.member(value, "hash"), f"hash of {what}"),
        timestamp=wire.quantity(wire.member(value, "timestamp"), f"timestamp of {what}"),
    )


def _sync(value: object) -> Sync | None:
    if value is False:
        return None
    if not isinstance(value, dict):
        raise wire.Malformed("eth_syncing is neither false nor an object")
    return Sync(_progress(value, "currentBlock"), _progress(value, "highestBlock"))


def _progress(value: dict[str, object], key: str) -> int | None:
    try:
        return wire.quantity(value.get(key), key)
    except wire.Malformed:
        # Erigon and others add stages of their own; without these two fields it is plainly "syncing".
        return None


def _peers(result: Result) -> int | None:
    """None where it is not known; whether it must be known is up to the limits."""
    try:
        return wire.quantity(jsonrpc.value(result), "net_peerCount")
    except NoAnswer:
        return None


def _chain(result: Result) -> int | None:
    try:
        return wire.quantity(jsonrpc.value(result), "eth_chainId")
    except NoAnswer:
        return None


def _hash_at(result: Result) -> str | None:
    """None where there is no such block (yet)."""
    found = jsonrpc.value(result)
    return None if found is None else _block(found, "the block at the consensus head's height").hash

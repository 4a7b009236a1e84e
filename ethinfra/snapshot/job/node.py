"""Questions to a node: to its RPC, whose every answer is checked, and to its probe."""

from __future__ import annotations

import json
from typing import Any

from ethinfra.probe import exchange, jsonrpc, wire
from ethinfra.probe.exchange import Deadline, Endpoint, NoAnswer
from ethinfra.probe.jsonrpc import Call
from ethinfra.probe.view import Kind
from ethinfra.snapshot.errors import SnapshotError
from ethinfra.snapshot.model import Block


class NodeSilent(SnapshotError):
    """A node did not answer, or not in its protocol."""


class Rpc:
    """An execution client's RPC. NodeSilent from every method that gets no usable answer.

    timeout: seconds for each question
    """

    def __init__(self, endpoint: Endpoint, *, timeout: float = 5) -> None:
        self._endpoint = endpoint
        self._timeout = timeout

    @property
    def name(self) -> str:
        return self._endpoint.name

    def head(self) -> Block:
        """The block that it answers with now."""
        found = self.block("latest")
        if found is None:
            raise NodeSilent(f"{self.name} has no head")
        return found

    def block(self, number: int | str) -> Block | None:
        """A canonical block by its number, or one of the names that RPC knows; None while it has none."""
        which = number if isinstance(number, str) else hex(number)
        found = self._ask(Call("eth_getBlockByNumber", (which, False)), missing=number == "finalized")
        if found is None:
            return None
        try:
            return Block(
                number=wire.quantity(wire.member(found, "number"), "number"),
                hash=wire.hash32(wire.member(found, "hash"), "hash"),
                state_root=wire.hash32(wire.member(found, "stateRoot"), "stateRoot"),
                timestamp=wire.quantity(wire.member(found, "timestamp"), "timestamp"),
            )
        except NoAnswer as reason:
            raise NodeSilent(f"{self.name}: {reason.trouble.text}") from reason

    def chain_id(self) -> int:
        try:
            return wire.quantity(self._ask(Call("eth_chainId")), "eth_chainId")
        except NoAnswer as reason:
            raise NodeSilent(f"{self.name}: {reason.trouble.text}") from reason

    def client_version(self) -> str | None:
        """What the client calls itself, its release among other things; None where it is not to be asked."""
        found = self._ask(Call("web3_clientVersion"), missing=True)
        return None if found is None else str(found)

    def read_state(self, block: Block) -> int:
        """A balance in the state of a block: only a client that has this state can tell it."""
        try:
            return int(str(self._ask(Call("eth_getBalance", (f"0x{0:040x}", hex(block.number))))), 16)
        except ValueError as reason:
            raise NodeSilent(f"{self.name}: a balance that is no number") from reason

    def _ask(self, call: Call, *, missing: bool = False) -> object:
        try:
            (result,) = jsonrpc.batch(self._endpoint, [call], Deadline(self._timeout))
            # Clients differ in how they say that they have none, as that nothing is final yet: null, or an error.
            if missing and result.trouble is not None and result.trouble.kind is Kind.ERROR:
                return None
            return jsonrpc.value(result)
        except NoAnswer as reason:
            raise NodeSilent(f"{self.name}: {reason.trouble.text}") from reason


def rpc_of(address: str, port: int, *, timeout: float = 5) -> Rpc:
    return Rpc(Endpoint("http", address, port, ""), timeout=timeout)


def status_of(address: str, port: int, *, timeout: float = 5) -> dict[str, Any]:
    """What a node's probe, or a restore at work, says at `/status`. NodeSilent if it does not."""
    endpoint = Endpoint("http", address, port, "")
    try:
        answer = exchange.ask(endpoint, "/status", Deadline(timeout))
    except NoAnswer as reason:
        raise NodeSilent(f"{endpoint.name}/status: {reason.trouble.text}") from reason
    try:
        document = json.loads(answer.body)
    except ValueError:
        document = None
    if answer.status != 200 or not isinstance(document, dict):
        raise NodeSilent(f"{endpoint.name}/status: status {answer.status} and no JSON object")
    return document

"""What a consensus client says about itself, through the standard Beacon API."""

from __future__ import annotations

from ethinfra.probe import exchange, wire
from ethinfra.probe.exchange import Deadline, Endpoint, NoAnswer
from ethinfra.probe.view import Consensus, ExecutionHead, Kind

_NO_BLOCK = "0x" + "0" * 64


class ConsensusClient:
    """Asks one client. Remembers the execution block of the head that it saw last, and fetches the next when it moves.

    The blinded block is asked for, because its payload is only the header: the block itself is up to a megabyte.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._root = ""
        self._head: ExecutionHead | None = None

    def look(self, within: float) -> Consensus:
        """Ask for everything that a verdict needs, in `within` seconds together. Never raises."""
        deadline = Deadline(within)
        try:
            status = self._get("/eth/v1/node/syncing", deadline)
            peers = self._get("/eth/v1/node/peer_count", deadline)
            return Consensus(
                syncing=wire.boolean(wire.member(status, "is_syncing"), "is_syncing"),
                optimistic=wire.boolean(wire.member(status, "is_optimistic"), "is_optimistic"),
                execution_offline=wire.boolean(wire.member(status, "el_offline"), "el_offline"),
                distance=wire.decimal(wire.member(status, "sync_distance"), "sync_distance"),
                head_slot=wire.decimal(wire.member(status, "head_slot"), "head_slot"),
                peers=wire.decimal(wire.member(peers, "connected"), "connected peers"),
                head=self._execution_head(deadline),
            )
        except NoAnswer as reason:
            return Consensus(trouble=reason.trouble)

    def _execution_head(self, deadline: Deadline) -> ExecutionHead | None:
        """None while the head is the genesis block and carries no execution block."""
        root = wire.hash32(wire.member(self._get("/eth/v1/beacon/headers/head", deadline), "root"), "root of the head")
        if root != self._root:
            block = self._get(f"/eth/v1/beacon/blinded_blocks/{root}", deadline)
            payload = wire.member(block, "message", "body", "execution_payload_header")
            number = wire.decimal(wire.member(payload, "block_number"), "block_number")
            found = wire.hash32(wire.member(payload, "block_hash"), "block_hash")
            self._head = None if found == _NO_BLOCK else ExecutionHead(number, found)
            self._root = root
        return self._head

    def _get(self, path: str, deadline: Deadline) -> object:
        answer = exchange.ask(self._endpoint, path, deadline)
        document = wire.document(answer.body, answer.status)
        if answer.status != 200 or (isinstance(document, dict) and "data" not in document and "code" in document):
            said = str(document.get("message", "")) if isinstance(document, dict) else ""
            raise NoAnswer(Kind.ERROR, f"{path}: HTTP {answer.status} {said[:120]}".rstrip())
        return wire.member(document, "data")

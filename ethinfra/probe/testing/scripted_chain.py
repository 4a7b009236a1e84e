"""What the two clients of a scripted node say: a chain that is computed from the clock, and the lies about it.

Block n has the time of slot n and a hash made from chain id and n, so that any number of scripted nodes agree without
talking to each other.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass

#: Blocks that a lie about distance is away; beyond every limit in use.
FAR = 50
#: Seconds that a lie about time is off.
LONG = 3600


class Refusal(Exception):
    """An error of the API, as a client would put it."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass
class ScriptedChain:
    """The answers of one node. `lie` is the name of the lie in force, `since` the time when it began.

    epoch: Unix seconds of block 0
    slot:  seconds between two blocks
    """

    chain_id: int
    epoch: float
    slot: float
    lie: str = "honest"
    since: float = 0

    def tell(self, lie: str) -> None:
        self.lie, self.since = lie, time.time()

    def hash(self, number: int, chain_id: int | None = None) -> str:
        text = f"{self.chain_id if chain_id is None else chain_id}/{number}"
        return "0x" + hashlib.sha256(text.encode()).hexdigest()

    @property
    def slot_now(self) -> int:
        """The height of the honest head."""
        return int((time.time() - self.epoch) / self.slot)

    @property
    def _frozen(self) -> int:
        return int((self.since - self.epoch) / self.slot)

    @property
    def consensus_head(self) -> int:
        """The height that the consensus client claims."""
        if self.lie in ("head-frozen", "head-repeated"):
            return self._frozen
        if self.lie == "synced-at-genesis":
            return 0
        return self.slot_now - FAR if self.lie == "behind-reference" else self.slot_now

    @property
    def execution_head(self) -> int:
        """The height that the execution client claims."""
        return self.slot_now - FAR if self.lie == "behind-consensus" else self.consensus_head

    def execution(self, method: str, params: list[object]) -> object:
        """The result of a JSON-RPC call; Refusal for an error object."""
        if self.lie == "error-body":
            raise Refusal(-32000, "database is closed")
        match method:
            case "eth_chainId":
                return hex(self.chain_id + 1 if self.lie == "wrong-chain" else self.chain_id)
            case "net_version":
                return str(self.chain_id)
            case "web3_clientVersion":
                return "scripted/v1"
            case "eth_blockNumber":
                return hex(self.execution_head)
            case "net_peerCount":
                if self.lie == "peers-unknown":
                    raise Refusal(-32601, "the method net_peerCount does not exist/is not available")
                return "0x0" if self.lie == "no-peers" else "0x3"
            case "eth_syncing":
                return self._syncing()
            case "eth_getBlockByNumber" if params:
                return self._block(params[0])
        raise Refusal(-32601, f"the method {method} does not exist/is not available")

    def _syncing(self) -> object:
        if self.lie != "execution-syncing":
            return False
        head = self.execution_head
        return {"startingBlock": "0x0", "currentBlock": hex(head), "highestBlock": hex(head + FAR)}

    def _block(self, which: object) -> dict[str, object] | None:
        if self.lie == "no-result":
            return None
        head = self.execution_head
        tags = {"latest": head, "safe": max(head - 6, 0), "finalized": max(head - 12, 0), "earliest": 0}
        try:
            number = tags[which] if which in tags else int(str(which), 16)
        except ValueError:
            raise Refusal(-32602, f"invalid argument 0: {which!r}") from None
        if number > head:
            return None
        return {
            "number": hex(number),
            "hash": self._execution_hash(number),
            "parentHash": self._execution_hash(number - 1) if number else "0x" + "0" * 64,
            "timestamp": hex(self._timestamp(number)),
            "transactions": [],
        }

    def _execution_hash(self, number: int) -> str:
        if (self.lie, number == 0) in (("heads-disagree", False), ("wrong-genesis", True)):
            return self.hash(number, self.chain_id + 1)
        return self.hash(number)

    def _timestamp(self, number: int) -> int:
        if self.lie in ("head-repeated", "behind-reference", "behind-consensus", "synced-at-genesis"):
            # As fresh as an honest head.
            return int(self.epoch + (number + self.slot_now - self.execution_head) * self.slot)
        honest = self.epoch + number * self.slot
        return int(honest + {"head-stale": -LONG, "head-in-future": LONG}.get(self.lie, 0))

    def consensus(self, path: str) -> object:
        """The `data` of a Beacon API answer; Refusal with an HTTP status otherwise."""
        if self.lie in ("consensus-error", "consensus-error-200"):
            raise Refusal(503, "beacon node is not ready")
        head = self.consensus_head
        match path.split("/")[1:]:
            case ["eth", "v1", "node", "syncing"]:
                return {
                    "head_slot": str(head),
                    "sync_distance": str(FAR if self.lie == "consensus-behind" else 0),
                    "is_syncing": self.lie == "consensus-syncing",
                    "is_optimistic": self.lie == "consensus-optimistic",
                    "el_offline": self.lie == "consensus-alone",
                }
            case ["eth", "v1", "node", "peer_count"]:
                return {"disconnected": "0", "connecting": "0", "connected": "3", "disconnecting": "0"}
            case ["eth", "v1", "node", "version"]:
                return {"version": "scripted/v1"}
            case ["eth", "v1", "beacon", "headers", "head"]:
                return {"root": self._root(head), "canonical": True, "header": {"message": {"slot": str(head)}}}
            case ["eth", "v1", "beacon", "blinded_blocks", root]:
                return self._blinded_block(root)
        raise Refusal(404, f"{path} is not known here")

    def _root(self, number: int) -> str:
        """A root that tells its height, so that the block can be found again."""
        return f"0x{number:016x}" + "b" * 48

    def _blinded_block(self, root: str) -> object:
        try:
            number = int(root[2:18], 16)
        except ValueError:
            raise Refusal(400, f"invalid block id {root}") from None
        payload = {"block_number": str(number), "block_hash": self.hash(number)}
        return {"message": {"slot": str(number), "body": {"execution_payload_header": payload}}}

"""The consensus client's standard Beacon API."""

from __future__ import annotations

import json
from dataclasses import dataclass

from ethinfra.chain.link import Link
from ethinfra.chain.quantities import BlockNumber, Epoch, Hash32, Slot, decimal, hash32, member
from ethinfra.errors import ChainError


class BeaconError(ChainError):
    """The consensus client answered with another HTTP status than 200. `status` is that status."""

    def __init__(self, who: str, path: str, status: int, message: str) -> None:
        self.status = status
        super().__init__(f"{who}: {path} was refused", seen=f"HTTP {status} {message}".rstrip())


@dataclass(frozen=True)
class Syncing:
    """distance: slots between head and wall clock."""

    head: Slot
    distance: int
    syncing: bool
    optimistic: bool
    execution_offline: bool


@dataclass(frozen=True)
class Checkpoint:
    """The first block of an epoch. root: of the beacon block; zeros before the first."""

    epoch: Epoch
    root: Hash32


@dataclass(frozen=True)
class Finality:
    justified: Checkpoint
    finalized: Checkpoint


@dataclass(frozen=True)
class BeaconHead:
    slot: Slot
    root: Hash32


@dataclass(frozen=True)
class ExecutionBlock:
    """The execution block inside a beacon block."""

    number: BlockNumber
    hash: Hash32


@dataclass(frozen=True)
class Identity:
    peer_id: str
    enr: str
    addresses: tuple[str, ...]


@dataclass(frozen=True)
class Peer:
    """direction: inbound or outbound. address: a multiaddr."""

    peer_id: str
    address: str
    direction: str


class Beacon:
    """One consensus client."""

    def __init__(self, link: Link) -> None:
        self.link = link

    def syncing(self) -> Syncing:
        found = self._data("/eth/v1/node/syncing")
        what = f"{self.link.name}: syncing"
        return Syncing(
            head=Slot(decimal(member(found, "head_slot", what=what), what)),
            distance=decimal(member(found, "sync_distance", what=what), what),
            syncing=member(found, "is_syncing", what=what) is True,
            optimistic=member(found, "is_optimistic", what=what) is True,
            execution_offline=member(found, "el_offline", what=what) is True,
        )

    def head(self) -> BeaconHead:
        found = self._data("/eth/v1/beacon/headers/head")
        what = f"{self.link.name}: head"
        slot = decimal(member(found, "header", "message", "slot", what=what), what)
        return BeaconHead(Slot(slot), hash32(member(found, "root", what=what), what))

    def finality(self) -> Finality:
        """Of the head's state."""
        found = self._data("/eth/v1/beacon/states/head/finality_checkpoints")
        return Finality(self._checkpoint(found, "current_justified"), self._checkpoint(found, "finalized"))

    def execution_block(self, which: str = "head") -> ExecutionBlock:
        """Of a beacon block, by slot, root or tag (`head`, `finalized`, `genesis`)."""
        found = self._data(f"/eth/v1/beacon/blinded_blocks/{which}")
        what = f"{self.link.name}: execution block of {which}"
        payload = member(found, "message", "body", "execution_payload_header", what=what)
        return ExecutionBlock(
            BlockNumber(decimal(member(payload, "block_number", what=what), what)),
            hash32(member(payload, "block_hash", what=what), what),
        )

    def identity(self) -> Identity:
        found = self._data("/eth/v1/node/identity")
        what = f"{self.link.name}: identity"
        addresses = member(found, "p2p_addresses", what=what)
        return Identity(
            peer_id=str(member(found, "peer_id", what=what)),
            enr=str(member(found, "enr", what=what)),
            addresses=tuple(map(str, addresses)) if isinstance(addresses, list) else (),
        )

    def peers(self) -> tuple[Peer, ...]:
        """Those that are connected."""
        found = self._data("/eth/v1/node/peers?state=connected")
        what = f"{self.link.name}: peers"
        if not isinstance(found, list):
            raise ChainError(what, expected="a list", seen=repr(found)[:200])
        return tuple(
            Peer(
                peer_id=str(member(one, "peer_id", what=what)),
                address=str(member(one, "last_seen_p2p_address", what=what)),
                direction=str(member(one, "direction", what=what)),
            )
            for one in found
        )

    def version(self) -> str:
        return str(member(self._data("/eth/v1/node/version"), "version", what=f"{self.link.name}: version"))

    def genesis_time(self) -> int:
        """Unix seconds of slot 0."""
        what = f"{self.link.name}: genesis"
        return decimal(member(self._data("/eth/v1/beacon/genesis"), "genesis_time", what=what), what)

    def _checkpoint(self, found: object, name: str) -> Checkpoint:
        what = f"{self.link.name}: {name} checkpoint"
        epoch = decimal(member(found, name, "epoch", what=what), what)
        return Checkpoint(Epoch(epoch), hash32(member(found, name, "root", what=what), what))

    def _data(self, path: str) -> object:
        answer = self.link.send("GET", path)
        try:
            document = json.loads(answer.body)
        except ValueError:
            document = {"message": answer.body[:120].decode(errors="replace")}
        if answer.status != 200:
            said = document.get("message", "") if isinstance(document, dict) else ""
            raise BeaconError(self.link.name, path, answer.status, str(said))
        return member(document, "data", what=f"{self.link.name}: {path}")

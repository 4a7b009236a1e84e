"""Whether a Beacon API can hand out a finalized state of the right chain, asked before a client is started with it.

A client whose source of finality is gone, or of another network, only crashes; here it is said why. Two questions are
asked. Servers that do nothing but hand out checkpoints (github.com/ethpandaops/checkpointz, pkg/api/handler.go) answer
both, unlike `/eth/v1/beacon/headers/finalized`:

- `/eth/v1/config/deposit_contract`: the chain
- `/eth/v1/beacon/states/head/finality_checkpoints`: the newest finalized block

Where the source is a node of the same fleet, a third one is asked on demand: `/eth/v1/node/identity` has its record
(ENR), by which a client finds its first peer.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ethinfra.probe import exchange, wire
from ethinfra.probe.exchange import Deadline, Endpoint, NoAnswer
from ethinfra.probe.view import Kind

DEPOSIT_CONTRACT = "/eth/v1/config/deposit_contract"
FINALITY = "/eth/v1/beacon/states/head/finality_checkpoints"
IDENTITY = "/eth/v1/node/identity"

#: Seconds between two tries.
_PAUSE = 2.0


class NoCheckpoint(Exception):
    """The source cannot be used; the text says what was asked, expected and seen, and what to do."""


@dataclass(frozen=True)
class Source:
    """What a Beacon API says. epoch: the newest that is finalized; 0 while there is none but genesis."""

    chain_id: int
    deposit_contract: str
    epoch: int
    root: str


def has_database(folder: Path) -> bool:
    """Whether a client has been started here: it goes on from its own state, whatever the source says now.

    lost+found is the file system's own.
    """
    names = [one.name for one in folder.iterdir()] if folder.is_dir() else []
    return any(not name.startswith(".") and name != "lost+found" for name in names)


def look(endpoint: Endpoint, within: float) -> Source:
    """Ask once, in `within` seconds together; NoAnswer names the question."""
    deadline = Deadline(within)
    contract = _get(endpoint, DEPOSIT_CONTRACT, deadline)
    finality = _get(endpoint, FINALITY, deadline)
    return Source(
        chain_id=wire.decimal(wire.member(contract, "chain_id"), "chain_id"),
        deposit_contract=str(wire.member(contract, "address")),
        epoch=wire.decimal(wire.member(finality, "finalized", "epoch"), "finalized epoch"),
        root=wire.hash32(wire.member(finality, "finalized", "root"), "root of the finalized block"),
    )


def must_serve(
    endpoint: Endpoint,
    chain_id: int,
    *,
    patience: float,
    timeout: float,
    say: Callable[[str], None],
    pause: float = _PAUSE,
) -> Source:
    """Ask until the answer is good, for `patience` seconds; NoCheckpoint afterwards, and at once for another chain.

    timeout: seconds for one try. say: told what is amiss, once for each different thing
    """
    end = time.monotonic() + patience
    said = ""
    while True:
        try:
            source = look(endpoint, timeout)
            if source.chain_id != chain_id:
                raise NoCheckpoint(
                    f"asked {endpoint.name}{DEPOSIT_CONTRACT}; expected chain id {chain_id}; seen {source.chain_id};"
                    " do: name a Beacon API of this network in checkpointSyncUrl"
                )
            if source.epoch:
                return source
            seen = f"asked {endpoint.name}{FINALITY}; expected a finalized epoch; seen none but genesis"
        except NoAnswer as reason:
            seen = f"asked {endpoint.name}; expected a Beacon API of chain {chain_id}; seen {reason}"
        if time.monotonic() >= end:
            raise NoCheckpoint(
                f"{seen}, for {patience:g}s; do: name another source in checkpointSyncUrl, or mend this one"
            )
        if seen != said:
            say(seen)
            said = seen
        time.sleep(max(0.0, min(pause, end - time.monotonic())))


def write_peers(endpoint: Endpoint, path: Path, within: float) -> str:
    """Write the source's own record (ENR) as a YAML list of one, an empty list if it has none; what was written.

    A client reads the file at its start, so that it must be there whatever the source says.
    """
    try:
        record = str(wire.member(_get(endpoint, IDENTITY, Deadline(within)), "enr"))
        known = record if record.startswith("enr:") else ""
    except NoAnswer:
        known = ""
    path.write_text(f'["{known}"]\n' if known else "[]\n")
    return known


def _get(endpoint: Endpoint, path: str, deadline: Deadline) -> object:
    try:
        answer = exchange.ask(endpoint, path, deadline)
        if answer.status != 200:
            raise NoAnswer(Kind.ERROR, f"HTTP {answer.status}")
        return wire.member(wire.document(answer.body, answer.status), "data")
    except NoAnswer as reason:
        raise NoAnswer(reason.trouble.kind, f"{path}: {reason}") from reason

"""Is what a network's definition points to really there? Asks every source of checkpoints and every first peer."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from ethinfra.chain import records
from ethinfra.chain.definition import Definition
from ethinfra.probe import checkpoint
from ethinfra.probe.exchange import Endpoint, NoAnswer

#: Epochs that finality may be behind the clock. Two are usual; servers of checkpoints look every few minutes.
LATE = 20


@dataclass(frozen=True)
class Answer:
    """problem: empty if all is well. what: a URL or the address of a peer, as the file has it, shortened."""

    what: str
    said: str
    problem: bool


def ask(values: Mapping[str, Any], *, within: float = 10) -> list[Answer]:
    """All at once, each in `within` seconds, in the order of the file."""
    definition = Definition(values)
    urls = list(values.get("checkpointSyncUrls") or [])
    peers = [text for half in ("execution", "consensus") for text in definition.at("bootnodes").get(half) or []]
    with ThreadPoolExecutor(max_workers=16) as pool:
        sources = pool.map(lambda url: _source(definition, url, within), urls)
        doors = pool.map(lambda text: _door(text, within), peers)
        return [*sources, *doors]


def _source(definition: Definition, url: str, within: float) -> Answer:
    try:
        source = checkpoint.look(Endpoint.parse(url), within)
    except (NoAnswer, ValueError) as reason:
        return Answer(url, f"not usable: {reason}", True)
    amiss = list(_objections(definition, source))
    return Answer(url, "; ".join(amiss) or f"chain {source.chain_id}, finalized epoch {source.epoch}", bool(amiss))


def _objections(definition: Definition, source: checkpoint.Source) -> Iterator[str]:
    chain_id, contract = definition.values.get("chainId"), definition.at("depositContract").get("address")
    if source.chain_id != chain_id:
        yield f"of another network: chain id {source.chain_id}, not {chain_id}"
    if contract and source.deposit_contract.lower() != str(contract).lower():
        yield f"of another network: deposit contract {source.deposit_contract}, not {contract}"
    if not source.epoch:
        yield "nothing is finalized but genesis"
    begins, length = definition.time_of(source.epoch), definition.epoch_seconds
    late = (time.time() - begins) / length if begins is not None and length else 0
    if source.epoch and late > LATE:
        yield f"finalized epoch {source.epoch} is {late:.0f} epochs old, more than {LATE}"


def _door(text: str, within: float) -> Answer:
    what = text if len(text) <= 48 else f"{text[:24]}…{text[-23:]}"
    try:
        peer = records.decode(text)
        if not peer.tcp:
            return Answer(what, f"{peer.host} names no TCP port: it is for discovery only, and was not asked", False)
        with socket.create_connection((peer.host, peer.tcp), timeout=within):
            return Answer(what, f"{peer.host}:{peer.tcp} takes connections", False)
    except records.Malformed as reason:
        return Answer(what, f"not usable: {reason}", True)
    except OSError as reason:
        return Answer(what, f"not reachable at {peer.host}:{peer.tcp}: {reason.strerror or reason}", True)

"""A replica that is restored from a snapshot against one that syncs from the genesis, to the same head.

Each is a real geth with one peer, which has the whole chain and is ahead of the snapshot; both are told the same head.
The time is that from an empty directory until the head is theirs: restore, start and difference, or start and sync.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from benchmarks.chain_data import client, ensure
from benchmarks.chain_data.client import Geth, Memory
from benchmarks.chain_data.data import NETWORK
from benchmarks.commands import running_registry
from benchmarks.result import Figure, Sample
from benchmarks.snapshot_data import of_a_chain
from ethinfra.chain.networks import load_network
from ethinfra.progress import Progress

REPLICA_FIGURES = (
    Figure("replica-restored", "restored replica to the head, in times of one that syncs from the genesis", 1, "x"),
)

#: As much memory for each of them.
_MEMORY = Memory(cache=512, writes=64)
#: Seconds after which something hangs.
_PATIENCE = 3600.0


def replicas(keep: Callable[[Sample], None], size: int, where: Path, progress: Progress) -> None:
    """Measure it once: the sync takes minutes. size: bytes of the chain; `where` holds about five times that."""
    chain, data = ensure(size, progress), of_a_chain(size, progress)
    with tempfile.TemporaryDirectory(prefix="bench-replica-", dir=where) as folder:
        top = Path(folder)
        source, restored, synced = (top / name for name in ("source", "restored", "synced"))
        for place in (source, restored, synced):
            place.mkdir()
        data.make(source)
        with running_registry(top / "registry") as registry:
            registry.push(source, chain.blocks)
            data.change(source)
            with _client(source) as peer:
                ahead = peer.head.number - chain.blocks
                with progress.step(f"a replica restored at block {chain.blocks}, {ahead} blocks behind"):
                    started = time.monotonic()
                    pulled = registry.pull(restored)
                    ours, own = _to_the_head(restored, peer, started)
                with progress.step(f"a replica that syncs {peer.head.number} blocks"):
                    started = time.monotonic()
                    client.initialize(synced, chain.folder / "genesis.json")
                    theirs, _ = _to_the_head(synced, peer, started)
                facts = {"blocks": peer.head.number, "ahead": ahead, "seconds": ours, "restore": pulled.seconds}
                keep(Sample("replica-restored", ours / theirs, facts={**facts, **own, "fromGenesis": theirs}))


def _to_the_head(folder: Path, peer: Geth, started: float) -> tuple[float, dict[str, float]]:
    """Seconds since `started` until a client on this directory has the peer's head, and those of its start and stop."""
    begun = time.monotonic()
    with _client(folder) as geth:
        answered = time.monotonic()
        geth.join(peer)
        geth.follow(peer.head, within=_PATIENCE)
        ended = time.monotonic()
    return ended - started, {"clientStart": answered - begun, "clientStop": time.monotonic() - ended}


def _client(folder: Path) -> AbstractContextManager[Geth]:
    return client.running(folder, load_network(NETWORK).chain_id, _MEMORY, peers=True)

"""`pod restore`: bring the volume of a serving node to the newest promoted snapshot, before its client starts.

While it works it answers at the port that the node's probe takes over afterwards, so that the cleanup of snapshots
knows what is being read: `/status` says the snapshot, `/metrics` how far it is, `/readyz` that nobody may be sent here.

Interrupted it goes on where it was. A snapshot that is damaged or does not fit is refused with its reason and the one
before is taken. What it is compared with comes from the network itself: block 0, and the recorded block, as the
reference nodes have them.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from ethinfra.probe import marker as probe_marker
from ethinfra.probe.exchange import Endpoint
from ethinfra.snapshot import marker
from ethinfra.snapshot.cache import ChunkCache
from ethinfra.snapshot.errors import Incompatible
from ethinfra.snapshot.ids import make_id
from ethinfra.snapshot.job.node import NodeSilent, Rpc
from ethinfra.snapshot.job.pages import Page, sample, serving
from ethinfra.snapshot.job.place import say
from ethinfra.snapshot.job.restore import expected
from ethinfra.snapshot.model import Config
from ethinfra.snapshot.plan import Plan
from ethinfra.snapshot.progress import Transfer, amount, shown
from ethinfra.snapshot.restore import Restored, restore_newest
from ethinfra.snapshot.store import SnapshotStore
from ethinfra.waiting import eventually

#: Seconds for a reference node to answer.
PATIENCE = 60.0


def restore(
    plan: Plan,
    store: SnapshotStore,
    data: Path,
    *,
    host: str = "0.0.0.0",  # noqa: S104 - a pod's own address
    patience: float = PATIENCE,
) -> Restored:
    """Restore the newest snapshot that can be used; data that was restored before is left as it is."""
    with shown(sys.stdout) as progress, serving((host, plan.ports.probe), _pages(data, progress)):
        references = [Rpc(Endpoint.parse(url)) for url in plan.references]
        genesis = "" if marker.read_marker(data) else _genesis(references, patience, known=plan.network.genesis_hash)
        restored = restore_newest(
            store,
            data,
            expected(plan, genesis),
            cache=ChunkCache(Path(plan.cache.directory), plan.cache.limit_bytes) if plan.cache else None,
            accept=lambda config: must_be_canonical(config, references),
            progress=progress,
        )
    if not restored.done:
        say(f"{data} was restored from {restored.marker.id} before; nothing is to be done")
    else:
        say(
            f"restored {restored.marker.id}, block {restored.marker.block_number}: {amount(restored.bytes)} in "
            f"{restored.seconds:.1f}s; {restored.counts}"
        )
    return restored


def must_be_canonical(config: Config, references: list[Rpc]) -> None:
    """Incompatible if a reference node has another block where the snapshot has its head.

    One that is silent, or not that far yet, says nothing: an outage of the nodes that sync must not keep serving nodes
    from starting.
    """
    block = config.description.block
    for reference in references:
        try:
            found = reference.block(block.number)
        except NodeSilent as silent:
            say(f"not compared with {reference.name}: {silent.subject}")
            continue
        if found is None:
            say(f"not compared with {reference.name}: it has no block {block.number} yet")
        elif found.hash != block.hash:
            raise Incompatible(
                make_id(block.number, config.description.created),
                [f"block {block.number} is {block.hash} in it, and {found.hash} for {reference.name}"],
            )


def _genesis(references: list[Rpc], patience: float, *, known: str) -> str:
    """Block 0 as the network's nodes have it. NotInTime where nobody else knows it and none of them answers."""
    if known or not references:
        return known

    def look() -> str:
        silent: NodeSilent | None = None
        for reference in references:
            try:
                found = reference.block(0)
            except NodeSilent as reason:
                silent = reason
                continue
            if found is not None:
                return found.hash
        raise silent or NodeSilent("no reference node has a block 0")

    names = ", ".join(reference.name for reference in references)
    say(f"asking {names} for the genesis, at most {patience:g}s")
    return eventually(f"one of {names} says which genesis this network has", look, within=patience)


def _pages(data: Path, progress: Transfer) -> dict[str, Any]:
    begun = time.time()

    def status() -> Page:
        return Page.json({"snapshot": standing_on(data), "restore": {"progress": progress.line(), "since": begun}})

    def metrics() -> Page:
        lines = [
            *sample("ethinfra_restore_bytes", "gauge", "Bytes that the snapshot has", progress.total),
            *sample("ethinfra_restore_done_bytes", "gauge", "Bytes of them that are in place", progress.done),
            *sample("ethinfra_restore_fetched_bytes", "gauge", "Bytes that came from the registry", progress.moved),
            *sample("ethinfra_restore_start_time_seconds", "gauge", "When the restore began, Unix seconds", begun),
        ]
        return Page.metrics("\n".join(lines) + "\n")

    not_ready = {"ready": False, "code": "restoring", "reason": "the node's data is being restored"}
    return {
        "/status": status,
        "/metrics": metrics,
        "/livez": lambda: Page.json({"live": True}),
        "/readyz": lambda: Page.json(not_ready, 503),
        "/startupz": lambda: Page.json(not_ready, 503),
    }


def standing_on(data: Path) -> dict[str, Any] | None:
    """The snapshot that a volume is being restored from, or was; in the words of the node probe's `/status`."""
    digest = marker.unfinished(data)
    if digest is not None:
        # Without a digest nobody can tell; the cleanup then removes nothing.
        return {"digest": digest or None, "id": None, "block": None, "state": "restoring"}
    found = probe_marker.read(data)
    return None if found is None else {**vars(found)}

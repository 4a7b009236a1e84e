"""Promoted snapshots of a small database, made without a job."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from ethinfra.snapshot import model
from ethinfra.snapshot.ids import make_id
from ethinfra.snapshot.layout_store import LayoutStore
from ethinfra.snapshot.manifest import ANNOTATION_DOWNTIME
from ethinfra.snapshot.model import Block, Description
from ethinfra.snapshot.plan import Plan
from ethinfra.snapshot.promote import promote
from ethinfra.snapshot.push import push
from tests.snapshot.job.scripted import block


def stored(
    store: LayoutStore,
    data: Path,
    plan: Plan,
    head: Block,
    *,
    age: timedelta = timedelta(),
    network: str = "devnet",
    good: bool = True,
) -> tuple[str, str]:
    """Push `data` as a snapshot with that head, and promote it unless it is not good; id and digest."""
    created = datetime.now(UTC).replace(microsecond=0) - age
    about = Description(
        model.Client(plan.client.name, plan.client.version),
        model.Network(network, plan.network.chain_id, block(0).hash),
        head,
        None,
        model.Database(plan.database.scheme, plan.database.include, plan.database.exclude),
        model.Owner(plan.owner.uid, plan.owner.gid),
        model.Producer("", "0.1.0"),
        created,
    )
    name = make_id(head.number, created)
    pushed = push(data, store, about, name=name, annotations={ANNOTATION_DOWNTIME: "4.250"})
    if good:
        promote(store, name)
    return name, pushed.digest

"""Whether a snapshot fits a node: decided from its config, before anything is written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ethinfra.snapshot.errors import Incompatible
from ethinfra.snapshot.model import Config, Description, Owner


@dataclass(frozen=True)
class DatabaseChange:
    """A release of the client that changed its database. rollback: releases before it still read what it writes."""

    version: str
    rollback: bool = False
    what: str = ""


@dataclass(frozen=True)
class Expected:
    """The node that a snapshot must fit. None and empty: nothing is asked.

    client:   name; `version` is that of the client that will run on the data
    changes:  releases that changed the client's database. None where nobody knows them: then only data of the very
              same release fits a `version`
    owner:    whom the data must belong to; None accepts whatever the process can give
    chain_id, genesis_hash, network: of the node's network
    """

    client: str | None = None
    version: str | None = None
    network: str | None = None
    chain_id: int | None = None
    genesis_hash: str | None = None
    scheme: str | None = None
    changes: tuple[DatabaseChange, ...] | None = None
    owner: Owner | None = None


def must_fit(config: Config, expected: Expected, name: str) -> None:
    """Incompatible, with every reason, unless the snapshot of that name fits."""
    reasons = refusals(config.description, expected)
    if reasons:
        raise Incompatible(name, reasons)


def refusals(about: Description, expected: Expected) -> list[str]:
    """Why data of that description is not for the expected node, a sentence each; empty if it is."""
    reasons = [
        f"{what}: it is of {seen!r}, this node of {wanted!r}"
        for what, seen, wanted in (
            ("client", about.client.name, expected.client),
            ("network", about.network.name, expected.network),
            ("chain id", about.network.chain_id, expected.chain_id),
            ("genesis", about.network.genesis_hash, expected.genesis_hash and expected.genesis_hash.lower()),
            ("database scheme", about.database.scheme, expected.scheme),
        )
        if wanted and seen != wanted
    ]
    if expected.version and about.client.name == (expected.client or about.client.name):
        reasons += between(about.client.version, expected.version, expected.changes)
    if expected.owner is not None and about.owner != expected.owner:
        reasons.append(
            f"wrong owner: its files are of {about.owner.uid}:{about.owner.gid}, "
            f"this node's of {expected.owner.uid}:{expected.owner.gid}"
        )
    return reasons


def between(snapshot: str, node: str, changes: Sequence[DatabaseChange] | None) -> list[str]:
    """Why data of one release is not for another: the database changed in between, or nobody knows whether it did.

    Older data is refused as well as newer. Most clients could migrate it, but each replica would do so at each start,
    for hours, and some cannot at all; a snapshot by the new release takes one sync node.
    """
    if changes is None:
        same = version_key(snapshot) == version_key(node)
        unknown = f"release: {snapshot} wrote it, {node} shall read it, and nobody says whether the database changed"
        return [] if same else [unknown]
    found = []
    for change in changes:
        if change.rollback:
            continue
        changed, made, runs = (version_key(text) for text in (change.version, snapshot, node))
        if (made < changed) != (runs < changed):
            found.append(
                f"database schema: {snapshot} wrote it, {node} shall read it, "
                f"and {change.version} changed it ({change.what})"
            )
    return found


def version_key(text: str) -> tuple[int, ...]:
    """The numbers of a release, for comparing: `v1.17.5-stable` is (1, 17, 5)."""
    found = re.match(r"v?(\d+(?:\.\d+)*)", text.strip())
    numbers = [int(part) for part in found[1].split(".")] if found else []
    return tuple([*numbers, 0, 0, 0, 0][:4])

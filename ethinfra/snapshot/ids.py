"""A snapshot's id: the number of its block, and when it was made. What was made later is newer, whatever its block:
a chain that was begun anew under the same name begins at block 0."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_ID = re.compile(r"(\d{10})-(\d{8}T\d{6}Z)")


def make_id(block: int, created: datetime) -> str:
    """`0000001234-20261123T170000Z`"""
    return f"{block:010d}-{created.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def age_order(name: str) -> tuple[str, str]:
    """What sorts ids, oldest first. Of the same second, the one with the lower block is older."""
    block, _, moment = name.partition("-")
    return moment, block


def is_id(text: str) -> bool:
    try:
        moment_of(text)
    except ValueError:
        return False
    return True


def moment_of(name: str) -> datetime:
    """When the snapshot of that id was made. ValueError if it is no id."""
    found = _ID.fullmatch(name)
    if not found:
        raise ValueError(f"{name!r} is no id of a snapshot")
    return datetime.strptime(found[2], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)

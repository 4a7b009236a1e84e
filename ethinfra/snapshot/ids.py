"""A snapshot's id: the number of its block, and when it was made."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_ID = re.compile(r"(\d{10})-(\d{8}T\d{6}Z)")


def make_id(block: int, created: datetime) -> str:
    """`0000001234-20261123T170000Z`: greater is newer, in the order of text."""
    return f"{block:010d}-{created.astimezone(UTC):%Y%m%dT%H%M%SZ}"


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

"""From which snapshot a node's data came: the marker that a restore leaves on the volume as its last act.

The cleanup of snapshots asks every running node, and removes none that one of them stands on. The marker is written by
`ethinfra.snapshot.marker`; this reads what the probe tells of it, with the standard library alone.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

MARKER = ".ethinfra-snapshot.json"
#: Bytes. What is larger is no marker.
_LARGEST = 64 << 10


@dataclass(frozen=True)
class Restored:
    """digest: of the snapshot's manifest; id: its name; block: number of the recorded head."""

    digest: str
    id: str
    block: int
    state: str = "restored"


@dataclass(frozen=True)
class Unreadable:
    """There is a marker, and it cannot be understood: which snapshot is in use is not known."""

    state: str
    digest: None = None
    id: None = None
    block: None = None


def read(volume: Path) -> Restored | Unreadable | None:
    """The marker of a volume; None where its data came from no snapshot."""
    path = volume / MARKER
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except FileNotFoundError:
        return None
    except OSError as reason:
        return Unreadable(f"{path} cannot be read: {reason.strerror}")
    try:
        document = json.loads(content)
        digest, id_, number = document["digest"], document["id"], document["block_number"]
        if not (isinstance(digest, str) and isinstance(id_, str) and type(number) is int):
            raise TypeError
    except (ValueError, KeyError, TypeError):
        return Unreadable(f"{path} is not a marker of a snapshot")
    return Restored(digest, id_, number)

"""What a run knows, and where it keeps that.

    <volume>/.ethinfra-snapshots/<started>/   while there is a copy on the node's volume
        state.json      the run, as far as it came; survives the pod
        files.json      how the copied files were on the volume: the next push need not read what has not changed
        data/           the copy
    <work>/run.json     the run, in the pod's work folder, for its containers that come after

A copy counts from the stage `recorded` on: then it is whole, was made while the client stood still, and its head is
known. An earlier one is removed by the next run. When it is pushed its data goes, and the state stays until the next
run, which goes on with the test if this one did not come to it.
"""

from __future__ import annotations

import dataclasses
import json
import re
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from ethinfra.errors import BadInput
from ethinfra.snapshot.ids import make_id
from ethinfra.snapshot.job.copy import remove
from ethinfra.snapshot.marker import write_durably
from ethinfra.snapshot.model import Block, Database, Finalized
from ethinfra.snapshot.plan import Method
from ethinfra.snapshot.selection import Found

COPIES = ".ethinfra-snapshots"
_RUN = "run.json"
#: How long a copy that was not pushed yet is worth pushing. Afterwards its chain is a day behind.
STALE_AFTER = timedelta(days=1)

#: How a step's log says that it had nothing to do.
NOT_NEEDED = "not needed: "

_MOMENT = "%Y%m%dT%H%M%SZ"


class Stage(StrEnum):
    """How far a run came."""

    #: The volume is being copied, or the copy is whole and its head not known yet.
    COPYING = "copying"
    #: The copy and its head are known to belong together.
    RECORDED = "recorded"
    #: The candidate is in the registry; the copy may be removed.
    PUSHED = "pushed"


@dataclass(frozen=True)
class Run:
    """One snapshot on its way.

    started:   when, as in an id; also the name of its folder
    id:        of the snapshot, empty until the head is known
    ordinal:   of the pod whose volume it is of
    version:   of the client that wrote the data; whoever pushes it later may have the plan of another
    database:  what of its directory is copied, for the same reason
    genesis:   hash of block 0, as the node says
    digest:    of the candidate's manifest, empty until it is pushed
    seconds:   how long each part took, `downtime` among them
    """

    started: str
    method: Method
    stage: Stage = Stage.COPYING
    ordinal: int = 0
    id: str = ""
    version: str = ""
    database: Database = field(default=Database(""))
    genesis: str = ""
    head: Block | None = None
    finalized: Finalized | None = None
    digest: str = ""
    seconds: dict[str, float] = field(default_factory=dict)

    @classmethod
    def begin(cls, method: Method, ordinal: int = 0) -> Run:
        return cls(datetime.now(UTC).strftime(_MOMENT), method, ordinal=ordinal)

    @property
    def began(self) -> datetime:
        return datetime.strptime(self.started, _MOMENT).replace(tzinfo=UTC)

    @property
    def stale(self) -> bool:
        """Its copy is not worth pushing any more."""
        return datetime.now(UTC) - self.began > STALE_AFTER

    def recorded_head(self) -> Block:
        """BadInput before the stage `recorded`."""
        if self.head is None:
            raise BadInput(f"run {self.started} has no recorded head", expected=f"stage {Stage.RECORDED} or later")
        return self.head

    def recorded(self, head: Block) -> Run:
        """The same run with its copy's head, and the id that this gives it."""
        return dataclasses.replace(self, stage=Stage.RECORDED, head=head, id=make_id(head.number, datetime.now(UTC)))

    def took(self, what: str, seconds: float) -> Run:
        return dataclasses.replace(self, seconds={**self.seconds, what: round(seconds, 3)})

    def as_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @classmethod
    def of_json(cls, document: dict[str, Any]) -> Run:
        """KeyError, TypeError or ValueError if it is none."""
        head, finalized, database = document["head"], document["finalized"], document["database"]
        if not isinstance(document["version"], str):
            raise TypeError("version: no text")
        datetime.strptime(document["started"], _MOMENT)
        return cls(
            **{
                **document,
                "method": Method(document["method"]),
                "ordinal": int(document["ordinal"]),
                "stage": Stage(document["stage"]),
                "database": Database(database["scheme"], tuple(database["include"]), tuple(database["exclude"])),
                "head": head and Block(**head),
                "finalized": finalized and Finalized(**finalized),
            }
        )


@dataclass(frozen=True)
class NotNeeded:
    """Nothing is to be done; why, as a sentence."""

    why: str


class Copy:
    """The folder of one run on the node's volume."""

    def __init__(self, volume: Path, started: str) -> None:
        self.folder = volume / COPIES / started

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def save(self, run: Run) -> None:
        """Afterwards the state is on disk, whole."""
        self.folder.mkdir(parents=True, exist_ok=True)
        write_durably(self.folder / "state.json", json.dumps(run.as_json(), indent=1).encode())

    def save_files(self, files: tuple[Found, ...]) -> None:
        rows = [[file.path, file.size, file.mode, *file.identity] for file in files]
        write_durably(self.folder / "files.json", json.dumps(rows).encode())

    def files(self) -> tuple[Found, ...]:
        rows = json.loads((self.folder / "files.json").read_bytes())
        return tuple(Found(path, size, mode, (inode, mtime, ctime)) for path, size, mode, inode, mtime, ctime in rows)

    def run(self) -> Run | None:
        """What was saved; None where nothing readable was."""
        with suppress(FileNotFoundError, ValueError, TypeError, KeyError):
            return Run.of_json(json.loads((self.folder / "state.json").read_bytes()))
        return None

    def remove_data(self) -> None:
        """Give the room back, and keep the state."""
        remove(self.data)

    def remove(self) -> None:
        remove(self.folder)


def copies(volume: Path) -> list[Copy]:
    """Every folder of a run on a volume, oldest first."""
    top = volume / COPIES
    if not top.exists():
        return []
    return [Copy(volume, path.name) for path in sorted(top.iterdir()) if re.fullmatch(r"\d{8}T\d{6}Z", path.name)]


def hand_on(work: Path, outcome: Run | NotNeeded) -> None:
    """For the containers of this pod that come after."""
    if isinstance(outcome, NotNeeded):
        document: dict[str, Any] = {"needed": False, "why": outcome.why}
    else:
        document = {"needed": True, "run": outcome.as_json()}
    write_durably(work / _RUN, json.dumps(document, indent=1).encode())


def handed_on(work: Path) -> Run | NotNeeded:
    """What the container before this one left. BadInput if it left nothing."""
    path = work / _RUN
    try:
        document = json.loads(path.read_bytes())
        return Run.of_json(document["run"]) if document["needed"] else NotNeeded(str(document["why"]))
    except (OSError, ValueError, TypeError, KeyError) as reason:
        raise BadInput(
            f"{path}", expected="what `job take` writes there", seen=f"{type(reason).__name__}: {reason}"
        ) from reason

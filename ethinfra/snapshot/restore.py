"""Put a snapshot into a directory.

    read and check the snapshot ─ does it fit here ─ is there room ─ remove the marker ─ remove what is not in it
    ─ chunk by chunk: what is there, from the node's cache, from the store ─ modes, owner ─ the marker

Nothing is written before the snapshot is known to be consistent and to fit. Whatever ends a restore early leaves a
directory without a marker, and the next one goes on: it reads what is there and fetches what differs. So a resumed
restore, and one over an older copy, are the same thing.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from ethinfra.errors import BadInput, EthinfraError
from ethinfra.snapshot import marker as markers
from ethinfra.snapshot import space
from ethinfra.snapshot.assembly import Assembly, Counts
from ethinfra.snapshot.cache import ChunkCache
from ethinfra.snapshot.compatibility import Expected, must_fit
from ethinfra.snapshot.directory import (
    clear,
    finish_directories,
    make_directories,
    remove_empty,
    selected,
)
from ethinfra.snapshot.errors import (
    DirectoryInUse,
    Incompatible,
    NoSuchSnapshot,
    NoUsableSnapshot,
    no_room,
)
from ethinfra.snapshot.listing import State, promoted, tag_of
from ethinfra.snapshot.marker import Marker
from ethinfra.snapshot.model import Config, Owner
from ethinfra.snapshot.parallel import worker_count
from ethinfra.snapshot.progress import Transfer
from ethinfra.snapshot.reader import UNREADABLE, Snapshot, no_such_snapshot, of_this_one_alone, read_snapshot
from ethinfra.snapshot.selection import Selection
from ethinfra.snapshot.store import SnapshotStore

#: Looks at a config before anything is written; raises SnapshotUnusable to refuse it.
Accept = Callable[[Config], None]


@dataclass(frozen=True)
class Restored:
    """done: False if there was a marker, and so nothing to do. refusals: newer snapshots that could not be used."""

    marker: Marker
    done: bool
    counts: Counts = field(default_factory=Counts)
    bytes: int = 0
    removed_files: int = 0
    seconds: float = 0
    refusals: dict[str, EthinfraError] = field(default_factory=dict)


def restore_newest(
    store: SnapshotStore,
    directory: Path,
    expected: Expected,
    *,
    attempts: int = 3,
    over: bool = False,
    cache: ChunkCache | None = None,
    accept: Accept | None = None,
    workers: int = 0,
    progress: Transfer | None = None,
) -> Restored:
    """Restore the newest promoted snapshot; the one before it if that is damaged or does not fit, and so on.

    A directory with the marker of any snapshot of this network and client is left as it is.
    attempts: how many that are damaged are tried; then NoUsableSnapshot. Those that do not fit are not counted: of a
              chain that was begun anew any number may be newer. The others are as for `restore`
    """
    progress = progress or Transfer()
    there = _marker_that_stays(directory, expected, over=over)
    if there is not None:
        return Restored(there, done=False)
    newest = promoted(store)
    if not newest:
        raise NoSuchSnapshot(f"no promoted snapshot in {store.name}", todo="`list --all` shows candidates")
    refusals: dict[str, EthinfraError] = {}
    for one in newest:
        try:
            restored = restore(
                store,
                tag_of(one.id, State.PROMOTED),
                directory,
                expected,
                over=over,
                cache=cache,
                accept=accept,
                workers=workers,
                progress=progress,
            )
        except UNREADABLE as refused:
            if not of_this_one_alone(refused, store):
                raise
            refusals[one.id] = refused
            progress.note(f"snapshot {one.id} is refused: {refused}")
        else:
            return replace(restored, refusals=refusals)
        if sum(not isinstance(refused, Incompatible) for refused in refusals.values()) >= attempts:
            break
    raise NoUsableSnapshot(store.name, refusals)


def restore(
    store: SnapshotStore,
    reference: str,
    directory: Path,
    expected: Expected,
    *,
    over: bool = False,
    cache: ChunkCache | None = None,
    accept: Accept | None = None,
    workers: int = 0,
    progress: Transfer | None = None,
) -> Restored:
    """Restore the snapshot of a tag or digest; afterwards the directory has its files, no others, and the marker.

    expected: the node that it must fit
    over:     replace what is there. Without it a directory with this snapshot's marker is left as it is, one with
              another's or with data of unknown origin is refused (DirectoryInUse), and one whose restore was
              interrupted is gone on with
    cache:    of the machine
    accept:   a further check, before anything is written
    workers:  0 for as many as cores and memory allow
    SnapshotUnusable if it is damaged, incomplete or does not fit; OutOfSpace.
    """
    started = time.monotonic()
    progress = progress or Transfer()
    there = _marker_that_stays(directory, expected, over=over)
    if there is not None:
        _must_be_the_one(there, store, reference, directory)
        return Restored(there, done=False)
    snapshot = read_snapshot(store, reference)
    must_fit(snapshot.config, expected, snapshot.id)
    owner = _owner(snapshot)
    if accept is not None:
        accept(snapshot.config)
    try:
        with markers.working(directory):
            # What another restore puts there would be seen by neither, so only the one that works may look.
            present = _present(directory, snapshot.config, over=over)
            return _restore(Assembly(store, directory, snapshot, owner, cache, progress), present, workers, started)
    except OSError as reason:
        raise no_room(reason, directory) from reason


def _restore(task: Assembly, present: list[str], workers: int, started: float) -> Restored:
    directory, snapshot, config = task.directory, task.snapshot, task.snapshot.config
    wanted = {file.path for file in config.files}
    space.must_fit(config, directory, [path for path in present if path not in wanted], task.cache, shares=task.shares)
    markers.begin(directory, snapshot.digest)
    markers.remove_marker(directory)
    removed = clear(directory, present, config)
    remove_empty(directory, _selection(config), config)
    make_directories(directory, config)
    task.progress.begin(f"restoring {snapshot.id}", config.size)
    task.run(worker_count(workers, config.chunk_size))
    finish_directories(directory, config, task.owner)
    about = config.description
    marker = Marker(
        snapshot.digest,
        snapshot.id,
        about.block.number,
        about.block.hash,
        about.client.name,
        about.network.name,
        datetime.now(UTC).replace(microsecond=0),
    )
    markers.write_marker(directory, marker)
    markers.end(directory)
    return Restored(marker, True, task.counts(), config.size, removed, time.monotonic() - started)


def _marker_that_stays(directory: Path, expected: Expected, *, over: bool) -> Marker | None:
    """The marker of data that is not to be replaced; DirectoryInUse if that data is of another network or client."""
    if not directory.is_dir():
        raise BadInput(f"{directory} is no directory", todo="make it; whose it is, and its mode, are for its owner")
    there = None if over else markers.read_marker(directory)
    if there is not None:
        wanted = (expected.network or there.network, expected.client or there.client)
        if wanted != (there.network, there.client):
            raise _other_data(directory, there, f"data of {' and '.join(wanted)}")
        markers.tidy(directory)
    return there


def _must_be_the_one(there: Marker, store: SnapshotStore, reference: str, directory: Path) -> None:
    """Raise unless the marker is of the snapshot that was asked for. The one that is there needs no store to answer."""
    if reference == there.digest:
        return
    asked = store.digest(reference)
    if asked is None:
        raise no_such_snapshot(store, reference)
    if asked != there.digest:
        raise _other_data(directory, there, f"snapshot {reference}")


def _other_data(directory: Path, there: Marker, expected: str) -> DirectoryInUse:
    return DirectoryInUse(
        f"{directory} was restored from another snapshot",
        expected=expected,
        seen=f"snapshot {there.id} of {there.network} and {there.client}",
        todo="pass --over to replace it, or choose another directory; of a pod, remove its volume claim",
    )


def _owner(snapshot: Snapshot) -> Owner:
    """Whom files are given to: nobody else than this process, unless it is root's. Incompatible if they cannot be.

    They are given to him even if he makes them: in a directory with setgid they begin with that directory's group.
    """
    owner = snapshot.config.description.owner
    groups = {os.getegid(), *os.getgroups()}
    if os.geteuid() != 0 and (owner.uid != os.geteuid() or owner.gid not in groups):
        raise Incompatible(
            snapshot.id,
            [
                f"wrong owner: its files are of {owner.uid}:{owner.gid}, and this process, "
                f"{os.geteuid()}:{os.getegid()}, can give files to nobody else"
            ],
        )
    return owner


def _selection(config: Config) -> Selection:
    return Selection(config.description.database.include, config.description.database.exclude)


def _present(directory: Path, config: Config, *, over: bool) -> list[str]:
    """What is there of what the snapshot is about; DirectoryInUse if nobody allowed to replace it."""
    present = selected(directory, _selection(config))
    if present and not over and markers.unfinished(directory) is None:
        raise DirectoryInUse(
            f"{directory} holds data that no restore put there",
            expected="an empty directory, or leave to replace what is in it",
            seen=f"{len(present)} files, such as {present[0]}",
            todo="pass --over to replace them",
        )
    return present

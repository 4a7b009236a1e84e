"""Restores of one scenario, by the program that is the init container of a serve node."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from ethinfra.process import Completed
from ethinfra.snapshot.reader import Snapshot
from ethinfra.trial.builders import VOLUME, Builder, Halfway
from ethinfra.trial.serving import Restore, restore_of
from ethinfra.trial.snapshot_damage import TrialRepository


@dataclass
class Restoring:
    """Restores of one scenario, into a folder of the builder's volume, by the init container's program."""

    builder: Builder
    repository: TrialRepository
    older: Snapshot
    newer: Snapshot
    folder: str = f"{VOLUME}/node"
    done: list[Completed] = field(default_factory=list)

    @property
    def said(self) -> str:
        """What the last restore wrote."""
        return self.done[-1].stdout + self.done[-1].stderr

    @contextmanager
    def halfway(self) -> Iterator[Halfway]:
        """A restore that stands still when half of the newer snapshot's bytes are on the volume."""
        with self.builder.restoring_halfway(self.repository.plan, self.folder, self.newer.config.size) as running:
            yield running

    @property
    def restored(self) -> Restore:
        """What the last restore says that it restored."""
        return restore_of(self.said)


def chunks_of(snapshot: Snapshot) -> set[tuple[str, int, bytes]]:
    """File, place in it, and digest of each chunk."""
    config = snapshot.config
    return {(file.path, chunk.offset, chunk.raw) for file, chunk in config.chunks()}

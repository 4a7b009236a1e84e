"""Restore: what is put into the directory, what is fetched, whose it is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ethinfra.snapshot.compatibility import Expected
from ethinfra.snapshot.marker import MARKER, read_marker
from ethinfra.snapshot.model import Owner
from ethinfra.snapshot.restore import restore_newest
from tests.snapshot import tree
from tests.snapshot.memory_store import MemoryStore
from tests.snapshot.stored import push_promoted


@pytest.mark.parametrize("seed", range(8))
def test_random_tree_comes_back_as_it_was(store: MemoryStore, tmp_path: Path, volume: Path, seed: int) -> None:
    source = tree.make(tmp_path / f"source-{seed}", seed)
    pushed = push_promoted(source, store)

    restored = restore_newest(store, volume, Expected())

    assert tree.database_of(volume) == tree.database_of(source)
    assert restored.done
    marker = read_marker(volume)
    assert marker is not None
    assert (marker.digest, marker.id, marker.block_number) == (pushed.digest, pushed.id, 100)
    assert [path.name for path in volume.iterdir() if path.name.startswith(".ethinfra")] == [MARKER]


@pytest.mark.parametrize("seed", range(8))
def test_restore_over_an_older_copy_fetches_the_difference(
    store: MemoryStore, tmp_path: Path, volume: Path, seed: int
) -> None:
    source = tree.make(tmp_path / f"source-{seed}", seed)
    push_promoted(source, store)
    cold = restore_newest(store, volume, Expected())
    for step in range(3):
        tree.mutate(source, 10 * seed + step)
    push_promoted(source, store, 200)

    restored = restore_newest(store, volume, Expected(), over=True)

    assert tree.database_of(volume) == tree.database_of(source)
    assert restored.counts.kept > 0
    assert restored.counts.fetched < cold.counts.fetched
    assert restored.removed_files > 0


def test_what_is_of_this_node_alone_stays(store: MemoryStore, source: Path, volume: Path) -> None:
    push_promoted(source, store)
    (volume / "geth/chaindata").mkdir(parents=True)
    (volume / "geth/nodekey").write_bytes(b"my own")
    (volume / "geth/chaindata/LOCK").write_bytes(b"")
    (volume / "beacon.db").write_bytes(b"another program's")

    restore_newest(store, volume, Expected())

    assert (volume / "geth/nodekey").read_bytes() == b"my own"
    assert (volume / "geth/chaindata/LOCK").exists()
    assert (volume / "beacon.db").exists()


@pytest.mark.parametrize("process", [(0, 0), (10001, 10002)], ids=["root", "the owner himself"])
def test_files_are_given_to_their_recorded_owner(
    store: MemoryStore, source: Path, volume: Path, monkeypatch: pytest.MonkeyPatch, process: tuple[int, int]
) -> None:
    """The owner's own too: in a volume with setgid, as Kubernetes makes one for an `fsGroup`, they have its group."""
    push_promoted(source, store, owner=Owner(10001, 10002))
    given: list[tuple[int, int, int]] = []
    monkeypatch.setattr(os, "geteuid", lambda: process[0])
    monkeypatch.setattr(os, "getegid", lambda: process[1])
    monkeypatch.setattr(
        os, "fchown", lambda descriptor, uid, gid: given.append((os.fstat(descriptor).st_ino, uid, gid))
    )

    restore_newest(store, volume, Expected())

    everything = [volume / "geth", *(volume / "geth").rglob("*")]
    assert {inode for inode, _, _ in given} == {path.stat().st_ino for path in everything}
    assert {(uid, gid) for _, uid, gid in given} == {(10001, 10002)}

"""Restore: what is put into the directory, what is fetched, what is refused."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ethinfra.errors import BadInput
from ethinfra.snapshot.compatibility import DatabaseChange, Expected
from ethinfra.snapshot.document import serialize
from ethinfra.snapshot.errors import (
    DirectoryInUse,
    Incompatible,
    InvalidSnapshot,
    NoSuchSnapshot,
    NoUsableSnapshot,
    SnapshotError,
)
from ethinfra.snapshot.listing import LATEST, State, tag_of
from ethinfra.snapshot.manifest import MANIFEST
from ethinfra.snapshot.marker import MARKER, read_marker
from ethinfra.snapshot.model import Config, Database, Network, Owner
from ethinfra.snapshot.promote import promote
from ethinfra.snapshot.push import Pushed, push
from ethinfra.snapshot.reader import read_snapshot
from ethinfra.snapshot.restore import restore, restore_newest
from ethinfra.snapshot.store import digest_of
from tests.snapshot import tree
from tests.snapshot.memory_store import MemoryStore
from tests.snapshot.nobody import NOBODY, as_nobody, give

CHUNK = tree.CHUNK


def _promoted(source: Path, store: MemoryStore, block: int = 100, **about: object) -> Pushed:
    pushed = push(source, store, tree.description(block, **about), chunk_size=CHUNK)
    promote(store, pushed.id)
    return pushed


@pytest.mark.parametrize("seed", range(8))
def test_random_tree_comes_back_as_it_was(store: MemoryStore, tmp_path: Path, volume: Path, seed: int) -> None:
    source = tree.make(tmp_path / f"source-{seed}", seed)
    pushed = _promoted(source, store)

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
    _promoted(source, store)
    cold = restore_newest(store, volume, Expected())
    for step in range(3):
        tree.mutate(source, 10 * seed + step)
    _promoted(source, store, 200)

    restored = restore_newest(store, volume, Expected(), over=True)

    assert tree.database_of(volume) == tree.database_of(source)
    assert restored.counts.kept > 0
    assert restored.counts.fetched < cold.counts.fetched
    assert restored.removed_files > 0


def test_what_is_of_this_node_alone_stays(store: MemoryStore, source: Path, volume: Path) -> None:
    _promoted(source, store)
    (volume / "geth/chaindata").mkdir(parents=True)
    (volume / "geth/nodekey").write_bytes(b"my own")
    (volume / "geth/chaindata/LOCK").write_bytes(b"")
    (volume / "beacon.db").write_bytes(b"another program's")

    restore_newest(store, volume, Expected())

    assert (volume / "geth/nodekey").read_bytes() == b"my own"
    assert (volume / "geth/chaindata/LOCK").exists()
    assert (volume / "beacon.db").exists()


def test_directory_with_a_marker_is_left_as_it_is(store: MemoryStore, source: Path, volume: Path) -> None:
    """The client has run on it since. Not even the registry is asked: a pod must start again without it."""
    _promoted(source, store)
    restore_newest(store, volume, Expected())
    (volume / "geth/chaindata/CURRENT").write_bytes(b"the client went on")
    _promoted(source, store, 200)
    store.asked.clear()

    again = restore_newest(store, volume, Expected())

    assert not again.done
    assert again.marker.block_number == 100
    assert (volume / "geth/chaindata/CURRENT").read_bytes() == b"the client went on"
    assert not store.asked


@pytest.mark.parametrize("expected", [Expected(network="mainnet"), Expected(client="reth")])
def test_marker_of_another_network_or_client_is_no_success(
    store: MemoryStore, source: Path, volume: Path, expected: Expected
) -> None:
    """A node would start on foreign data, or beside it. `--over` is the leave to replace it."""
    pushed = _promoted(source, store)
    restore_newest(store, volume, Expected())

    for again in (
        lambda: restore_newest(store, volume, expected),
        lambda: restore(store, pushed.digest, volume, expected),
    ):
        with pytest.raises(DirectoryInUse) as refused:
            again()

        assert "devnet and geth" in refused.value.seen
        assert "--over" in refused.value.todo


def test_marker_of_another_snapshot_than_the_one_asked_for_is_no_success(
    store: MemoryStore, source: Path, volume: Path
) -> None:
    first = _promoted(source, store)
    restore(store, first.digest, volume, Expected())
    second = _promoted(source, store, 200)

    with pytest.raises(DirectoryInUse):
        restore(store, second.digest, volume, Expected())
    with pytest.raises(DirectoryInUse):
        restore(store, LATEST, volume, Expected())
    with pytest.raises(NoSuchSnapshot):
        restore(store, "no-such-tag", volume, Expected())

    assert read_marker(volume).id == first.id  # type: ignore[union-attr]


def test_marker_of_the_snapshot_asked_for_is_a_success(store: MemoryStore, source: Path, volume: Path) -> None:
    """By its digest the store need not even answer."""
    pushed = _promoted(source, store)
    restore(store, pushed.digest, volume, Expected())
    store.asked.clear()

    assert not restore(store, pushed.digest, volume, Expected(network="devnet", client="geth")).done
    assert not store.asked
    assert not restore(store, tag_of(pushed.id, State.PROMOTED), volume, Expected()).done


def test_data_of_unknown_origin_is_not_replaced(store: MemoryStore, source: Path, volume: Path) -> None:
    _promoted(source, store)
    (volume / "geth/chaindata").mkdir(parents=True)
    (volume / "geth/chaindata/000001.sst").write_bytes(b"synced for weeks")

    with pytest.raises(DirectoryInUse):
        restore_newest(store, volume, Expected())

    assert (volume / "geth/chaindata/000001.sst").read_bytes() == b"synced for weeks"
    assert read_marker(volume) is None


def test_snapshot_that_leads_out_of_its_own_selection_replaces_nothing(
    store: MemoryStore, source: Path, volume: Path
) -> None:
    """Whether data is there that nobody allowed to replace is asked of what the snapshot selects."""
    pushed = push(source, store, tree.description(database=Database("path", (), ())), chunk_size=CHUNK)
    config = read_snapshot(store, pushed.tag).config
    about = replace(config.description, database=Database("path", ("geth",), ("keystore",)))
    raw = bytes(serialize(replace(config, description=about)))
    store.put_blob(digest_of(raw), raw)
    document = json.loads(store.manifests[pushed.digest])
    document["config"] |= {"digest": digest_of(raw), "size": len(raw)}
    store.put_manifest("changed", json.dumps(document).encode(), MANIFEST)
    (volume / "keystore").mkdir()
    (volume / "keystore/key").write_bytes(b"my own")

    with pytest.raises(InvalidSnapshot):
        restore(store, "changed", volume, Expected())

    assert (volume / "keystore/key").read_bytes() == b"my own"
    assert [one.name for one in volume.iterdir()] == ["keystore"]


def test_links_are_replaced_and_never_followed(store: MemoryStore, source: Path, volume: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "CURRENT").write_bytes(b"precious")
    (volume / "geth/chaindata").mkdir(parents=True)
    (volume / "geth/chaindata/CURRENT").symlink_to(outside / "CURRENT")
    (volume / "geth/triedb").symlink_to(outside)
    os.link(outside / "CURRENT", volume / "geth/chaindata/000000.sst")
    _promoted(source, store)

    restore_newest(store, volume, Expected(), over=True)

    assert tree.database_of(volume) == tree.database_of(source)
    assert (outside / "CURRENT").read_bytes() == b"precious"
    assert [path.name for path in outside.iterdir()] == ["CURRENT"]


def test_link_above_a_directory_is_replaced_before_what_is_below_it_is_looked_at(
    store: MemoryStore, source: Path, volume: Path, tmp_path: Path
) -> None:
    """Whatever order the config lists its directories in."""
    pushed = _promoted(source, store)
    _rewrite_config(store, pushed, lambda config: config["directories"].reverse())
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "chaindata").write_bytes(b"precious")
    (volume / "geth").symlink_to(outside)

    restore_newest(store, volume, Expected(), over=True)

    assert tree.database_of(volume) == tree.database_of(source)
    assert (outside / "chaindata").read_bytes() == b"precious"


def _rewrite_config(store: MemoryStore, pushed: Pushed, change: Callable[[dict[str, Any]], object]) -> None:
    """With digests that are right: somebody made it so."""
    manifest = json.loads(store.manifests[pushed.digest])
    config = json.loads(store.blobs[manifest["config"]["digest"]])
    change(config)
    raw = json.dumps(config).encode()
    store.put_blob(digest_of(raw), raw)
    manifest["config"].update(digest=digest_of(raw), size=len(raw))
    store.put_manifest(tag_of(pushed.id, State.PROMOTED), json.dumps(manifest).encode(), MANIFEST)


def test_directories_that_nobody_may_write_to_are_restored_over(
    store: MemoryStore, source: Path, volume: Path, tmp_path: Path
) -> None:
    """By a process that modes bind. The recorded modes are there again at the end."""
    for folder in ("chaindata/ancient/chain", "chaindata", "triedb", "chaindata/empty"):
        (source / "geth" / folder).chmod(0o555)
    older = _promoted(source, store, owner=NOBODY)
    (source / "geth/chaindata/000000.sst").unlink()
    (source / "geth/chaindata/empty").rmdir()
    (source / "geth/triedb/merkle.journal").unlink()
    newer = _promoted(source, store, 200, owner=NOBODY)
    give(volume)

    def work() -> None:
        restore(store, older.digest, Path("volume"), Expected())
        restored = restore(store, newer.digest, Path("volume"), Expected(), over=True)
        assert restored.removed_files == 2

    assert as_nobody(tmp_path, work) == ""
    assert tree.database_of(volume) == tree.database_of(source)
    assert (volume / "geth/chaindata").stat().st_mode & 0o777 == 0o555


@pytest.mark.parametrize("over", [False, True])
def test_directory_that_cannot_be_read_is_not_taken_for_empty(
    store: MemoryStore, source: Path, volume: Path, tmp_path: Path, over: bool
) -> None:
    """What is in it would stay beside the marker."""
    _promoted(source, store, owner=NOBODY)
    (volume / "geth/chaindata").mkdir(parents=True)
    (volume / "geth/chaindata/000000.sst").write_bytes(b"stale")
    (volume / "geth/chaindata").chmod(0o300)
    give(volume)

    said = as_nobody(tmp_path, lambda: restore_newest(store, Path("volume"), Expected(), over=over))

    assert "PermissionError" in said
    assert "volume/geth/chaindata" in said
    assert [path.name for path in volume.iterdir()] == ["geth"]


def test_directory_that_is_none_of_the_snapshots_may_be_unreadable(
    store: MemoryStore, source: Path, volume: Path, tmp_path: Path
) -> None:
    _promoted(source, store, owner=NOBODY)
    give(volume)
    (volume / "lost+found").mkdir(mode=0o700)

    assert as_nobody(tmp_path, lambda: restore_newest(store, Path("volume"), Expected())) == ""
    assert tree.database_of(volume) == tree.database_of(source)


def test_two_restores_into_one_directory_are_not_possible(store: MemoryStore, source: Path, volume: Path) -> None:
    _promoted(source, store)
    (volume / ".ethinfra-restore").mkdir()
    with (volume / ".ethinfra-restore/lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        with pytest.raises(DirectoryInUse):
            restore_newest(store, volume, Expected())

    assert not (volume / "geth").exists()


UNFIT = {
    "network": Expected(network="hoodi"),
    "chain id": Expected(chain_id=1),
    "genesis": Expected(genesis_hash="0x" + "22" * 32),
    "client": Expected(client="erigon"),
    "database scheme": Expected(scheme="hash"),
    "database schema": Expected(version="1.19.0", changes=(DatabaseChange("1.18.0", what="new freezer"),)),
    "wrong owner": Expected(owner=Owner(os.geteuid() + 1, os.getegid())),
}


@pytest.mark.parametrize("what", UNFIT)
def test_snapshot_that_does_not_fit_is_refused_before_anything_is_written(
    store: MemoryStore, source: Path, volume: Path, what: str
) -> None:
    pushed = _promoted(source, store)
    store.asked.clear()

    with pytest.raises(Incompatible) as refused:
        restore(store, pushed.digest, volume, UNFIT[what])

    assert what in refused.value.reasons[0]
    assert list(volume.iterdir()) == []
    assert store.asked["blob"] == 1  # the config


def test_snapshot_that_fits_in_every_respect_is_restored(store: MemoryStore, source: Path, volume: Path) -> None:
    pushed = _promoted(source, store)
    changes = (DatabaseChange("1.17.0"), DatabaseChange("1.18.0", rollback=True), DatabaseChange("1.20.0"))
    owner = Owner(os.geteuid(), os.getegid())
    expected = Expected("geth", "v1.19.0", "devnet", 32382, tree.GENESIS, "path", changes, owner)

    assert restore(store, pushed.digest, volume, expected).done


def test_caller_may_refuse_before_anything_is_written(store: MemoryStore, source: Path, volume: Path) -> None:
    """As one that asks other nodes whether the recorded block is on their chain."""
    pushed = _promoted(source, store)

    def accept(config: Config) -> None:
        raise Incompatible(pushed.id, [f"block {config.description.block.number} is not on the chain"])

    with pytest.raises(Incompatible):
        restore(store, pushed.digest, volume, Expected(), accept=accept)

    assert list(volume.iterdir()) == []


def test_process_cannot_give_files_to_somebody_else(
    store: MemoryStore, source: Path, volume: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a pod with another `runAsUser` sees."""
    pushed = _promoted(source, store, owner=Owner(10001, 10001))
    monkeypatch.setattr(os, "geteuid", lambda: 10002)

    with pytest.raises(Incompatible) as refused:
        restore(store, pushed.digest, volume, Expected())

    assert "wrong owner" in refused.value.reasons[0]
    assert list(volume.iterdir()) == []


@pytest.mark.parametrize("process", [(0, 0), (10001, 10002)], ids=["root", "the owner himself"])
def test_files_are_given_to_their_recorded_owner(
    store: MemoryStore, source: Path, volume: Path, monkeypatch: pytest.MonkeyPatch, process: tuple[int, int]
) -> None:
    """The owner's own too: in a volume with setgid, as Kubernetes makes one for an `fsGroup`, they have its group."""
    _promoted(source, store, owner=Owner(10001, 10002))
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


def test_one_before_is_used_if_the_newest_does_not_fit(store: MemoryStore, source: Path, volume: Path) -> None:
    good = _promoted(source, store, 100)
    newest = _promoted(source, store, 200, network=Network("hoodi", 560048, tree.GENESIS))

    restored = restore_newest(store, volume, Expected(network="devnet"))

    assert restored.marker.digest == good.digest
    assert "hoodi" in str(restored.refusals[newest.id])


def test_no_more_are_tried_than_allowed(store: MemoryStore, source: Path, volume: Path) -> None:
    for block in (100, 200, 300):
        store.manifests[_promoted(source, store, block).digest] = b"{}"

    with pytest.raises(NoUsableSnapshot) as refused:
        restore_newest(store, volume, Expected(), attempts=2)

    assert [name[:10] for name in refused.value.refusals] == ["0000000300", "0000000200"]
    assert list(volume.iterdir()) == []


def test_snapshots_of_another_chain_use_up_no_attempts(store: MemoryStore, source: Path, volume: Path) -> None:
    """As of a devnet that was begun anew under its name, and went back to the snapshots of before."""
    good = _promoted(source, store, 100)
    others = [_promoted(source, store, block, network=Network("devnet", 1, tree.hash_of(9))) for block in (200, 300)]
    damaged = _promoted(source, store, 400)
    store.manifests[damaged.digest] = b"{}"

    restored = restore_newest(store, volume, Expected(genesis_hash=tree.GENESIS), attempts=2)

    assert restored.marker.digest == good.digest
    assert list(restored.refusals) == [damaged.id, others[1].id, others[0].id]


def test_without_one_that_fits_each_is_refused_once(store: MemoryStore, source: Path, volume: Path) -> None:
    for block in (100, 200, 300):
        _promoted(source, store, block)

    with pytest.raises(NoUsableSnapshot) as refused:
        restore_newest(store, volume, Expected(client="erigon"), attempts=1)

    assert len(refused.value.refusals) == 3
    assert list(volume.iterdir()) == []


def test_candidates_are_never_taken(store: MemoryStore, source: Path, volume: Path) -> None:
    push(source, store, tree.description(), chunk_size=CHUNK)

    with pytest.raises(NoSuchSnapshot):
        restore_newest(store, volume, Expected())


def test_missing_directory_and_unknown_snapshot_are_said(store: MemoryStore, tmp_path: Path, volume: Path) -> None:
    with pytest.raises(BadInput):
        restore(store, "latest", tmp_path / "absent", Expected())
    with pytest.raises(NoSuchSnapshot):
        restore(store, "latest", volume, Expected())


def test_marker_that_cannot_be_read_is_said(store: MemoryStore, volume: Path) -> None:
    (volume / MARKER).write_text("{")

    with pytest.raises(SnapshotError):
        restore_newest(store, volume, Expected())

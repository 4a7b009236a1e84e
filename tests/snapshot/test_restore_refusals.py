"""Which snapshots are refused before anything is written, and which one is taken instead."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from ethinfra.snapshot.compatibility import DatabaseChange, Expected
from ethinfra.snapshot.document import serialize
from ethinfra.snapshot.errors import Incompatible, InvalidSnapshot, NoSuchSnapshot, NoUsableSnapshot
from ethinfra.snapshot.manifest import MANIFEST
from ethinfra.snapshot.model import Config, Database, Network, Owner
from ethinfra.snapshot.push import push
from ethinfra.snapshot.reader import read_snapshot
from ethinfra.snapshot.restore import restore, restore_newest
from ethinfra.snapshot.store import digest_of
from tests.snapshot import tree
from tests.snapshot.memory_store import MemoryStore
from tests.snapshot.stored import push_promoted


def test_snapshot_that_leads_out_of_its_own_selection_replaces_nothing(
    store: MemoryStore, source: Path, volume: Path
) -> None:
    """Whether data is there that nobody allowed to replace is asked of what the snapshot selects."""
    pushed = push(source, store, tree.description(database=Database("path", (), ())), chunk_size=tree.CHUNK)
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
    pushed = push_promoted(source, store)
    store.asked.clear()

    with pytest.raises(Incompatible) as refused:
        restore(store, pushed.digest, volume, UNFIT[what])

    assert what in refused.value.reasons[0]
    assert list(volume.iterdir()) == []
    assert store.asked["blob"] == 1  # the config


def test_snapshot_that_fits_in_every_respect_is_restored(store: MemoryStore, source: Path, volume: Path) -> None:
    pushed = push_promoted(source, store)
    changes = (DatabaseChange("1.17.0"), DatabaseChange("1.18.0", rollback=True), DatabaseChange("1.20.0"))
    owner = Owner(os.geteuid(), os.getegid())
    expected = Expected("geth", "v1.19.0", "devnet", 32382, tree.GENESIS, "path", changes, owner)

    assert restore(store, pushed.digest, volume, expected).done


def test_caller_may_refuse_before_anything_is_written(store: MemoryStore, source: Path, volume: Path) -> None:
    """As one that asks other nodes whether the recorded block is on their chain."""
    pushed = push_promoted(source, store)

    def accept(config: Config) -> None:
        raise Incompatible(pushed.id, [f"block {config.description.block.number} is not on the chain"])

    with pytest.raises(Incompatible):
        restore(store, pushed.digest, volume, Expected(), accept=accept)

    assert list(volume.iterdir()) == []


def test_process_cannot_give_files_to_somebody_else(
    store: MemoryStore, source: Path, volume: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a pod with another `runAsUser` sees."""
    pushed = push_promoted(source, store, owner=Owner(10001, 10001))
    monkeypatch.setattr(os, "geteuid", lambda: 10002)

    with pytest.raises(Incompatible) as refused:
        restore(store, pushed.digest, volume, Expected())

    assert "wrong owner" in refused.value.reasons[0]
    assert list(volume.iterdir()) == []


def test_one_before_is_used_if_the_newest_does_not_fit(store: MemoryStore, source: Path, volume: Path) -> None:
    good = push_promoted(source, store, 100)
    newest = push_promoted(source, store, 200, network=Network("hoodi", 560048, tree.GENESIS))

    restored = restore_newest(store, volume, Expected(network="devnet"))

    assert restored.marker.digest == good.digest
    assert "hoodi" in str(restored.refusals[newest.id])


def test_no_more_are_tried_than_allowed(store: MemoryStore, source: Path, volume: Path) -> None:
    for block in (100, 200, 300):
        store.manifests[push_promoted(source, store, block).digest] = b"{}"

    with pytest.raises(NoUsableSnapshot) as refused:
        restore_newest(store, volume, Expected(), attempts=2)

    assert [name[:10] for name in refused.value.refusals] == ["0000000300", "0000000200"]
    assert list(volume.iterdir()) == []


def test_snapshots_of_another_chain_use_up_no_attempts(store: MemoryStore, source: Path, volume: Path) -> None:
    """As of a devnet that was begun anew under its name, and went back to the snapshots of before."""
    good = push_promoted(source, store, 100)
    others = [
        push_promoted(source, store, block, network=Network("devnet", 1, tree.hash_of(9))) for block in (200, 300)
    ]
    damaged = push_promoted(source, store, 400)
    store.manifests[damaged.digest] = b"{}"

    restored = restore_newest(store, volume, Expected(genesis_hash=tree.GENESIS), attempts=2)

    assert restored.marker.digest == good.digest
    assert list(restored.refusals) == [damaged.id, others[1].id, others[0].id]


def test_without_one_that_fits_each_is_refused_once(store: MemoryStore, source: Path, volume: Path) -> None:
    for block in (100, 200, 300):
        push_promoted(source, store, block)

    with pytest.raises(NoUsableSnapshot) as refused:
        restore_newest(store, volume, Expected(client="erigon"), attempts=1)

    assert len(refused.value.refusals) == 3
    assert list(volume.iterdir()) == []


def test_candidates_are_never_taken(store: MemoryStore, source: Path, volume: Path) -> None:
    push(source, store, tree.description(), chunk_size=tree.CHUNK)

    with pytest.raises(NoSuchSnapshot):
        restore_newest(store, volume, Expected())

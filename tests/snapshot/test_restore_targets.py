"""What is in the way of a restore: data of others, links, modes, another restore.

Nothing is replaced without leave, and nothing outside the directory is touched.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ethinfra.errors import BadInput
from ethinfra.snapshot import restore as restoring
from ethinfra.snapshot.compatibility import Expected
from ethinfra.snapshot.errors import DirectoryInUse, NoSuchSnapshot
from ethinfra.snapshot.listing import State, tag_of
from ethinfra.snapshot.manifest import MANIFEST
from ethinfra.snapshot.push import Pushed
from ethinfra.snapshot.restore import restore, restore_newest
from ethinfra.snapshot.store import digest_of
from tests.snapshot import tree
from tests.snapshot.memory_store import MemoryStore
from tests.snapshot.nobody import NOBODY, as_nobody, give
from tests.snapshot.stored import push_promoted


def test_data_of_unknown_origin_is_not_replaced(store: MemoryStore, source: Path, volume: Path) -> None:
    push_promoted(source, store)
    (volume / "geth/chaindata").mkdir(parents=True)
    (volume / "geth/chaindata/000001.sst").write_bytes(b"synced for weeks")

    with pytest.raises(DirectoryInUse):
        restore_newest(store, volume, Expected())

    assert (volume / "geth/chaindata/000001.sst").read_bytes() == b"synced for weeks"
    assert [path.name for path in volume.iterdir()] == ["geth"]


def test_links_are_replaced_and_never_followed(store: MemoryStore, source: Path, volume: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "CURRENT").write_bytes(b"precious")
    (volume / "geth/chaindata").mkdir(parents=True)
    (volume / "geth/chaindata/CURRENT").symlink_to(outside / "CURRENT")
    (volume / "geth/triedb").symlink_to(outside)
    os.link(outside / "CURRENT", volume / "geth/chaindata/000000.sst")
    push_promoted(source, store)

    restore_newest(store, volume, Expected(), over=True)

    assert tree.database_of(volume) == tree.database_of(source)
    assert (outside / "CURRENT").read_bytes() == b"precious"
    assert [path.name for path in outside.iterdir()] == ["CURRENT"]


def test_link_above_a_directory_is_replaced_before_what_is_below_it_is_looked_at(
    store: MemoryStore, source: Path, volume: Path, tmp_path: Path
) -> None:
    """Whatever order the config lists its directories in."""
    pushed = push_promoted(source, store)
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
    older = push_promoted(source, store, owner=NOBODY)
    (source / "geth/chaindata/000000.sst").unlink()
    (source / "geth/chaindata/empty").rmdir()
    (source / "geth/triedb/merkle.journal").unlink()
    newer = push_promoted(source, store, 200, owner=NOBODY)
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
    push_promoted(source, store, owner=NOBODY)
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
    push_promoted(source, store, owner=NOBODY)
    give(volume)
    (volume / "lost+found").mkdir(mode=0o700)

    assert as_nobody(tmp_path, lambda: restore_newest(store, Path("volume"), Expected())) == ""
    assert tree.database_of(volume) == tree.database_of(source)


def test_two_restores_into_one_directory_are_not_possible(store: MemoryStore, source: Path, volume: Path) -> None:
    push_promoted(source, store)
    (volume / ".ethinfra-restore").mkdir()
    with (volume / ".ethinfra-restore/lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        with pytest.raises(DirectoryInUse):
            restore_newest(store, volume, Expected())

    assert not (volume / "geth").exists()


def test_no_other_restore_works_while_one_looks_what_is_there(
    store: MemoryStore, source: Path, volume: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it puts there would be in no list of what is to go: two databases would be mixed."""
    push_promoted(source, store)
    look = restoring.selected

    def look_slowly(*arguments: Any) -> list[str]:
        monkeypatch.setattr(restoring, "selected", look)
        with pytest.raises(DirectoryInUse):
            restore_newest(store, volume, Expected())
        return look(*arguments)

    monkeypatch.setattr(restoring, "selected", look_slowly)

    assert restore_newest(store, volume, Expected()).done


def test_missing_directory_and_unknown_snapshot_are_said(store: MemoryStore, tmp_path: Path, volume: Path) -> None:
    with pytest.raises(BadInput):
        restore(store, "latest", tmp_path / "absent", Expected())
    with pytest.raises(NoSuchSnapshot):
        restore(store, "latest", volume, Expected())

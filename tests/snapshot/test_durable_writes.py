"""The small files of a restore, its marker and its journal: written whole or not at all, and through no link."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ethinfra.snapshot import marker as markers
from ethinfra.snapshot.compatibility import Expected
from ethinfra.snapshot.errors import DirectoryInUse
from ethinfra.snapshot.marker import read_marker
from ethinfra.snapshot.restore import restore_newest
from tests.snapshot.memory_store import MemoryStore
from tests.snapshot.stored import push_promoted


@pytest.mark.parametrize("left", [markers.JOURNAL, markers.MARKER])
def test_what_an_interrupted_write_left_beside_a_marker_is_tidied(
    store: MemoryStore, source: Path, volume: Path, left: str
) -> None:
    """A power cut, or a full disk, at any of the small files."""
    push_promoted(source, store)
    restore_newest(store, volume, Expected())
    (volume / markers.WORK).mkdir()
    (volume / f"{left}.new").write_bytes(b"ha")

    for _ in range(2):
        assert not restore_newest(store, volume, Expected()).done
        assert [path.name for path in volume.iterdir() if path.name.startswith(".ethinfra")] == [markers.MARKER]


def test_write_that_fails_leaves_what_was_there(volume: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    markers.write_durably(volume / "file", b"old")
    monkeypatch.setattr(os, "fsync", full)

    with pytest.raises(OSError, match="No space"):
        markers.write_durably(volume / "file", b"new")

    assert (volume / "file").read_bytes() == b"old"
    assert [path.name for path in volume.iterdir()] == ["file"]


def test_link_where_the_marker_is_written_is_not_followed(
    store: MemoryStore, source: Path, volume: Path, tmp_path: Path
) -> None:
    push_promoted(source, store)
    outside = tmp_path / "outside"
    outside.write_bytes(b"precious")
    (volume / f"{markers.MARKER}.new").symlink_to(outside)

    restore_newest(store, volume, Expected())

    assert outside.read_bytes() == b"precious"
    assert not (volume / markers.MARKER).is_symlink()
    assert read_marker(volume) is not None


@pytest.mark.parametrize("there", [True, False], ids=["of a directory", "of nothing"])
def test_link_where_a_restore_keeps_its_journal_is_not_followed(
    store: MemoryStore, source: Path, volume: Path, tmp_path: Path, there: bool
) -> None:
    push_promoted(source, store)
    outside = tmp_path / "outside"
    if there:
        outside.mkdir()
    (volume / markers.WORK).symlink_to(outside)

    restore_newest(store, volume, Expected())

    assert [path.name for path in volume.iterdir() if path.name.startswith(".ethinfra")] == [markers.MARKER]
    assert not there or list(outside.iterdir()) == []


def test_journal_behind_a_link_gives_no_leave_to_replace_data(
    store: MemoryStore, source: Path, volume: Path, tmp_path: Path
) -> None:
    """It is of a restore into another directory."""
    push_promoted(source, store)
    other = tmp_path / "other"
    (other / markers.WORK).mkdir(parents=True)
    markers.begin(other, "sha256:" + "00" * 32)
    (volume / markers.WORK).symlink_to(other / markers.WORK)
    (volume / "geth/chaindata").mkdir(parents=True)
    (volume / "geth/chaindata/CURRENT").write_bytes(b"synced for weeks")

    with pytest.raises(DirectoryInUse):
        restore_newest(store, volume, Expected())

    assert (volume / "geth/chaindata/CURRENT").read_bytes() == b"synced for weeks"
    assert markers.unfinished(other)

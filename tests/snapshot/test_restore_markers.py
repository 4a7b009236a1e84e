"""A directory with a marker is left as it is: that is a success where it marks what is wanted, and else said."""

from __future__ import annotations

from pathlib import Path

import pytest

from ethinfra.snapshot.compatibility import Expected
from ethinfra.snapshot.errors import DirectoryInUse, NoSuchSnapshot, SnapshotError
from ethinfra.snapshot.listing import LATEST, State, tag_of
from ethinfra.snapshot.marker import MARKER, read_marker
from ethinfra.snapshot.restore import restore, restore_newest
from tests.snapshot.memory_store import MemoryStore
from tests.snapshot.stored import push_promoted


def test_directory_with_a_marker_is_left_as_it_is(store: MemoryStore, source: Path, volume: Path) -> None:
    """The client has run on it since. Not even the registry is asked: a pod must start again without it."""
    push_promoted(source, store)
    restore_newest(store, volume, Expected())
    (volume / "geth/chaindata/CURRENT").write_bytes(b"the client went on")
    push_promoted(source, store, 200)
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
    pushed = push_promoted(source, store)
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
    first = push_promoted(source, store)
    restore(store, first.digest, volume, Expected())
    second = push_promoted(source, store, 200)

    with pytest.raises(DirectoryInUse):
        restore(store, second.digest, volume, Expected())
    with pytest.raises(DirectoryInUse):
        restore(store, LATEST, volume, Expected())
    with pytest.raises(NoSuchSnapshot):
        restore(store, "no-such-tag", volume, Expected())

    assert read_marker(volume).id == first.id  # type: ignore[union-attr]


def test_marker_of_the_snapshot_asked_for_is_a_success(store: MemoryStore, source: Path, volume: Path) -> None:
    """By its digest the store need not even answer."""
    pushed = push_promoted(source, store)
    restore(store, pushed.digest, volume, Expected())
    store.asked.clear()

    assert not restore(store, pushed.digest, volume, Expected(network="devnet", client="geth")).done
    assert not store.asked
    assert not restore(store, tag_of(pushed.id, State.PROMOTED), volume, Expected()).done


def test_marker_that_cannot_be_read_is_said(store: MemoryStore, volume: Path) -> None:
    (volume / MARKER).write_text("{")

    with pytest.raises(SnapshotError):
        restore_newest(store, volume, Expected())

"""Ids of snapshots: in the order of text the newest is last."""

from __future__ import annotations

from ethinfra.snapshot.ids import is_id, make_id, moment_of
from tests.snapshot.tree import NOON


def test_ids_sort_as_their_blocks_and_times() -> None:
    older, newer = make_id(99, NOON), make_id(1234, NOON)

    assert older < newer
    assert newer == "0000001234-20261123T120000Z"
    assert moment_of(newer) == NOON
    assert not is_id("0000001234-20261399T120000Z")
    assert not is_id("latest")

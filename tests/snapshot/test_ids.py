"""Ids of snapshots: what was made last is the newest."""

from __future__ import annotations

from datetime import timedelta

from ethinfra.snapshot.ids import age_order, is_id, make_id, moment_of
from tests.snapshot.tree import NOON


def test_ids_sort_as_their_times_and_then_as_their_blocks() -> None:
    ids = [make_id(1234, NOON), make_id(99, NOON), make_id(5, NOON + timedelta(seconds=1))]

    assert sorted(ids, key=age_order) == [ids[1], ids[0], ids[2]]


def test_id_says_block_and_time() -> None:
    newer = make_id(1234, NOON)

    assert newer == "0000001234-20261123T120000Z"
    assert moment_of(newer) == NOON
    assert not is_id("0000001234-20261399T120000Z")
    assert not is_id("latest")

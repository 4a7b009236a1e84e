"""Beacon API answers become values; other statuses become errors."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from ethinfra.chain.beacon import Beacon, BeaconError, Checkpoint
from ethinfra.chain.link import HttpLink
from ethinfra.chain.quantities import Epoch, Hash32
from ethinfra.errors import ChainError
from tests.chain.conftest import Script

ROOT = "0x" + "cd" * 32
CHECKPOINTS = {
    "previous_justified": {"epoch": "2", "root": ROOT},
    "current_justified": {"epoch": "3", "root": ROOT},
    "finalized": {"epoch": "2", "root": ROOT},
}
ANSWERS: dict[str, Any] = {
    "/eth/v1/node/syncing": {
        "head_slot": "20",
        "sync_distance": "1",
        "is_syncing": True,
        "is_optimistic": False,
        "el_offline": False,
    },
    "/eth/v1/beacon/headers/head": {"root": ROOT, "header": {"message": {"slot": "20"}}},
    "/eth/v1/beacon/states/head/finality_checkpoints": CHECKPOINTS,
    "/eth/v1/beacon/blinded_blocks/head": {
        "message": {"body": {"execution_payload_header": {"block_number": "19", "block_hash": ROOT}}}
    },
    "/eth/v1/node/identity": {"peer_id": "16Uiu2", "enr": "enr:-", "p2p_addresses": ["/ip4/10.0.0.1/tcp/13000"]},
    "/eth/v1/node/peers?state=connected": [
        {"peer_id": "16Uiu3", "last_seen_p2p_address": "/ip4/10.0.0.2/tcp/13000", "direction": "outbound"}
    ],
    "/eth/v1/node/version": {"version": "Prysm/v7.1.2"},
    "/eth/v1/beacon/genesis": {"genesis_time": "1795424670"},
}


@pytest.fixture
def beacon(serve: Callable[[Script], str]) -> Beacon:
    def script(_: str, path: str, __: bytes) -> tuple[int, bytes]:
        if path in ANSWERS:
            return 200, json.dumps({"data": ANSWERS[path]}).encode()
        return 404, b'{"code": 404, "message": "block not found"}'

    return Beacon(HttpLink(serve(script), name="geth-0 beacon"))


def test_typed_questions(beacon: Beacon):
    assert beacon.syncing().syncing
    assert beacon.syncing().distance == 1
    assert beacon.head().slot == 20
    assert beacon.finality().justified == Checkpoint(Epoch(3), Hash32(ROOT))
    assert beacon.finality().finalized.epoch == 2
    assert beacon.execution_block().number == 19
    assert beacon.identity().peer_id == "16Uiu2"
    assert [peer.direction for peer in beacon.peers()] == ["outbound"]
    assert beacon.version() == "Prysm/v7.1.2"
    assert beacon.genesis_time() == 1795424670


def test_refusal_carries_its_status(beacon: Beacon):
    with pytest.raises(BeaconError, match="block not found") as refused:
        beacon.execution_block("99999")

    assert refused.value.status == 404


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"data": {}}', b'{"data": {"head_slot": 20}}'])
def test_what_is_no_answer_is_an_error(body: bytes, serve: Callable[[Script], str]):
    beacon = Beacon(HttpLink(serve(lambda *_: (200, body)), name="geth-0 beacon"))

    with pytest.raises(ChainError, match="geth-0 beacon"):
        beacon.syncing()

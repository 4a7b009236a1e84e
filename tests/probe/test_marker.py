"""A node tells from which snapshot its data came, so that nobody removes that one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ethinfra.probe import marker
from ethinfra.probe.marker import MARKER, Restored, Unreadable
from ethinfra.probe.testing.scripted_node import ScriptedNode
from tests.probe.conftest import at, running_probe
from tests.probe.test_serve import scrape

DIGEST = "sha256:" + 64 * "a"
ID = "0000000042-20261123T170000Z"


def mark(volume: Path) -> None:
    document = {"digest": DIGEST, "id": ID, "block_number": 42, "block_hash": "0x" + 64 * "b", "client": "geth"}
    (volume / MARKER).write_text(json.dumps(document))


def test_marker_is_read(tmp_path: Path):
    mark(tmp_path)

    assert marker.read(tmp_path) == Restored(DIGEST, ID, 42)


def test_data_of_no_snapshot(tmp_path: Path):
    assert marker.read(tmp_path) is None


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"digest": 1, "id": "x", "block_number": 1}', "x" * 100_000])
def test_marker_that_is_none_is_not_silence(tmp_path: Path, text: str):
    """Silence would let the cleanup take it for a node that needs no snapshot."""
    (tmp_path / MARKER).write_text(text)

    found = marker.read(tmp_path)

    assert isinstance(found, Unreadable)
    assert "is not a marker" in found.state


def test_marker_that_cannot_be_read_is_said(tmp_path: Path):
    (tmp_path / MARKER).mkdir()

    assert isinstance(marker.read(tmp_path), Unreadable)


def test_probe_tells_the_snapshot(node: ScriptedNode, tmp_path: Path):
    """Also of a restore that ends after the probe has started."""
    with running_probe(*at(node), f"--data={tmp_path}", "--interval=0.1") as probe:
        assert probe.asked("/status").body["snapshot"] is None
        mark(tmp_path)

        assert probe.asked("/status").body["snapshot"] == {"digest": DIGEST, "id": ID, "block": 42, "state": "restored"}
        assert scrape(probe.get("/metrics")[1])[f'ethinfra_snapshot_info{{id="{ID}",digest="{DIGEST}"}}'] == 1


def test_probe_without_a_volume_says_null(node: ScriptedNode):
    with running_probe(*at(node), "--interval=0.1") as probe:
        assert probe.asked("/status").body["snapshot"] is None
        assert "ethinfra_snapshot_info" not in probe.get("/metrics")[1].decode()

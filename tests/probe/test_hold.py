"""A client waits for a copy of its volume, and never for what no longer runs.

`tests/snapshot/job/test_hold.py` has both sides together.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ethinfra.probe.hold import EXPIRED, HOLD, HoldStuck, Outcome, put_aside, wait
from ethinfra.waiting import eventually


def write_hold(volume: Path, *, touched: float = 0) -> Path:
    """touched: seconds ago."""
    hold = volume / HOLD
    hold.write_text(json.dumps({"token": "t", "holder": "snapshot-geth-0", "since": "2026-11-23T17:00:00Z"}))
    os.utime(hold, (time.time() - touched,) * 2)
    return hold


def start(volume: Path, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-I", "-m", "ethinfra.probe", "hold", f"--data={volume}", *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_without_a_hold_the_client_starts_at_once(tmp_path: Path):
    assert wait(tmp_path, 20, say=print) is Outcome.FREE


def test_released_hold_lets_the_client_start(tmp_path: Path):
    hold = write_hold(tmp_path)
    client = start(tmp_path, "--patience=30")
    assert "held by snapshot-geth-0 since" in client.stdout.readline()
    assert client.poll() is None

    hold.unlink()

    assert client.wait(5) == 0
    assert "released" in client.communicate()[0]


def test_touched_hold_is_waited_for_beyond_the_patience(tmp_path: Path):
    """The control: a patience that ran from the start of the wait would end this one."""
    hold = write_hold(tmp_path)
    client = start(tmp_path, "--patience=0.6")
    for _ in range(12):
        time.sleep(0.15)
        hold.touch()
        assert client.poll() is None

    client.wait(10)

    assert not hold.exists()
    assert (tmp_path / EXPIRED).exists()


def test_old_hold_costs_no_wait(tmp_path: Path):
    """Of a job that died an hour ago."""
    write_hold(tmp_path, touched=3600)
    begun = time.monotonic()

    assert wait(tmp_path, 20, say=print) is Outcome.EXPIRED
    assert time.monotonic() - begun < 1


def test_hold_of_the_future_expires_too(tmp_path: Path):
    """After the clock was set back, the file's time alone would hold the client for ever."""
    write_hold(tmp_path, touched=-3600)

    assert wait(tmp_path, 0.3, say=print) is Outcome.EXPIRED


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b'"x"'])
def test_damaged_hold_holds_and_expires(tmp_path: Path, content: bytes):
    (tmp_path / HOLD).write_bytes(content)
    said: list[str] = []

    assert wait(tmp_path, 0.3, say=said.append) is Outcome.EXPIRED
    assert "somebody who does not say" in said[0]


def test_hold_that_cannot_be_put_aside_keeps_the_client_from_starting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """On a read-only volume: its job may wake up, find its hold in place, and believe that nothing ran meanwhile."""

    def read_only(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    hold = write_hold(tmp_path)
    monkeypatch.setattr(Path, "rename", read_only)
    monkeypatch.setattr(Path, "unlink", read_only)

    with pytest.raises(HoldStuck, match="Read-only"):
        put_aside(hold)


def test_volume_without_room_for_another_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    hold = write_hold(tmp_path)
    monkeypatch.setattr(Path, "rename", full)
    put_aside(hold)

    assert not hold.exists()


def test_pod_that_is_deleted_while_it_waits_ends_at_once(tmp_path: Path):
    write_hold(tmp_path)
    client = start(tmp_path, "--patience=60")
    client.stdout.readline()
    client.send_signal(signal.SIGTERM)

    assert client.wait(5) == 1
    client.communicate()


def test_missing_volume_is_refused(tmp_path: Path):
    client = start(tmp_path / "nothing")

    assert client.wait(10) == 2
    assert "no volume" in client.communicate()[1]


def test_program_waits_until_the_hold_is_there_no_more(tmp_path: Path):
    client = start(tmp_path)

    assert eventually("it has ended", lambda: client.poll() is not None, within=10)
    assert "nobody holds the volume" in client.communicate()[0]

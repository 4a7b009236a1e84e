"""Both sides of the hold, as processes.

A client is never kept from starting by what no longer runs, and no copy counts that was not made while it stood still.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ethinfra.probe.hold import EXPIRED, HOLD
from ethinfra.process import run
from ethinfra.snapshot.errors import OutOfSpace
from ethinfra.snapshot.job.errors import HoldLost, HoldTaken
from ethinfra.snapshot.job.hold import Hold
from ethinfra.waiting import eventually
from tests.snapshot.job.conftest import fill_up

#: Seconds; both sides of these tests.
PATIENCE, HEARTBEAT = 1.5, 0.1

#: A job that holds a volume, says so, and when told to go on says whether the copy it would have made counts.
JOB = f"""
import sys
from pathlib import Path
from ethinfra.snapshot.job.errors import HoldLost
from ethinfra.snapshot.job.hold import Hold
with Hold(Path(sys.argv[1]), "job", patience={PATIENCE}, heartbeat={HEARTBEAT}) as hold:
    print("holding", flush=True)
    sys.stdin.readline()
    try:
        hold.must_be_ours()
        print("counts", flush=True)
    except HoldLost:
        print("discarded", flush=True)
"""


@contextmanager
def job(volume: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", JOB, volume], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout.readline() == "holding\n"
        yield process
    finally:
        process.kill()
        process.communicate()


@contextmanager
def client(volume: Path) -> Iterator[subprocess.Popen[str]]:
    """The init container of a sync pod, waiting."""
    process = subprocess.Popen(
        [sys.executable, "-I", "-m", "ethinfra.probe", "hold", f"--data={volume}", f"--patience={PATIENCE}"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert "held by job" in process.stdout.readline()
        yield process
    finally:
        process.kill()
        process.communicate()


def finish(job: subprocess.Popen[str]) -> str:
    job.stdin.write("go on\n")
    job.stdin.flush()
    return job.stdout.readline().strip()


def test_client_starts_when_the_copy_is_done(tmp_path: Path):
    """And not before, however long it takes."""
    with job(tmp_path) as taking, client(tmp_path) as waiting:
        time.sleep(2 * PATIENCE)
        assert waiting.poll() is None

        assert finish(taking) == "counts"

        assert waiting.wait(5) == 0
        assert [path.name for path in tmp_path.iterdir()] == []


def test_client_starts_after_a_job_was_killed(tmp_path: Path):
    with job(tmp_path) as taking, client(tmp_path) as waiting:
        killed = time.monotonic()
        taking.kill()

        assert waiting.wait(PATIENCE + 5) == 0
        assert time.monotonic() - killed > PATIENCE / 2
    assert (tmp_path / EXPIRED).exists()


def test_copy_of_a_job_that_was_frozen_does_not_count(tmp_path: Path):
    """It wakes up when the client has long been writing to the volume."""
    with job(tmp_path) as taking, client(tmp_path) as waiting:
        taking.send_signal(signal.SIGSTOP)
        assert waiting.wait(PATIENCE + 5) == 0
        taking.send_signal(signal.SIGCONT)

        assert finish(taking) == "discarded"


def test_copy_of_a_job_that_was_frozen_briefly_counts(tmp_path: Path):
    """The control: frozen, but not beyond the patience."""
    with job(tmp_path) as taking, client(tmp_path) as waiting:
        taking.send_signal(signal.SIGSTOP)
        time.sleep(PATIENCE / 3)
        taking.send_signal(signal.SIGCONT)

        assert finish(taking) == "counts"
        assert waiting.wait(5) == 0


def test_of_two_jobs_one_holds(tmp_path: Path):
    with job(tmp_path) as taking:
        with pytest.raises(HoldTaken, match="is there already"), Hold(tmp_path, "other", patience=PATIENCE):
            pytest.fail("two hold the volume")

        assert finish(taking) == "counts"


def test_hold_of_a_job_that_died_is_taken_over(tmp_path: Path):
    """The client did not start since, as when the machine was down; the dead job's copy is not ours."""
    with job(tmp_path) as taking:
        taking.kill()
        taking.wait()
        with Hold(tmp_path, "next", patience=PATIENCE) as hold:
            hold.must_be_ours()
            assert json.loads((tmp_path / HOLD).read_text())["holder"] == "next"

    assert list(tmp_path.iterdir()) == []


def test_job_whose_hold_was_taken_over_leaves_the_other_one_alone(tmp_path: Path):
    with job(tmp_path) as frozen:
        frozen.send_signal(signal.SIGSTOP)
        with Hold(tmp_path, "next", patience=PATIENCE) as hold:
            frozen.send_signal(signal.SIGCONT)
            assert finish(frozen) == "discarded"
            assert frozen.wait(5) == 0
            hold.must_be_ours()


def test_deleted_hold_is_lost(tmp_path: Path):
    """By an operator who wanted the node back at once."""
    with Hold(tmp_path, "job", patience=PATIENCE) as hold:
        (tmp_path / HOLD).unlink()

        with pytest.raises(HoldLost, match="not ours any more"):
            hold.must_be_ours()


def test_hold_that_cannot_be_touched_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A volume that turned read-only under the job."""
    with Hold(tmp_path, "job", patience=PATIENCE, heartbeat=0.02) as hold:
        monkeypatch.setattr(os, "utime", lambda *_: (_ for _ in ()).throw(OSError(30, "Read-only file system")))

        eventually("the hold is lost", lambda: _lost(hold), within=5)


def test_what_killed_jobs_left_is_removed(tmp_path: Path):
    (tmp_path / f"{HOLD}.0123456789abcdef").write_text("half")
    (tmp_path / EXPIRED).write_text("{}")
    (tmp_path / "database").mkdir()

    with Hold(tmp_path, "job", patience=PATIENCE):
        assert sorted(path.name for path in tmp_path.iterdir()) == [HOLD, "database"]


def test_hold_on_a_full_volume_is_refused(small: Path):
    """Before anything is stopped; nothing of the attempt is left."""
    fill_up(small)

    with pytest.raises(OutOfSpace), Hold(small, "job", patience=PATIENCE):
        pytest.fail("held")

    assert not list(small.glob(f"{HOLD}*"))


def test_hold_on_a_read_only_volume_is_refused(small: Path):
    run(["mount", "-o", "remount,ro", small])

    with pytest.raises(OSError, match="Read-only"), Hold(small, "job", patience=PATIENCE):
        pytest.fail("held")


def test_client_of_a_read_only_volume_is_not_started_beside_a_hold(small: Path):
    """Its job may wake up and believe in its hold, because nobody could put it aside. Without a hold it starts."""
    command = [sys.executable, "-m", "ethinfra.probe", "hold", f"--data={small}", "--patience=0.3"]
    (small / HOLD).write_text("{}")
    run(["mount", "-o", "remount,ro", small])

    refused = run(command, check=False)

    assert refused.code == 1
    assert "cannot be put aside: Read-only file system" in refused.stderr
    run(["mount", "-o", "remount,rw", small])
    (small / HOLD).unlink()
    run(["mount", "-o", "remount,ro", small])
    assert run(command).ok


def test_client_of_a_full_volume_puts_an_old_hold_aside(small: Path):
    (small / HOLD).write_text("{}")
    fill_up(small)

    assert run([sys.executable, "-m", "ethinfra.probe", "hold", f"--data={small}", "--patience=0.3"]).ok
    assert not (small / HOLD).exists()


def _lost(hold: Hold) -> bool:
    try:
        hold.must_be_ours()
    except HoldLost:
        return True
    return False

"""What one worker does for all of them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from ethinfra.paths import ROOT
from ethinfra.waiting import eventually

_WORKER = """
import os, sys, time
from pathlib import Path
from fixtures.run import Run
folder, name, how = sys.argv[1:]
def make():
    with open(Path(folder) / "calls", "a") as file:
        file.write(name + "\\n")
    if how == "hang":
        time.sleep(60)
    time.sleep(0.3)
    return {"failure": "no node became Ready", "by": name}
print(Run("run", Path(folder) / "report", name).once("cluster", make, within=30))
"""


def worker(folder: Path, name: str, how: str = "make") -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _WORKER, str(folder), name, how]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def test_made_once_and_told_to_all(tmp_path: Path) -> None:
    workers = [worker(tmp_path, f"gw{index}") for index in range(4)]

    told = {one.communicate(timeout=40)[0] for one in workers}

    assert len(told) == 1
    assert "no node became Ready" in told.pop()
    assert len((tmp_path / "calls").read_text().splitlines()) == 1


def test_next_worker_takes_over_from_a_killed_one(tmp_path: Path) -> None:
    first = worker(tmp_path, "first", "hang")
    eventually("the first is at it", (tmp_path / "calls").exists, within=20)
    second = worker(tmp_path, "second")

    first.kill()

    assert "'by': 'second'" in second.communicate(timeout=40)[0]
    first.communicate()

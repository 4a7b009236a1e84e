"""The lock of a cluster, tried by real processes."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ethinfra.paths import ROOT
from ethinfra.waiting import eventually
from fixtures.locks import ClusterLock

_HOLDER = """
import sys
from pathlib import Path
from fixtures.locks import ClusterLock
name, kind, folder = sys.argv[1:]
journal = Path(folder) / "journal"
def write(text):
    with journal.open("a") as file:
        file.write(text + "\\n")
write(f"{name} comes")
with getattr(ClusterLock(Path(folder)), kind)() as waited:
    write(f"{name} in")
    sys.stdin.read()
    write(f"{name} out")
"""


class Holder:
    """A process that takes the lock and holds it until it is told to leave."""

    def __init__(self, name: str, kind: str, folder: Path) -> None:
        self.name = name
        self._journal = folder / "journal"
        self.process = subprocess.Popen(
            [sys.executable, "-c", _HOLDER, name, kind, str(folder)], stdin=subprocess.PIPE, cwd=ROOT
        )
        self.must_say("comes")

    def says(self, word: str) -> bool:
        return self._journal.exists() and f"{self.name} {word}" in self._journal.read_text().splitlines()

    def must_say(self, word: str) -> None:
        eventually(f"{self.name} {word}", lambda: self.says(word), within=20, every=0.02)

    def leave(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(10)


Start = Callable[[str, str], Holder]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    holders: list[Holder] = []

    def begin(name: str, kind: str) -> Holder:
        holders.append(Holder(name, kind, tmp_path))
        return holders[-1]

    yield begin
    for holder in holders:
        holder.process.kill()
        holder.process.wait()


def stays_out(holder: Holder) -> bool:
    """Long enough for a process that could go in to have done so."""
    with pytest.raises(Exception, match="not within"):
        eventually(f"{holder.name} in", lambda: holder.says("in"), within=0.25, every=0.05)
    return True


def test_readers_share(start: Start) -> None:
    one, other = start("one", "shared"), start("other", "shared")

    one.must_say("in")
    other.must_say("in")


def test_writer_is_alone(start: Start) -> None:
    writer = start("writer", "exclusive")
    writer.must_say("in")

    reader, second = start("reader", "shared"), start("second", "exclusive")

    assert stays_out(reader)
    assert stays_out(second)


def test_writer_waits_for_readers(start: Start) -> None:
    reader = start("reader", "shared")
    reader.must_say("in")
    writer = start("writer", "exclusive")
    assert stays_out(writer)

    reader.leave()

    writer.must_say("in")


def test_waiting_writer_goes_before_new_readers(start: Start, tmp_path: Path) -> None:
    """Else a stream of readers would keep it out for ever."""
    early = start("early", "shared")
    early.must_say("in")
    writer = start("writer", "exclusive")
    assert stays_out(writer)
    late = start("late", "shared")
    assert stays_out(late)

    early.leave()
    writer.must_say("in")
    assert stays_out(late)
    writer.leave()
    late.must_say("in")

    order = [line for line in (tmp_path / "journal").read_text().splitlines() if line.endswith((" in", " out"))]
    assert order == ["early in", "early out", "writer in", "writer out", "late in"]


def test_second_writer_goes_before_waiting_readers(start: Start) -> None:
    first = start("first", "exclusive")
    first.must_say("in")
    reader = start("reader", "shared")
    assert stays_out(reader)
    second = start("second", "exclusive")

    first.leave()
    second.must_say("in")

    assert stays_out(reader)


@pytest.mark.parametrize("kind", ["shared", "exclusive"])
def test_killed_holder_releases(start: Start, kind: str) -> None:
    holder = start("holder", kind)
    holder.must_say("in")
    waiting = start("waiting", "exclusive")
    assert stays_out(waiting)

    holder.process.kill()

    waiting.must_say("in")


def test_killed_waiting_writer_lets_readers_in(start: Start) -> None:
    early = start("early", "shared")
    early.must_say("in")
    writer = start("writer", "exclusive")
    late = start("late", "shared")
    assert stays_out(late)

    writer.process.kill()

    late.must_say("in")


def test_waiting_is_measured(tmp_path: Path) -> None:
    with ClusterLock(tmp_path).exclusive() as waited:
        assert waited < 1
    began = time.monotonic()
    with ClusterLock(tmp_path).shared() as waited:
        assert waited <= time.monotonic() - began

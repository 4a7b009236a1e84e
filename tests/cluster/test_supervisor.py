"""The supervisor, with real processes and without namespaces."""

from __future__ import annotations

import json
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from ethinfra.cluster.embedded import supervisor
from ethinfra.cluster.embedded.components import Component, dump_components
from ethinfra.cluster.embedded.spaces import Space
from ethinfra.cluster.embedded.supervisor import Supervisor, start_time
from ethinfra.waiting import eventually


@pytest.fixture(autouse=True)
def no_namespaces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Components run where the test runs, which needs no root."""
    monkeypatch.setattr(Space, "entering", lambda _, argv: [str(part) for part in argv])
    monkeypatch.setattr(supervisor, "joining_groups", lambda _, argv: list(argv))
    monkeypatch.setattr(supervisor, "_BACKOFF", (0.05, 0.1))


@pytest.fixture
def port() -> Iterator[int]:
    """A port that accepts, so that a probe succeeds."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


class Files:
    """What a supervisor reads and writes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.components = folder / "components.json"
        self.report = folder / "report.json"

    def want(self, *components: Component) -> None:
        self.components.write_text(dump_components(list(components)))
        os.utime(self.components, ns=(0, self.components.stat().st_mtime_ns + len(components)))

    def component(self, name: str, command: str, probe: str, after: tuple[str, ...] = ()) -> Component:
        return Component(name, ("/bin/sh", "-c", command), 1, (), str(self.folder / f"{name}.log"), probe, after)

    def seen(self, name: str) -> dict[str, object]:
        return json.loads(self.report.read_text())[name]


@pytest.fixture
def files(tmp_path: Path) -> Iterator[Files]:
    files = Files(tmp_path)
    yield files
    if files.report.exists():
        for one in json.loads(files.report.read_text()).values():
            if one["pid"]:
                with suppress(ProcessLookupError):
                    os.killpg(one["pid"], signal.SIGKILL)


def test_what_is_wanted_is_started_and_works(files: Files, port: int) -> None:
    files.want(files.component("a", "sleep 60", f"tcp://127.0.0.1:{port}"))
    watching = Supervisor(files.components, files.report)

    eventually("it works", watching.look, within=5, every=0.02)

    assert files.seen("a")["seen"] == "works"


def test_a_component_waits_for_what_it_needs(files: Files, port: int) -> None:
    files.want(
        files.component("a", "sleep 60", "tcp://127.0.0.1:1"),
        files.component("b", "sleep 60", f"tcp://127.0.0.1:{port}", after=("a",)),
    )
    watching = Supervisor(files.components, files.report)

    watching.look()
    watching.look()

    assert files.seen("b")["pid"] == 0
    assert files.seen("b")["seen"] == "waits for a"


def test_what_exits_is_restarted_and_counted(files: Files, port: int) -> None:
    files.want(files.component("a", "echo trouble; exit 3", f"tcp://127.0.0.1:{port}"))
    watching = Supervisor(files.components, files.report)

    def restarts() -> object:
        watching.look()
        return files.seen("a")["restarts"]

    eventually("it is restarted again and again", restarts, until=lambda count: count >= 3, within=10, every=0.01)

    assert "trouble" in (files.folder / "a.log").read_text()


def test_a_new_supervisor_adopts_what_runs(files: Files, port: int) -> None:
    """The old one was killed; nothing is started twice."""
    files.want(files.component("a", "sleep 60", f"tcp://127.0.0.1:{port}"))
    first = Supervisor(files.components, files.report)
    eventually("it works", first.look, within=5, every=0.02)
    pid = files.seen("a")["pid"]

    second = Supervisor(files.components, files.report)
    eventually("it works", second.look, within=5, every=0.02)

    assert files.seen("a")["pid"] == pid
    assert files.seen("a")["restarts"] == 0


def test_a_process_id_that_was_given_to_another_is_not_adopted(files: Files, port: int) -> None:
    stale = {"pid": os.getpid(), "started": "1", "ready": True, "seen": "works", "restarts": 0, "log": ""}
    files.report.write_text(json.dumps({"a": stale}))
    files.want(files.component("a", "sleep 60", f"tcp://127.0.0.1:{port}"))

    eventually("it works", Supervisor(files.components, files.report).look, within=5, every=0.02)

    assert files.seen("a")["pid"] != os.getpid()


def test_a_component_that_is_added_later_is_started(files: Files, port: int) -> None:
    """A cluster that grows."""
    one = files.component("a", "sleep 60", f"tcp://127.0.0.1:{port}")
    files.want(one)
    watching = Supervisor(files.components, files.report)
    eventually("the first works", watching.look, within=5, every=0.02)
    pid = files.seen("a")["pid"]

    files.want(one, files.component("b", "sleep 60", f"tcp://127.0.0.1:{port}"))
    eventually("both work", lambda: watching.look() and files.seen("b")["ready"], within=5, every=0.02)

    assert files.seen("a")["pid"] == pid


def test_a_log_that_grows_is_cut_to_its_end(files: Files, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "_LOG_KEPT", 100)
    files.want(files.component("a", "seq 1 500; sleep 60", f"tcp://127.0.0.1:{port}"))
    watching = Supervisor(files.components, files.report)
    log = files.folder / "a.log"

    eventually(
        "the log is cut",
        lambda: watching.look() and log.read_text(),
        until=lambda text: text and len(text) <= 100,
        within=5,
        every=0.02,
    )

    assert log.read_text().endswith("\n500\n")


def test_start_time_names_a_process_for_good() -> None:
    assert start_time(os.getpid())
    assert start_time(os.getpid()) == start_time(os.getpid())
    assert start_time(2**22 + 1) == ""

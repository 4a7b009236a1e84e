"""What is told of components, their logs and what a cluster leaves behind."""

from __future__ import annotations

import json
import os
import socketserver
import struct
import threading
import time
from collections.abc import Iterator
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from ethinfra.cluster.embedded import dns, footprint, sysctls
from ethinfra.cluster.embedded.collect import collect, time_of
from ethinfra.cluster.embedded.footprint import Footprint, differences
from ethinfra.cluster.embedded.plan import ClusterPlan
from ethinfra.cluster.embedded.report import ComponentBroken, component_states, log_tail, must_come, must_work
from ethinfra.cluster.embedded.supervisor import start_time
from ethinfra.redact import redact
from ethinfra.waiting import NotInTime


def report(plan: ClusterPlan, **changes: object) -> None:
    own = {"pid": os.getpid(), "started": start_time(os.getpid()), "ready": True, "seen": "works", "restarts": 0}
    log = plan.log_dir / "etcd.log"
    plan.report_file.write_text(json.dumps({"etcd": {**own, "log": str(log), **changes}}))


def test_a_working_component_is_ready(plan: ClusterPlan) -> None:
    report(plan)

    assert component_states(plan)["etcd"].ready


def test_a_dead_process_is_not_ready_whatever_the_report_says(plan: ClusterPlan) -> None:
    """The supervisor may have died before it could tell."""
    report(plan, started="1")

    state = component_states(plan)["etcd"]

    assert not state.ready
    assert state.seen == "has ended"


def test_a_component_that_keeps_exiting_fails_the_boot_with_its_log(plan: ClusterPlan) -> None:
    """At once, not when the patience for the step is over."""
    plan.log_dir.mkdir()
    (plan.log_dir / "etcd.log").write_text("listen tcp 127.0.0.1:2379: bind: address already in use\n")
    report(plan, pid=0, started="", ready=False, seen="exited with 1 after 0.1s", restarts=4)

    began = time.monotonic()
    with pytest.raises(ComponentBroken) as failed:
        must_work(plan, lambda _: True, "all work", within=30)

    assert time.monotonic() - began < 5
    assert failed.value.component == "etcd"
    assert "address already in use" in str(failed.value)


def test_a_boot_without_a_report_shows_the_supervisors_log(plan: ClusterPlan) -> None:
    plan.log_dir.mkdir()
    (plan.log_dir / "supervisor.log").write_text("ModuleNotFoundError\n")

    with pytest.raises(NotInTime) as failed:
        must_work(plan, lambda _: True, "all work", within=0.1)

    assert "ModuleNotFoundError" in failed.value.todo


def test_an_absent_log_is_said(tmp_path: Path) -> None:
    assert log_tail(tmp_path / "none.log") == "(no log)"


@pytest.mark.parametrize(
    "line",
    [
        'time="2026-11-23T09:14:12.123456789Z" level=info msg="loading plugin"',
        '{"level":"warn","ts":"2026-11-23T09:14:12.123456Z","msg":"slow"}',
        '{"level":"warn","ts":"2026-11-23T10:14:12.123+0100","msg":"slow"}',
    ],
)
def test_times_in_logs_are_understood(line: str) -> None:
    assert time_of(line) == pytest.approx(1795425252, abs=1)


def test_klog_times_are_of_this_year_and_machine() -> None:
    now = time.localtime()
    line = time.strftime("E%m%d %H:%M:%S.000000   1 server.go:1] x", now)

    assert time_of(line) == pytest.approx(time.mktime(now), abs=1)
    assert time_of("goroutine 1 [running]:") is None


def test_collected_logs_begin_at_the_time_asked_for_and_hold_no_secret(plan: ClusterPlan, tmp_path: Path) -> None:
    plan.log_dir.mkdir()
    redact.register("planted-secret-value")
    old, new = "2020-01-01T00:00:00Z", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    (plan.log_dir / "etcd.log").write_text(f'ts="{old}" before\nts="{new}" planted-secret-value\n  at line 2\n')

    collect(plan, [], tmp_path / "out", time.time() - 60)

    text = (tmp_path / "out" / "etcd.log").read_text()
    assert "before" not in text
    assert "at line 2" in text
    assert "planted-secret-value" not in text


def things(**kinds: dict[str, str]) -> Footprint:
    return Footprint({kind.replace("_", " "): entries for kind, entries in kinds.items()})


def test_what_needs_the_components_is_not_waited_for_once_one_is_broken(plan: ClusterPlan) -> None:
    """DNS, for one, which only refuses connections."""
    plan.log_dir.mkdir()
    (plan.log_dir / "etcd.log").write_text("no such kind: Nonsense\n")
    report(plan, pid=0, started="", ready=False, seen="exited with 1 after 0.1s", restarts=4)

    def refuse() -> bool:
        raise ConnectionRefusedError

    with pytest.raises(ComponentBroken) as failed:
        must_come(plan, "DNS answers", refuse, until=bool, within=30, every=0.01, hint="")

    assert failed.value.component == "etcd"
    assert "Nonsense" in str(failed.value)


@pytest.mark.usefixtures("state")
def test_what_is_left_behind_is_named() -> None:
    before = things(link={"eth0": "eth0"}, mount={})
    after = things(link={"eth0": "eth0", "veth1": "veth1"}, mount={"/x": "tmpfs on /x"})

    assert differences(before, after) == ["link left behind: veth1", "mount left behind: tmpfs on /x"]
    assert differences(before, after, ignoring=["veth1"]) == ["mount left behind: tmpfs on /x"]
    assert differences(before, before) == []


@pytest.mark.usefixtures("state")
def test_what_was_taken_away_is_named_too() -> None:
    """Removing somebody else's route is as bad as leaving one."""
    found = differences(things(route={"a": "10.0.0.0/8 dev tun0"}), things(route={}))

    assert found == ["route gone: 10.0.0.0/8 dev tun0"]


@pytest.mark.usefixtures("state")
def test_processes_that_ended_meanwhile_are_nobodys_fault() -> None:
    assert differences(things(process={"7 1": "7 sleep"}), things(process={})) == []


def test_shared_settings_are_looked_at_as_the_last_cluster_leaves_them(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that it does not matter which other clusters came or went between two looks, and a way back lost is seen."""
    (setting := tmp_path / "setting").write_text("128")
    monkeypatch.setattr(sysctls, "_path", lambda _: setting)
    monkeypatch.setattr(sysctls, "TOUCHED", ("a",))
    monkeypatch.setattr(footprint, "_SETTINGS", ("a",))
    alone = take_settings()
    (state / "other-0000").mkdir(parents=True)
    sysctls.raise_for_clusters()
    setting.write_text("8192")

    assert take_settings() == alone
    assert not any(path.name == "sysctls.json" for path in footprint._files())
    (state / "other-0000").rmdir()
    assert state / "sysctls.json" in footprint._files()
    (state / "sysctls.json").unlink()
    assert differences(alone, take_settings()) == ["setting gone: a=128", "setting left behind: a=8192"]


def take_settings() -> Footprint:
    return things(setting=dict(footprint._settings()))


def test_settings_are_restored_to_what_the_first_cluster_found(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many clusters came after it, and whatever kubelets changed."""
    kernel = {"fs.inotify.max_user_instances": "128", "kernel.panic": "1"}
    for name, value in kernel.items():
        (tmp_path / name).write_text(value)
    monkeypatch.setattr(sysctls, "_path", lambda name: tmp_path / name)
    state.mkdir()

    sysctls.raise_for_clusters()
    (tmp_path / "kernel.panic").write_text("10")
    sysctls.raise_for_clusters()
    assert (tmp_path / "fs.inotify.max_user_instances").read_text() == "8192"
    sysctls.restore()
    sysctls.restore()

    assert {name: (tmp_path / name).read_text() for name in kernel} == kernel
    assert list(state.iterdir()) == []


@pytest.fixture
def name_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bytes]]:
    """Answers one question; the list holds what it says after repeating the question."""
    records: list[bytes] = []

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            question, out = self.request
            header = question[:2] + struct.pack(">HHHHH", 0x8580, 1, len(records), 0, 0)
            out.sendto(header + question[12:] + b"".join(records), self.client_address)

    with socketserver.UDPServer(("127.0.0.1", 0), Handler) as server:
        monkeypatch.setattr(dns, "PORT", server.server_address[1])
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield records
        server.shutdown()


LOOPBACK = IPv4Address("127.0.0.1")
RECORD = struct.pack(">HHIH", 1, 1, 5, 4) + IPv4Address("10.130.32.1").packed


@pytest.mark.parametrize("name", [b"\xc0\x0c", b"\x01a\x01b\x00"], ids=["compressed", "in full"])
def test_an_address_is_read_from_an_answer(name_server: list[bytes], name: bytes) -> None:
    name_server.append(name + RECORD)

    assert dns.resolve(LOOPBACK, "a.b") == IPv4Address("10.130.32.1")


def test_a_name_without_an_address_is_none(name_server: list[bytes]) -> None:
    assert name_server == []
    assert dns.resolve(LOOPBACK, "a.b") is None


def test_the_footprint_covers_what_the_issue_names() -> None:
    """Processes, mounts, links, namespaces, control groups, rules, settings, loop devices and files."""
    source = Path(footprint.__file__).read_text()

    for kind in ("process", "mount", "link", "route", "iptables rule", "nftables rule", "control group", "setting",
                 "loop device", "file"):  # fmt: skip
        assert f'"{kind}"' in source

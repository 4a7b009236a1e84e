"""The probe as a process: what the kubelet, Prometheus and an operator rely on."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from ethinfra.paths import ROOT
from ethinfra.probe.server import MAX_CONCURRENT
from ethinfra.probe.testing.scripted_node import ScriptedNode
from ethinfra.probe.verdict import Code
from ethinfra.waiting import eventually
from tests.probe.conftest import CHAIN, at, running_probe

FAST = ("--interval=0.1", "--timeout=1")


def test_sigterm_takes_the_node_out_of_service_and_ends(node: ScriptedNode):
    """Kubernetes stops all containers of a pod at once: nobody may be sent to a node that is going."""
    with running_probe(*at(node), *FAST) as probe:
        probe.must_say("ready")
        probe.process.send_signal(signal.SIGTERM)

        assert probe.must_say("shutting-down", within=10).status == 503
        assert probe.process.wait(10) == 0


def test_old_view_is_not_ready_and_no_reason_to_restart(node: ScriptedNode):
    """A probe that does not look any more knows nothing, neither good nor bad."""
    with running_probe(*at(node), "--interval=600", "--max-view-age=0.5") as probe:
        assert probe.must_say("view-stale").status == 503
        assert probe.asked("/livez").status == 200
        assert probe.asked("/startupz").status == 503


def test_before_the_first_look_the_node_is_not_ready_and_not_restarted(node: ScriptedNode):
    node.lie("hung-socket")
    with running_probe(*at(node), "--timeout=30") as probe:
        assert probe.asked("/readyz").code == "starting"
        assert probe.asked("/startupz").status == 503
        assert probe.asked("/livez").status == 200


def test_silent_reference_takes_nobody_out_of_service(node: ScriptedNode):
    """Nor one on another chain; both are said in the status."""
    with socket.create_server(("127.0.0.1", 0)) as mute, ScriptedNode(CHAIN + 1) as foreign:
        references = [f"http://127.0.0.1:{mute.getsockname()[1]}", foreign.execution_url]
        with running_probe(*at(node), *FAST, *(f"--reference={url}" for url in references)) as probe:
            probe.must_say("ready")
            notes = eventually(
                "the references were asked",
                lambda: [one["note"] for one in probe.asked("/status").body["view"]["references"]],
                until=lambda notes: notes[1] == f"is on chain {CHAIN + 1}" and "1s" in notes[0],
                within=10,
            )
            assert probe.asked("/readyz").status == 200, notes


def test_clients_that_hang_do_not_hang_the_probe(node: ScriptedNode):
    """Half-sent requests fill all slots; they are given up, and the kubelet is heard again."""
    with running_probe(*at(node), *FAST) as probe, ExitStack() as held:
        probe.must_say("ready")
        host, port = probe.url.removeprefix("http://").split(":")
        for _ in range(3 * MAX_CONCURRENT):
            held.enter_context(socket.create_connection((host, int(port)))).sendall(b"GET /readyz HT")

        assert eventually("the probe answers", lambda: probe.asked("/readyz").status == 200, within=15)


def test_metrics_are_prometheus_text_and_true(node: ScriptedNode):
    with running_probe(*at(node), *FAST) as probe:
        probe.must_say("ready")
        samples = scrape(probe.get("/metrics")[1])

        assert samples["ethinfra_node_ready"] == 1
        assert samples["ethinfra_node_head_number"] == pytest.approx(node.chain.slot_now, abs=3)
        assert samples["ethinfra_node_peers"] == 3
        assert samples['ethinfra_node_lag_blocks{behind="consensus"}'] == 0
        assert samples["ethinfra_node_consensus_optimistic"] == 0
        assert samples['ethinfra_probe_verdicts_total{code="ready"}'] >= 1

        node.lie("no-peers")
        probe.must_say("too-few-peers")
        samples = scrape(probe.get("/metrics")[1])

        assert samples["ethinfra_node_ready"] == 0
        assert samples['ethinfra_node_not_ready{code="too-few-peers"}'] == 1
        assert sum(value for name, value in samples.items() if name.startswith("ethinfra_node_not_ready")) == 1


def test_unknown_values_have_no_sample(node: ScriptedNode):
    """Zero peers and an unknown number of peers are different alerts."""
    node.lie("execution-down")
    with running_probe(*at(node), *FAST) as probe:
        probe.must_say("execution-unreachable")
        samples = scrape(probe.get("/metrics")[1])

    assert "ethinfra_node_peers" not in samples
    assert "ethinfra_node_head_number" not in samples
    assert samples["ethinfra_node_live"] == 0
    assert samples["ethinfra_node_consensus_peers"] == 3


def test_every_change_of_the_verdict_is_logged_once(node: ScriptedNode):
    with running_probe(*at(node), *FAST) as probe:
        probe.must_say("ready")
        node.lie("no-peers")
        probe.must_say("too-few-peers")
        node.lie("honest")
        probe.must_say("ready")
        probe.process.send_signal(signal.SIGTERM)
        # Not `communicate`, which loses what `readline` has read ahead.
        lines = probe.process.stdout.read()

    log = [*probe.log, *map(json.loads, lines.splitlines())]
    codes = [line["code"] for line in log if line["event"] == "verdict"]
    assert [code for code in codes if code in ("ready", "too-few-peers")] == ["ready", "too-few-peers", "ready"]


def test_unknown_path_lists_the_known_ones(node: ScriptedNode):
    with running_probe(*at(node), *FAST) as probe:
        status, body = probe.get("/healthz")

    assert status == 404
    assert b"/readyz" in body


def test_probe_is_cheap(node: ScriptedNode):
    """It sits beside every node: memory below 30 MB, and a look every 2 s may cost 1 % of a core, that is 20 ms."""
    with running_probe(*at(node), "--interval=0.05") as probe:
        probe.must_say("ready")
        before = scrape(probe.get("/metrics")[1])
        after = eventually(
            "twenty looks",
            lambda: scrape(probe.get("/metrics")[1]),
            until=lambda now: looks(now) >= looks(before) + 20,
            within=60,
        )

    used = after["process_cpu_seconds_total"] - before["process_cpu_seconds_total"]
    assert used / (looks(after) - looks(before)) < 0.02
    assert after["process_resident_memory_bytes"] < 30e6


def test_probe_needs_nothing_but_itself_and_the_standard_library(tmp_path: Path):
    """The image holds a Python and ethinfra/probe; site-packages and the rest of ethinfra are not there."""
    shutil.copytree(ROOT / "ethinfra" / "probe", tmp_path / "ethinfra" / "probe")
    shutil.copy(ROOT / "ethinfra" / "__init__.py", tmp_path / "ethinfra")
    modules = [f"ethinfra.probe.{path.stem}" for path in (ROOT / "ethinfra" / "probe").glob("[a-z]*.py")]
    for command in (
        ["-c", f"import {', '.join(modules)}, ethinfra.probe.testing.scripted_node"],
        ["-m", "ethinfra.probe", "jwt", f"--out={tmp_path}/jwt.hex"],
    ):
        subprocess.run(
            [sys.executable, "-S", "-s", "-P", *command], check=True, env={"PYTHONPATH": str(tmp_path)}, timeout=30
        )


@pytest.mark.parametrize(
    "wrong",
    [
        ["--chain-id=0"],
        ["--chain-id=1", "--execution=8545"],
        ["--chain-id=1", "--genesis-hash=0x12"],
        ["--chain-id=1", "--interval=-1"],
        ["--chain-id=1", "--min-peers=-1"],
        ["--chain-id=1", "--listen=9500"],
        [],
    ],
    ids=lambda wrong: " ".join(wrong) or "nothing",
)
def test_bad_arguments_are_refused(wrong: list[str]):
    refused = serve_in_vain(*wrong)

    assert refused.returncode == 2
    assert "error: " in refused.stderr


def test_taken_port_is_said(node: ScriptedNode):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        refused = serve_in_vain(*at(node), f"--listen=127.0.0.1:{taken.getsockname()[1]}")

    assert refused.returncode == 2
    assert "cannot listen on 127.0.0.1" in refused.stderr


def test_documentation_names_every_reason():
    """docs/node-probe.md is what an operator has in hand when a node is not ready."""
    text = (ROOT / "docs" / "node-probe.md").read_text()
    documented = set(re.findall(r"^\| `([a-z][a-z-]+)` \|", text, re.MULTILINE))

    assert documented == {code.value for code in Code} - {"ready"}


def test_scripted_node_runs_as_a_program_and_changes_its_lie():
    """As scenarios run it in a pod."""
    with ExitStack() as held:
        ports = [held.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1] for _ in range(3)]
    names = ("listen-execution", "listen-consensus", "control")
    faces = [f"--{name}=127.0.0.1:{port}" for name, port in zip(names, ports, strict=True)]
    program = subprocess.Popen(
        [sys.executable, "-m", "ethinfra.probe.testing.scripted_node", f"--chain-id={CHAIN}", "--slot=0.5", *faces],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        assert b"honest" in program.stdout.readline()
        clients = [f"--execution=http://127.0.0.1:{ports[0]}", f"--consensus=http://127.0.0.1:{ports[1]}"]
        with running_probe(*clients, f"--chain-id={CHAIN}", *FAST) as probe:
            probe.must_say("ready")
            control(ports[2], "POST /lie/wrong-chain")
            probe.must_say("wrong-chain")
            assert b"wrong-chain" in control(ports[2], "GET /")
            assert b"404" in control(ports[2], "POST /lie/nothing")
            control(ports[2], "POST /lie/honest")
            probe.must_say("ready")
        program.terminate()
        assert program.wait(5) == 0
    finally:
        program.kill()
        program.communicate()


def serve_in_vain(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ethinfra.probe", "serve", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


def control(port: int, request: str) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(f"{request} HTTP/1.0\r\n\r\n".encode())
        return b"".join(iter(lambda: connection.recv(65536), b""))


def scrape(page: bytes) -> dict[str, float]:
    """Samples by name and labels; every sample must have had its HELP and TYPE before it."""
    samples, described = {}, set()
    for line in page.decode().splitlines():
        if line.startswith("# TYPE "):
            described.add(line.split()[2])
        elif not line.startswith("#"):
            name, _, value = line.rpartition(" ")
            assert name.partition("{")[0] in described
            samples[name] = float(value)
    return samples


def looks(samples: dict[str, float]) -> float:
    return sum(value for name, value in samples.items() if name.startswith("ethinfra_probe_verdicts_total"))

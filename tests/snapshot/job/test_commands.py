"""The programs as processes, in a pod's terms: a plan, an account of the cluster, exit codes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ethinfra.waiting import eventually
from tests.probe.http import unused_port
from tests.snapshot.job.plans import DOCUMENT, changed

POD = {"NAMESPACE": "ethereum", "POD_NAME": "snapshot-geth-0-1", "ORDINAL": "0"}


def plan_file(tmp_path: Path, document: dict[str, object] = DOCUMENT) -> str:
    path = tmp_path / "plan.json"
    config = tmp_path / "config.json"
    config.write_text('{"auths": {}}')
    registry = {
        "url": f"https://127.0.0.1:{unused_port()}",
        "prefix": "snapshots",
        "config": str(config),
        "authority": None,
    }
    path.write_text(json.dumps({**document, "registry": registry}))
    return f"--plan={path}"


def program(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith("KUBERNETES_")}
    return subprocess.run(
        [sys.executable, "-m", "ethinfra.snapshot", *arguments],
        capture_output=True,
        text=True,
        env={**clean, **environment},
        timeout=60,
        check=False,
    )


@contextmanager
def running(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "ethinfra.snapshot", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("missing", POD)
def test_variables_that_the_pod_does_not_set_are_named(tmp_path: Path, missing: str):
    refused = program("job", "take", plan_file(tmp_path), **{key: POD[key] for key in POD if key != missing})

    assert refused.returncode == 2
    assert missing in refused.stderr


@pytest.mark.parametrize("ordinal", ["2", "-1", "geth-0"])
def test_ordinal_that_the_node_does_not_have_is_refused(tmp_path: Path, ordinal: str):
    refused = program("job", "take", plan_file(tmp_path), **{**POD, "ORDINAL": ordinal})

    assert refused.returncode == 2
    assert "one of geth's pods" in refused.stderr


def test_wrong_plan_is_bad_input(tmp_path: Path):
    refused = program("job", "take", plan_file(tmp_path, changed("job.level", 99)), **POD)

    assert refused.returncode == 2
    assert "job.level" in refused.stderr


@pytest.mark.parametrize("part", ["take", "prune"])
def test_outside_of_a_cluster_the_api_is_said_to_be_missing(tmp_path: Path, part: str):
    refused = program("job", part, plan_file(tmp_path), f"--work={tmp_path}", **POD)

    assert refused.returncode == 5
    assert "not in a pod" in refused.stderr


def test_later_parts_do_nothing_where_nothing_is_needed(tmp_path: Path):
    """Without asking anybody: there is no cluster and no registry here."""
    (tmp_path / "run.json").write_text('{"needed": false, "why": "the newest is 5s old"}')
    for part in ("push", "restore", "promote"):
        done = program("job", part, plan_file(tmp_path), f"--work={tmp_path}", f"--data={tmp_path}", **POD)

        assert done.returncode == 0, done.stderr
        assert "not needed: the newest is 5s old" in done.stdout


def test_later_part_without_a_first_one_is_refused(tmp_path: Path):
    refused = program("job", "promote", plan_file(tmp_path), f"--work={tmp_path}", **POD)

    assert refused.returncode == 2
    assert "what `job take` writes there" in refused.stderr


def test_exporter_tells_that_the_registry_is_away_and_ends_when_told(tmp_path: Path):
    port = unused_port()
    with running("export", plan_file(tmp_path), f"--listen=127.0.0.1:{port}", "--interval=1") as process:

        def page(path: str) -> str:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
                return answer.read().decode()

        up = 'ethinfra_snapshot_up{network="devnet",client="geth"} 0'
        assert eventually("the exporter looked", lambda: up in page("/metrics"), within=40)
        assert json.loads(page("/healthz"))["lastLook"] < 60
        process.send_signal(signal.SIGTERM)

        assert process.wait(15) == 143


def test_serving_pod_whose_registry_is_away_says_so_and_restores_nothing(tmp_path: Path):
    """Its own code, so that the kubelet's retry is told from a refusal."""
    document = {**changed("job", None), "references": [], "cache": None}
    document["ports"] = {"rpc": 8545, "probe": unused_port()}
    (tmp_path / "data").mkdir()
    with running("pod", "restore", plan_file(tmp_path, document), f"--data={tmp_path}/data") as process:
        status = f"http://127.0.0.1:{document['ports']['probe']}/status"

        def asked() -> object:
            with urllib.request.urlopen(status, timeout=5) as answer:
                return json.loads(answer.read())["snapshot"]

        assert eventually("it answers", lambda: asked() is None, within=20)
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 143
    assert list((tmp_path / "data").iterdir()) == []

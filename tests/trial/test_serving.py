"""What counts as a good start of a serve node, against nodes that are ready too early, and logs that say nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ethinfra.chain.node import Node
from ethinfra.errors import BadInput, ChainError, ClusterError
from ethinfra.snapshot.assembly import Counts
from ethinfra.snapshot.job import pod_restore
from ethinfra.snapshot.marker import Marker
from ethinfra.snapshot.restore import Restored
from ethinfra.trial.serving import (
    Restore,
    Seen,
    failures,
    must_answer_alike,
    must_have_caught_up_first,
    must_have_started_nothing,
    restore_of,
    seconds_to_ready,
    serve_node,
)
from tests.probe.http import unused_port
from tests.snapshot.job.plans import plan_with

SILENT = Seen(ready=False, head=None, leader=100)
BEHIND = Seen(ready=False, head=60, leader=100)
AT_HEAD = Seen(ready=True, head=99, leader=101)


def test_node_that_was_ready_at_the_head_only_is_fine() -> None:
    must_have_caught_up_first([SILENT, BEHIND, AT_HEAD], spread=3)


@pytest.mark.parametrize(
    ("seen", "complaint"),
    [
        pytest.param([SILENT, Seen(ready=True, head=60, leader=100), AT_HEAD], "head=60", id="ready while behind"),
        pytest.param([BEHIND, Seen(ready=True, head=97, leader=101)], "head=97", id="ready one block too early"),
        pytest.param([BEHIND, Seen(ready=True, head=None, leader=100)], "head=None", id="ready without an answer"),
        pytest.param([SILENT, BEHIND], "never", id="never ready"),
        pytest.param([], "never", id="never looked at"),
        pytest.param([AT_HEAD], "1 looks", id="looked at too late"),
    ],
)
def test_other_starts_are_refused(seen: list[Seen], complaint: str) -> None:
    with pytest.raises(ChainError, match=complaint):
        must_have_caught_up_first(seen, spread=3)


def test_what_a_restore_says_is_understood(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As the init container prints it."""
    marker = Marker("sha256:aa", "0000000100-20260101T000000Z", 100, "0xbb", "geth", "devnet", datetime.now(UTC))
    counts = Counts(kept=1, shared=2, copied=3, fetched=4, holes=5, fetched_bytes=6)
    monkeypatch.setattr(pod_restore, "restore_newest", lambda *_, **__: Restored(marker, True, counts, 7_000_000, 0, 8))
    plan = plan_with(job=None, cache=None, references=[], ports__probe=unused_port())
    store: Any = None
    pod_restore.restore(plan, store, tmp_path, host="127.0.0.1")

    said = restore_of(capsys.readouterr().out)

    assert said == Restore(marker.id, kept=1, shared=2, copied=3, fetched=4)
    assert said.cached == 5


def test_restore_that_did_nothing_is_none() -> None:
    log = "2026-01-01T00:00:00Z /data was restored from 0000000100-20260101T000000Z before; nothing is to be done"
    with pytest.raises(ClusterError, match="nothing is to be done"):
        restore_of(log)


def test_time_to_be_ready_is_counted_from_creation() -> None:
    pod = {
        "metadata": {"creationTimestamp": "2026-01-01T00:00:58Z"},
        "status": {"conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:01:20Z"}]},
    }
    assert seconds_to_ready(pod) == 22


def pod_with(restore: dict[str, Any], execution: dict[str, Any]) -> dict[str, Any]:
    return {
        "metadata": {"name": "fleet-x"},
        "status": {
            "initContainerStatuses": [{"name": "restore", **restore}],
            "containerStatuses": [{"name": "execution", **execution}],
        },
    }


WAITS: dict[str, Any] = {"state": {"waiting": {"reason": "PodInitializing"}}, "restartCount": 0}


@pytest.mark.parametrize(
    ("restore", "count"),
    [
        pytest.param({"state": {"running": {}}, "restartCount": 0}, 0, id="works"),
        pytest.param({"state": {"terminated": {"exitCode": 0}}, "restartCount": 0}, 0, id="done"),
        pytest.param({"state": {"terminated": {"exitCode": 1}}, "restartCount": 0}, 1, id="failed"),
        pytest.param({"state": {"waiting": {"reason": "CrashLoopBackOff"}}, "restartCount": 2}, 2, id="waits to retry"),
    ],
)
def test_failures_of_a_restore_are_counted(restore: dict[str, Any], count: int) -> None:
    pod = pod_with(restore, WAITS)
    assert failures(pod, "restore") == count
    assert failures(pod, "genesis") == 0
    must_have_started_nothing(pod)


@pytest.mark.parametrize(
    "execution",
    [
        {"state": {"running": {}}, "restartCount": 0},
        {"state": {"terminated": {"exitCode": 1}}, "restartCount": 0},
        {"state": {"waiting": {"reason": "CrashLoopBackOff"}}, "restartCount": 1},
    ],
    ids=["runs", "ran", "restarts"],
)
def test_client_that_was_started_without_data_is_noticed(execution: dict[str, Any]) -> None:
    failed = {"state": {"terminated": {"exitCode": 1}}, "restartCount": 0}
    with pytest.raises(ChainError, match="execution"):
        must_have_started_nothing(pod_with(failed, execution))


def test_serve_node_is_found_by_its_client() -> None:
    by_default: dict[str, Any] = {"serve": {"nodes": [{"name": "serve-geth"}]}}
    by_name: dict[str, Any] = {
        "serve": {
            "defaults": {"execution": {"client": "besu"}},
            "nodes": [{"name": "serve-besu"}, {"name": "serve-geth", "execution": {"client": "geth"}}],
        }
    }
    assert serve_node(by_default, "geth")["name"] == "serve-geth"
    assert serve_node(by_name, "geth")["name"] == "serve-geth"
    with pytest.raises(BadInput, match="no node of erigon"):
        serve_node(by_name, "erigon")


class Told:
    """A node that answers as it was told to."""

    def __init__(self, name: str, **differing: Any) -> None:
        self.name = name
        self.rpc = self
        self._said: dict[str, Any] = {
            "eth_getBlockByNumber": {"hash": "0x1"},
            "eth_getBlockReceipts": [{"status": "0x1"}],
            "eth_getBalance": "0x5",
            "eth_getLogs": [],
            **differing,
        }

    def call(self, method: str, *_params: object) -> Any:
        return self._said[method]


def alike(*nodes: Any) -> dict[str, Any]:
    told: list[Node] = list(nodes)
    return must_answer_alike(told, 7, "0xabc")


def test_nodes_that_say_the_same_agree() -> None:
    assert alike(Told("a"), Told("b"))["eth_getBalance"] == "0x5"


@pytest.mark.parametrize(
    "differing",
    [
        {"eth_getBlockByNumber": {"hash": "0x2"}},
        {"eth_getBlockByNumber": None},
        {"eth_getBlockReceipts": [{"status": "0x0"}]},
        {"eth_getBalance": "0x6"},
        {"eth_getLogs": [{"address": "0x1"}]},
    ],
    ids=str,
)
def test_node_that_says_something_else_is_noticed(differing: dict[str, Any]) -> None:
    (method,) = differing
    with pytest.raises(ChainError, match=method):
        alike(Told("a"), Told("b"), Told("liar", **differing))


def test_nodes_that_all_lack_the_block_do_not_agree() -> None:
    missing = {"eth_getBlockByNumber": None}
    with pytest.raises(ChainError, match="eth_getBlockByNumber"):
        alike(Told("a", **missing), Told("b", **missing))

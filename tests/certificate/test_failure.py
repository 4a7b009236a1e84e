"""Evidence of a failure: complete where it can be, within its budget, never raising, and without secrets."""

from __future__ import annotations

import base64
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from ethinfra.certificate import failure
from ethinfra.certificate.evidence import store
from ethinfra.certificate.failure import collect
from ethinfra.cluster.provider import Cluster
from ethinfra.errors import ClusterError

PLANTED = "correct-horse-battery-staple-4711"
CLUSTER = Cluster("local", "embedded", Path("/nowhere"), "local", frozenset(), True)
NOW = 1_800_000_000.0


class ScriptedKube:
    """Answers as an API server with one pod would."""

    def __init__(self) -> None:
        self.broken = threading.Event()
        self.asked: list[str] = []

    def list(self, kind: str, namespace: str | None = None, **_: Any) -> list[dict[str, Any]]:
        self.asked.append(kind)
        if self.broken.is_set():
            raise ClusterError("the API server does not answer")
        meta = {"name": "geth-0", "namespace": namespace, "managedFields": ["noise"]}
        match kind:
            case "Secret":
                return [
                    {"type": "Opaque", "metadata": meta, "data": {"key": base64.b64encode(PLANTED.encode()).decode()}}
                ]
            case "Event":
                about = {"kind": "Pod", "name": "geth-0"}
                old = {"lastTimestamp": "2020-01-01T00:00:00Z", "reason": "Old", "involvedObject": about}
                new = {"lastTimestamp": "2030-01-01T00:00:00Z", "reason": "BackOff", "message": PLANTED}
                return [old, {**new, "involvedObject": about}]
            case "Pod":
                status = {"containerStatuses": [{"name": "execution", "restartCount": 1}]}
                return [{"metadata": meta, "spec": {"env": PLANTED}, "status": status}]
        return []

    def logs(self, *_: Any, previous: bool = False, **__: Any) -> str:
        return f"{'before' if previous else 'now'} {PLANTED}"


class ScriptedProvider:
    def collect(self, _cluster: Cluster, into: Path, _since: float) -> None:
        (into / "kubelet.log").write_text(f"kubelet read {PLANTED}\n")


@pytest.fixture(autouse=True)
def _no_nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failure, "find_nodes", lambda *_: [])


def collected(kube: Any, into: Path, *, provider: Any = None, within: float = 20) -> dict[str, str]:
    collect(kube, provider, CLUSTER, ["ethereum"], into, since=NOW, within=within)
    return {file.relative_to(into).as_posix(): file.read_text() for file in into.rglob("*") if file.is_file()}


def test_everything_is_collected_and_masked(tmp_path: Path) -> None:
    files = collected(ScriptedKube(), tmp_path, provider=ScriptedProvider())

    assert set(files) == {
        "ethereum/events.json",
        "ethereum/objects/Pod.json",
        "ethereum/logs/geth-0.execution.log",
        "ethereum/logs/geth-0.execution.previous.log",
        "components/kubelet.log",
    }
    assert not [name for name, text in files.items() if PLANTED in text]
    assert "managedFields" not in files["ethereum/objects/Pod.json"]


def test_events_before_the_window_are_left_out(tmp_path: Path) -> None:
    events = collected(ScriptedKube(), tmp_path)["ethereum/events.json"]

    assert "BackOff" in events
    assert "Old" not in events


def test_secrets_are_read_for_their_values_only(tmp_path: Path) -> None:
    assert "Secret" not in failure.KINDS
    assert not [name for name in collected(ScriptedKube(), tmp_path) if "Secret" in name]


def test_dead_api_is_noted_and_does_not_raise(tmp_path: Path) -> None:
    kube = ScriptedKube()
    kube.broken.set()

    files = collected(kube, tmp_path)

    assert "Pod of ethereum: the API server does not answer" in files["missing.txt"]


def test_hanging_api_costs_no_more_than_the_budget(tmp_path: Path) -> None:
    """And nothing is written afterwards: the evidence is sealed by then."""
    release = threading.Event()

    class Hanging(ScriptedKube):
        def list(self, kind: str, namespace: str | None = None, **more: Any) -> list[dict[str, Any]]:
            if kind == "Event":
                release.wait(20)
            return super().list(kind, namespace, **more)

    began = time.monotonic()
    files = collected(Hanging(), tmp_path, within=1)
    took = time.monotonic() - began
    release.set()

    assert took < 5
    assert "events of ethereum: not in time" in files["missing.txt"]
    assert not (tmp_path / "ethereum/events.json").exists()


def test_evidence_is_never_overwritten(tmp_path: Path) -> None:
    first = store(tmp_path, "one", "heads.json", "1")
    second = store(tmp_path, "one", "heads.json", "2")

    assert (tmp_path / str(first["path"])).read_text() == "1"
    assert second["path"] == "evidence/one/heads-2.json"

"""Layers on a cluster in a dict: `top` needs `middle`, which needs `infrastructure`; `mesh` is not written yet."""

from __future__ import annotations

from pathlib import Path

import pytest

from ethinfra.cluster.provider import Cluster
from ethinfra.deploy import helmfile, layers
from ethinfra.environment import Environment, Layer, Pin
from ethinfra.kube import Kube
from tests.deploy.fake_cluster import FakeCluster
from tests.deploy.recorded import rendered

LAYERS = (
    Layer("infrastructure", 1, (), "kube-system"),
    Layer("mesh", 2, ("infrastructure",), "mesh", pending="not written yet"),
    Layer("middle", 3, ("infrastructure", "mesh"), "ethereum"),
    Layer("aside", 4, (), "ethereum"),
    Layer("top", 5, ("middle",), "ethereum"),
)


@pytest.fixture
def environment() -> Environment:
    return Environment(
        name="local",
        provider="embedded",
        nodes=1,
        contexts=("staging",),
        layers=LAYERS,
        network="devnet",
        pin=Pin.TAG,
        capabilities=frozenset({"fast-chain"}),
        timeouts={"layer": 1, "down": 5, "request": 1},
        budgets={},
    )


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeCluster:
    made = FakeCluster()
    made.layers = {
        "infrastructure": [rendered("Namespace", "ethereum")],
        "middle": [rendered("Job", "genesis"), rendered("Service", "middle")],
        "aside": [rendered("Deployment", "aside")],
        "top": [rendered("StatefulSet", "geth", labels={"ethinfra.io/role": "sync"})],
    }
    monkeypatch.setattr(helmfile, "run", made.run)
    monkeypatch.setattr(helmfile, "tool", Path)
    monkeypatch.setattr(helmfile, "tool_path", lambda *_: "")
    monkeypatch.setattr(Kube, "of", lambda _: made)
    # Layers are as healthy as their objects are, unless a test says more.
    monkeypatch.setattr(layers, "check_of", lambda _: None)
    return made


@pytest.fixture
def cluster(tmp_path: Path) -> Cluster:
    return Cluster("test", "embedded", tmp_path / "kubeconfig", "ethinfra-test", frozenset(), owned=True)

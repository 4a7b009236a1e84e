"""The Kubernetes API, where it is not there."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from ethinfra.errors import ClusterError
from ethinfra.kube import Kube


@pytest.fixture
def absent(tmp_path: Path) -> Kube:
    """An API server that has gone: nobody listens on its port."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    named = {"cluster": {"server": f"http://127.0.0.1:{port}"}, "user": {}, "context": {"cluster": "c", "user": "u"}}
    config = {"clusters": [("c", "cluster")], "users": [("u", "user")], "contexts": [("gone", "context")]}
    document = {kind: [{"name": name, key: named[key]} for name, key in entries] for kind, entries in config.items()}
    (tmp_path / "kubeconfig").write_text(yaml.safe_dump(document))
    return Kube(tmp_path / "kubeconfig", "gone", request_timeout=2)


@pytest.mark.parametrize(
    "ask",
    [
        lambda kube: kube.get("Pod", "geth-0", "ethereum"),
        lambda kube: kube.list("Pod", "ethereum"),
        lambda kube: kube.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "geth-0"}}),
        lambda kube: kube.patch("Pod", "geth-0", "ethereum", {}),
        lambda kube: kube.delete("Pod", "geth-0", "ethereum"),
    ],
    ids=["get", "list", "apply", "patch", "delete"],
)
def test_a_server_that_does_not_answer_is_named(ask: Callable[[Kube], object], absent: Kube) -> None:
    """An operator reads what is down, and a wait goes on: a control plane that restarts is back in a moment."""
    with pytest.raises(ClusterError) as silent:
        ask(absent)

    assert silent.value.subject == "the API server of gone does not answer"
    assert "refused" in silent.value.seen

"""A link outlives the pod that it leads to, and never asks a slow node twice."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import cast

import pytest

from ethinfra.chain.link import HttpLink, NodeSilent, PodLink
from ethinfra.kube import ForwardEnded, Kube
from tests.chain.conftest import http_server


class Forwards:
    """Stands in for `Kube.forward`: leads to whatever listens now, as kubectl does after a pod was restarted."""

    def __init__(self) -> None:
        self.port: int | None = None
        self.opened = 0
        self.open_now = 0

    @contextmanager
    def forward(self, namespace: str, target: str, port: int) -> Iterator[int]:
        if self.port is None:
            raise ForwardEnded(f"port-forward to {namespace}/{target}:{port} ended", seen="pod not found")
        self.opened += 1
        self.open_now += 1
        try:
            yield self.port
        finally:
            self.open_now -= 1


def to_pod(forwards: Forwards, within: float = 5) -> PodLink:
    return PodLink(cast(Kube, forwards), "ethereum", "geth-0", 8545, name="geth-0 rpc", within=within)


def port_of(url: str) -> int:
    return int(url.rpartition(":")[2])


def test_forward_is_opened_once_for_many_questions():
    forwards = Forwards()
    with http_server(lambda *_: (200, b"yes")) as url:
        forwards.port = port_of(url)
        link = to_pod(forwards)
        assert [link.send("GET", "/").body for _ in range(3)] == [b"yes"] * 3
        assert forwards.opened == 1
        link.close()
    assert forwards.open_now == 0


def test_forward_is_opened_again_after_its_pod_was_restarted():
    """The caller does not notice."""
    forwards = Forwards()
    with http_server(lambda *_: (200, b"first")) as url:
        forwards.port = port_of(url)
        link = to_pod(forwards)
        assert link.send("GET", "/").body == b"first"
    with http_server(lambda *_: (200, b"second")) as url:
        forwards.port = port_of(url)
        assert link.send("GET", "/").body == b"second"
        assert forwards.opened == 2
        link.close()
    assert forwards.open_now == 0


def test_missing_pod_is_silent_and_found_when_it_comes_back():
    forwards = Forwards()
    link = to_pod(forwards)
    with pytest.raises(NodeSilent, match="geth-0 rpc does not answer"):
        link.send("GET", "/")
    with http_server(lambda *_: (200, b"back")) as url:
        forwards.port = port_of(url)
        assert link.send("GET", "/").body == b"back"
        link.close()


def test_slow_node_is_not_asked_twice():
    """A repeated question would double every wait, and the load of a node that suffers already."""
    asked, over = [], threading.Event()

    def slow(*_: object) -> tuple[int, bytes]:
        asked.append(1)
        over.wait(5)
        return 200, b"late"

    forwards = Forwards()
    with http_server(slow) as url:
        forwards.port = port_of(url)
        link = to_pod(forwards, within=0.3)
        with pytest.raises(NodeSilent):
            link.send("GET", "/")
        over.set()
    assert len(asked) == 1
    assert forwards.open_now == 0


def test_refusal_at_a_fixed_address_is_silence():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    with pytest.raises(NodeSilent, match="geth-0"):
        HttpLink(f"http://127.0.0.1:{port}", name="geth-0").send("GET", "/")


def test_threads_share_a_link():
    forwards = Forwards()
    with ExitStack() as running:
        forwards.port = port_of(running.enter_context(http_server(lambda _, path, __: (200, path.encode()))))
        link = to_pod(forwards)
        running.callback(link.close)
        answers: dict[str, bytes] = {}

        def ask(path: str) -> None:
            answers[path] = link.send("GET", path).body

        threads = [threading.Thread(target=ask, args=(f"/{number}",)) for number in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)

        assert answers == {f"/{number}": f"/{number}".encode() for number in range(20)}
        assert forwards.opened == 1

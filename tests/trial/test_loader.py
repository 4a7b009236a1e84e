"""The loader against a node that answers, errs, lies and goes away."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from ethinfra.errors import ChainError
from ethinfra.trial import loader
from ethinfra.trial.load import Load, running
from ethinfra.trial.loader import Second
from ethinfra.waiting import eventually

QUESTIONS = [
    {"method": "eth_getBalance", "params": ["0x1", "0x2"], "expected": "0x10"},
    {"method": "eth_blockNumber", "params": []},
]

Answer = Callable[[dict[str, Any]], dict[str, Any]]


def honest(call: dict[str, Any]) -> dict[str, Any]:
    return {"result": "0x10" if call["method"] == "eth_getBalance" else "0x64"}


@contextmanager
def node(answer: Answer, *, status: int = 200) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            calls = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            body = json.dumps([{"jsonrpc": "2.0", "id": one["id"], **answer(one)} for one in calls]).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def load_on(url: str) -> Load:
    """What the program prints of about a second of load."""
    child = subprocess.Popen(
        [
            sys.executable,
            loader.__file__,
            url,
            "--clients=2",
            "--batch=4",
            "--seconds=1.2",
            "--timeout=2",
            "--pause=0.01",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert child.stdin is not None
    child.stdin.write(json.dumps(QUESTIONS).encode() + b"\n")
    child.stdin.flush()
    assert child.stdout is not None
    seconds = [Second(**json.loads(line)) for line in child.stdout]
    child.stdin.close()
    assert child.wait(10) == 0
    return Load(seconds)


def test_right_answers_are_counted() -> None:
    with node(honest) as url:
        load = load_on(url)

    load.must_be_right(back=0)
    load.must_not_fail()
    assert load.answered >= 8
    assert max(one.head for one in load.seconds) == 100


def test_a_wrong_answer_is_noticed_and_shown() -> None:
    with node(lambda _: {"result": "0x11"}) as url:
        load = load_on(url)

    with pytest.raises(ChainError, match=r"eth_getBalance.*0x11"):
        load.must_be_right(back=0)


def test_an_error_object_is_a_request_that_failed() -> None:
    with node(lambda _: {"error": {"code": -32000, "message": "header not found"}}) as url:
        load = load_on(url)

    with pytest.raises(ChainError, match="header not found"):
        load.must_not_fail()


def test_an_http_error_is_a_request_that_failed() -> None:
    with node(honest, status=503) as url:
        load = load_on(url)

    with pytest.raises(ChainError, match="HTTP 503"):
        load.must_not_fail()


def test_nobody_there_is_a_request_that_failed() -> None:
    with node(honest) as url:
        pass
    load = load_on(url)

    with pytest.raises(ChainError, match="ConnectionRefusedError"):
        load.must_not_fail()


def test_a_head_that_goes_back_is_noticed() -> None:
    """Two replicas behind one address, one of them nine blocks behind."""
    heads = iter(range(10**6))

    def two_replicas(call: dict[str, Any]) -> dict[str, Any]:
        return honest(call) if call["method"] == "eth_getBalance" or next(heads) % 2 else {"result": hex(91)}

    with node(two_replicas) as url:
        load = load_on(url)

    load.must_be_right(back=9)
    with pytest.raises(ChainError, match="back by 9"):
        load.must_be_right(back=8)


def test_no_head_at_all_is_wrong() -> None:
    with node(lambda call: {"result": "0x10"} if call["method"] == "eth_getBalance" else {"result": None}) as url:
        load = load_on(url)

    with pytest.raises(ChainError, match="is no head"):
        load.must_be_right(back=0)


class Here:
    """A pod that is this machine. more: arguments of the program that the caller does not know of"""

    def __init__(self, *more: str) -> None:
        self._more = more

    def start_python(self, code: str, *args: str) -> subprocess.Popen[bytes]:
        argv = [sys.executable, "-c", code, *args, *self._more]
        self.child = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        return self.child


def test_load_runs_until_the_block_ends() -> None:
    pod: Any = Here()
    with node(honest) as url, running(pod, url, QUESTIONS, clients=1, pause=0.01) as load:
        eventually("two seconds of load", lambda: len(load.seconds) >= 2, within=10)

    load.must_not_fail()


def test_load_that_ends_by_itself_is_noticed() -> None:
    """As when its pod is evicted: the requests that it does not send cannot fail."""
    pod: Any = Here("--seconds=1.2")

    def load_that_ends(url: str) -> None:
        with running(pod, url, QUESTIONS, clients=1, pause=0.01):
            eventually("the program has ended", lambda: pod.child.poll() is not None, within=10)

    with node(honest) as url, pytest.raises(ChainError, match="ended by itself"):
        load_that_ends(url)


def test_it_ends_with_its_input() -> None:
    with node(honest) as url:
        child = subprocess.Popen([sys.executable, loader.__file__, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert child.stdin is not None
        child.stdin.write(json.dumps(QUESTIONS).encode() + b"\n")
        child.stdin.close()

        assert child.wait(10) == 0


def test_nothing_answered_is_not_right() -> None:
    with pytest.raises(ChainError, match="0 right"):
        Load([]).must_be_right(back=0)
    with pytest.raises(ChainError, match="0 failed of 0"):
        Load([]).must_not_fail()

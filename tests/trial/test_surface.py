"""The programs that run in a client's pod, and what counts as refused, with servers that keep to limits and others."""

from __future__ import annotations

import base64
import hashlib
import json
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from ethinfra.errors import ChainError
from ethinfra.process import Completed
from ethinfra.trial import surface
from ethinfra.trial.pods import TrialPod
from ethinfra.trial.surface import Reply

BATCH, REQUEST, ANSWERS = 10, 2000, 5000
METHODS = ("eth_chainId", "eth_call")


class Here:
    """A pod that is this machine."""

    def python(self, code: str, *args: str, within: float = 30, check: bool = True) -> Completed:
        done = subprocess.run([sys.executable, "-c", code, *args], capture_output=True, text=True, timeout=within)
        assert done.returncode == 0 or not check, done.stderr
        return Completed(("python",), done.returncode, done.stdout, done.stderr)


def pod() -> TrialPod:
    here: Any = Here()
    trial: TrialPod = here
    return trial


@contextmanager
def node(*, limits: bool = True, silent: bool = False) -> Iterator[str]:
    """Answers as geth does; without `limits`, to everything."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            body = self.rfile.read(length)
            if silent:
                self.connection.shutdown(socket.SHUT_RDWR)
            elif limits and length > REQUEST:
                self.close_connection = True
                self.say(413, b"content length too large")
            else:
                self.say(200, json.dumps(self.answer(json.loads(body))).encode())

        def answer(self, asked: Any) -> Any:
            if isinstance(asked, dict):
                return self.one(asked)
            if limits and len(asked) > BATCH:
                return [{"id": 0, "error": {"code": -32600, "message": "batch too large"}}]
            said: list[Any] = []
            for call in asked:
                full = limits and len(json.dumps(said)) > ANSWERS
                error = {"id": call["id"], "error": {"code": -32003, "message": "response too large"}}
                said.append(error if full else self.one(call))
            return said

        def one(self, call: dict[str, Any]) -> dict[str, Any]:
            if limits and call["method"] not in METHODS:
                return {"id": call["id"], "error": {"code": -32601, "message": "the method does not exist"}}
            return {"id": call["id"], "result": "0x" + "00" * (500 if call["method"] == "eth_call" else 1)}

        def say(self, status: int, content: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_method_that_is_closed_has_its_code_and_one_that_is_open_has_none() -> None:
    with node() as url:
        assert surface.ask(pod(), url, "admin_nodeInfo").code == surface.NO_SUCH_METHOD
    with node(limits=False) as url:
        assert surface.ask(pod(), url, "admin_nodeInfo").code is None


def test_batch_is_answered_up_to_the_limit_and_refused_beyond() -> None:
    with node() as url:
        within, beyond = (surface.ask_in_batch(pod(), url, "eth_chainId", (), count) for count in (BATCH, BATCH + 1))
    surface.must_be_answered(within, BATCH, "a batch")
    surface.must_be_refused(beyond, "a batch")
    with pytest.raises(ChainError, match="a batch"):
        surface.must_be_answered(beyond, BATCH + 1, "a batch")


def test_batch_beyond_the_limit_that_is_answered_is_noticed() -> None:
    with node(limits=False) as url:
        beyond = surface.ask_in_batch(pod(), url, "eth_chainId", (), BATCH + 1)
    with pytest.raises(ChainError, match="refused"):
        surface.must_be_refused(beyond, "a batch")


def test_request_is_answered_up_to_the_limit_and_refused_beyond() -> None:
    with node() as url:
        within, beyond = (surface.ask(pod(), url, "eth_chainId", size=size) for size in (REQUEST, 2 * REQUEST))
    surface.must_be_answered(within, 1, "a request")
    surface.must_be_refused(beyond, "a request")


def test_request_beyond_the_limit_that_is_answered_is_noticed() -> None:
    with node(limits=False) as url:
        beyond = surface.ask(pod(), url, "eth_chainId", size=2 * REQUEST)
    with pytest.raises(ChainError, match="refused"):
        surface.must_be_refused(beyond, "a request")


def test_silence_is_no_refusal() -> None:
    with node(silent=True) as url:
        said = surface.ask(pod(), url, "eth_chainId")
    assert said.status == 0
    with pytest.raises(ChainError, match="refused"):
        surface.must_be_refused(said, "a request")


@pytest.mark.parametrize("status", [200, 500, 503])
def test_empty_answer_or_a_broken_server_is_no_refusal(status: int) -> None:
    with pytest.raises(ChainError, match="refused"):
        surface.must_be_refused(Reply(status, 0, 0, 0, ""), "a request")


def test_answers_are_cut_short_at_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surface, "ANSWER", 500)
    with node() as url:
        said = surface.ask_in_batch(pod(), url, "eth_call", (), BATCH)
    assert said.results < BATCH
    assert said.results + said.errors == BATCH
    surface.must_be_cut_short(said, ANSWERS, BATCH, "a batch")


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(Reply(200, 10_000, BATCH, 0, ""), id="all answered"),
        pytest.param(Reply(200, 4_000, BATCH - 1, 0, ""), id="one missing without a word"),
        pytest.param(Reply(200, 50_000, BATCH - 1, 1, ""), id="far beyond the limit"),
        pytest.param(Reply(502, 100, 0, 1, ""), id="no answer of the node"),
    ],
)
def test_answers_that_are_not_cut_short_are_noticed(said: Reply, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surface, "ANSWER", 500)
    with pytest.raises(ChainError, match="a batch"):
        surface.must_be_cut_short(said, ANSWERS, BATCH, "a batch")


def test_call_for_a_large_answer_returns_so_much_memory() -> None:
    method, params = surface.large_answer(200_000)
    place = "0x000000000000000000000000000000000000c0de"
    assert method == "eth_call"
    # PUSH3 200000 PUSH0 RETURN
    assert params == [{"to": place}, "latest", {place: {"code": "0x62030d405ff3"}}]


@contextmanager
def web_socket(*numbers: int, subscription: str = "0xs") -> Iterator[tuple[str, int]]:
    """Tells of these heads, one after the other, and then nothing."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listener.accept()
        stream = connection.makefile("rwb")
        head = {}
        while line := stream.readline().strip():
            name, _, value = line.decode().partition(": ")
            head[name] = value
        accepted = hashlib.sha1(f"{head['Sec-WebSocket-Key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode())  # noqa: S324
        stream.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
            + base64.b64encode(accepted.digest())
            + b"\r\n\r\n"
        )
        stream.flush()
        _, length = stream.read(2)
        mask, data = stream.read(4), stream.read(length & 127)
        asked = json.loads(bytes(byte ^ mask[place % 4] for place, byte in enumerate(data)))
        assert asked["method"] == "eth_subscribe"
        frames = [{"id": 1, "result": "0xs"}]
        frames += [
            {"method": "eth_subscription", "params": {"subscription": subscription, "result": {"number": hex(one)}}}
            for one in numbers
        ]
        for frame in frames:
            text = json.dumps({**frame, "padding": "x" * 200}).encode()
            stream.write(bytes([0x81, 126]) + struct.pack(">H", len(text)) + text)
        stream.flush()
        stream.read(1)

    threading.Thread(target=serve, daemon=True).start()
    yield listener.getsockname()[:2]
    listener.close()


def test_heads_are_told_as_they_come() -> None:
    with web_socket(7, 9, 9, 10) as place:
        assert surface.new_heads(pod(), place, 3, within=5) == [7, 9, 9]


def test_heads_that_do_not_come_are_missed() -> None:
    with web_socket(7) as place, pytest.raises(ChainError, match=r"3 of them[\s\S]*imeout"):
        surface.new_heads(pod(), place, 3, within=1)


def test_heads_of_another_subscription_do_not_count() -> None:
    with web_socket(7, 8, 9, subscription="0xother") as place, pytest.raises(ChainError, match="0xother"):
        surface.new_heads(pod(), place, 3, within=5)

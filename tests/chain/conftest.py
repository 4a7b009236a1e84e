"""A server that answers by script, and nodes over it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from ethinfra.chain.link import HttpLink
from ethinfra.chain.node import Node
from ethinfra.probe.testing.scripted_node import ScriptedNode

CHAIN = 32382
SLOT = 0.25

#: Method, path and body of a request → status and body of its answer.
Script = Callable[[str, str, bytes], tuple[int, bytes]]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that did not wait has hung up."""


@contextmanager
def http_server(script: Script) -> Iterator[str]:
    """Serve by script; yields the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, answer = script(self.command, self.path, body)
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, format: str, *args: object) -> None:
            """Silent."""

    with _Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def json_rpc(answers: dict[str, Any]) -> Script:
    """Answer methods from a table: a value, an exception as an error object, or a function of the parameters."""

    def one(call: dict[str, Any]) -> dict[str, Any]:
        found = answers.get(call["method"], KeyError("no such method"))
        value = found(*call["params"]) if callable(found) else found
        if isinstance(value, Exception):
            return {"jsonrpc": "2.0", "id": call["id"], "error": {"code": -32000, "message": str(value.args[0])}}
        return {"jsonrpc": "2.0", "id": call["id"], "result": value}

    def script(_: str, __: str, body: bytes) -> tuple[int, bytes]:
        request = json.loads(body)
        answer = [one(call) for call in reversed(request)] if isinstance(request, list) else one(request)
        return 200, json.dumps(answer).encode()

    return script


@pytest.fixture
def serve() -> Iterator[Callable[[Script], str]]:
    """Starts servers that end with the test."""
    with ExitStack() as running:
        yield lambda script: running.enter_context(http_server(script))


@pytest.fixture
def scripted() -> Iterator[Callable[[str], tuple[Node, ScriptedNode]]]:
    """Makes scripted nodes by name; all are on one chain."""
    with ExitStack() as running:

        def make(name: str) -> tuple[Node, ScriptedNode]:
            script = running.enter_context(ScriptedNode(CHAIN, slot=SLOT))
            node = Node(
                name,
                HttpLink(script.execution_url, name=f"{name} rpc", within=2),
                HttpLink(script.consensus_url, name=f"{name} beacon", within=2),
            )
            running.callback(node.close)
            return node, script

        yield make

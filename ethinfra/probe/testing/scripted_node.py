"""Both clients of a node as two small HTTP servers that tell one lie at a time.

    python3 -m ethinfra.probe.testing.scripted_node --chain-id 32382 --lie head-frozen \\
        --listen-execution :8545 --listen-consensus :3500 --control :9600

The lie can be changed while it runs: `POST /lie/NAME` on the control port; `GET /` there tells which one is in force.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any

from ethinfra.probe.listener import Listener
from ethinfra.probe.testing.lies import LIES
from ethinfra.probe.testing.scripted_chain import Refusal, ScriptedChain

#: Time of block 0, 2026-01-01. Fixed, so that all nodes with one chain id and slot time are on one chain.
EPOCH = 1_767_225_600

Address = tuple[str, int]


class ScriptedNode:
    """A node whose clients answer by script. Use it as a context manager; `lie()` changes what it tells."""

    def __init__(
        self,
        chain_id: int,
        *,
        slot: float = 1.0,
        execution: Address = ("127.0.0.1", 0),
        consensus: Address = ("127.0.0.1", 0),
        lie: str = "honest",
    ) -> None:
        self.chain = ScriptedChain(chain_id, EPOCH, slot)
        self._execution = Face(execution, lambda handler: _Handler.answer_execution(handler, self))
        self._consensus = Face(consensus, lambda handler: _Handler.answer_consensus(handler, self))
        self.changed = threading.Event()
        self._first = lie

    def __enter__(self) -> ScriptedNode:
        self.lie(self._first)
        return self

    def __exit__(self, *_: object) -> None:
        self.changed.set()
        self._execution.close()
        self._consensus.close()

    def lie(self, name: str) -> None:
        """Tell this from now on, and end what answers to the last one still hang. KeyError if there is no such lie."""
        self.chain.tell(LIES[name].name)
        released, self.changed = self.changed, threading.Event()
        released.set()
        self._execution.open_or_close(name != "execution-down")
        self._consensus.open_or_close(name != "consensus-down")

    @property
    def execution_url(self) -> str:
        return self._execution.url

    @property
    def consensus_url(self) -> str:
        return self._consensus.url


class Face:
    """One listening port, that can be closed and opened again."""

    def __init__(self, address: Address, answer: Callable[[_Handler], None]) -> None:
        self._address = address
        self._answer = answer
        self._server: _Server | None = None

    @property
    def url(self) -> str:
        return f"http://{self._address[0]}:{self._address[1]}"

    def open_or_close(self, wanted: bool) -> None:
        if wanted and self._server is None:
            self.open()
        elif not wanted:
            self.close()

    def open(self) -> None:
        handler = type("Handler", (_Handler,), {"answer": self._answer})
        self._server = _Server(self._address, handler)
        # The port stays the same when it is opened again.
        self._address = (self._address[0], self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


class _Server(Listener):
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that gives up on a lie hangs up; that is what it should do."""


class _Handler(BaseHTTPRequestHandler):
    answer: Callable[[], None]

    def do_GET(self) -> None:
        self.answer()

    def do_POST(self) -> None:
        self.answer()

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""

    def answer_execution(self, node: ScriptedNode) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        match node.chain.lie:
            case "hung-socket":
                node.changed.wait(600)
            case "hang-up":
                self.close_connection = True
            case "slow-drip":
                self._head(200, "application/json", 1 << 20)
                self._drip(node.changed)
            case "flood":
                self._head(200, "application/json", None)
                self._flood(node.changed)
            case "html-page":
                self.send(200, "text/html", b"<!doctype html><title>It works</title>")
            case "empty-body":
                self.send(200, "application/json", b"")
            case "error-for-batch":
                error = {"jsonrpc": "2.0", "id": None, "error": {"code": -32005, "message": "limit exceeded"}}
                self.send(503, "application/json", json.dumps(error).encode())
            case lie:
                document = _json_rpc(node.chain, body)
                text = json.dumps(document).encode()
                self._head(200, "application/json", len(text))
                self.wfile.write(text[: len(text) // 2] if lie == "cut-off" else text)

    def answer_consensus(self, node: ScriptedNode) -> None:
        match node.chain.lie:
            case "consensus-hung":
                node.changed.wait(600)
            case "consensus-html":
                self.send(200, "text/html", b"<!doctype html><title>It works</title>")
            case lie:
                try:
                    self.send_json(200, {"data": node.chain.consensus(self.path)})
                except Refusal as refusal:
                    status = 200 if lie == "consensus-error-200" else refusal.code
                    self.send_json(status, {"code": refusal.code, "message": refusal.message})

    def send_json(self, status: int, document: object) -> None:
        self.send(status, "application/json", json.dumps(document).encode())

    def send(self, status: int, content_type: str, body: bytes) -> None:
        self._head(status, content_type, len(body))
        self.wfile.write(body)

    def _head(self, status: int, content_type: str, length: int | None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def _drip(self, changed: threading.Event) -> None:
        while not changed.wait(0.1):
            self.wfile.write(b" ")

    def _flood(self, changed: threading.Event) -> None:
        while not changed.is_set():
            self.wfile.write(b" " * 65536)


def _json_rpc(chain: ScriptedChain, body: bytes) -> object:
    try:
        request = json.loads(body)
    except ValueError:
        return {"jsonrpc": "2.0", "id": None, "error": {"code": -32700, "message": "parse error"}}
    return [_call(chain, one) for one in request] if isinstance(request, list) else _call(chain, request)


def _call(chain: ScriptedChain, call: dict[str, Any]) -> dict[str, object]:
    number = call.get("id")
    if chain.lie == "wrong-id":
        # JSON-RPC also allows a text as id, or none.
        number = (number if isinstance(number, int) else 0) + 100000
    answer: dict[str, object] = {"jsonrpc": "2.0", "id": number}
    try:
        return {**answer, "result": chain.execution(call["method"], call.get("params", []))}
    except Refusal as refusal:
        return {**answer, "error": {"code": refusal.code, "message": refusal.message}}


def _control(handler: _Handler, node: ScriptedNode) -> None:
    name = handler.path.removeprefix("/lie/")
    if handler.command == "POST" and name not in LIES:
        handler.send_json(404, {"known": list(LIES)})
        return
    if handler.command == "POST":
        node.lie(name)
    lie = LIES[node.chain.lie]
    handler.send_json(200, {"lie": lie.name, "tells": lie.tells, "code": lie.code.value, "live": lie.live})


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(prog="scripted_node", description="A node that tells a lie.")
    parser.add_argument("--chain-id", type=int, required=True)
    parser.add_argument("--lie", choices=LIES, default="honest", metavar="NAME", help=", ".join(LIES))
    parser.add_argument("--slot", type=float, default=2.0, metavar="S", help="seconds between two blocks")
    parser.add_argument("--listen-execution", type=_address, default=":8545", metavar="[HOST]:PORT")
    parser.add_argument("--listen-consensus", type=_address, default=":3500", metavar="[HOST]:PORT")
    parser.add_argument("--control", type=_address, metavar="[HOST]:PORT", help="POST /lie/NAME changes the lie")
    options = parser.parse_args(arguments)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with ScriptedNode(
        options.chain_id,
        slot=options.slot,
        execution=options.listen_execution,
        consensus=options.listen_consensus,
        lie=options.lie,
    ) as node:
        if options.control:
            Face(options.control, lambda handler: _control(handler, node)).open()
        listening = {"lie": options.lie, "execution": node.execution_url, "consensus": node.consensus_url}
        print(json.dumps(listening), flush=True)
        stop.wait()
    return 0


def _address(text: str) -> Address:
    host, _, port = text.rpartition(":")
    if not port.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not [HOST]:PORT")
    return host or "0.0.0.0", int(port)  # noqa: S104 - a pod's own address


if __name__ == "__main__":
    sys.exit(main())

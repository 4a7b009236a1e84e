"""A few pages over HTTP, for the kubelet, Prometheus and the other jobs."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from typing import Any

from ethinfra.errors import BadInput
from ethinfra.probe.listener import Listener
from ethinfra.probe.metrics import CONTENT_TYPE

#: Seconds for one read or write of a request.
_PATIENCE = 5


@dataclass(frozen=True)
class Page:
    """An answer."""

    status: int
    content_type: str
    body: bytes

    @classmethod
    def json(cls, document: Mapping[str, Any], status: int = 200) -> Page:
        return cls(status, "application/json", json.dumps(document).encode() + b"\n")

    @classmethod
    def metrics(cls, text: str) -> Page:
        return cls(200, CONTENT_TYPE, text.encode())


@contextmanager
def serving(address: tuple[str, int], pages: Mapping[str, Callable[[], Page]]) -> Iterator[int]:
    """Answer GET of the given paths from threads of their own; yields the port. BadInput if it is taken."""

    class Handler(BaseHTTPRequestHandler):
        server_version = "ethinfra-snapshot"
        sys_version = ""
        timeout = _PATIENCE

        def do_GET(self) -> None:
            make = pages.get(self.path.partition("?")[0])
            page = make() if make else Page.json({"known": sorted(pages)}, 404)
            self.send_response(page.status)
            self.send_header("Content-Type", page.content_type)
            self.send_header("Content-Length", str(len(page.body)))
            self.end_headers()
            self.wfile.write(page.body)

        def log_message(self, format: str, *args: object) -> None:
            """Not logged: it is asked every few seconds."""

    try:
        server = _Server(address, Handler)
    except OSError as reason:
        raise BadInput(f"cannot listen on {address[0]}:{address[1]}", seen=str(reason)) from reason
    with server:
        threading.Thread(target=server.serve_forever, args=(0.1,), name="pages", daemon=True).start()
        try:
            yield server.server_port
        finally:
            server.shutdown()


class _Server(Listener):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever asked has hung up."""


def sample(name: str, kind: str, text: str, value: float, labels: Mapping[str, str] | None = None) -> list[str]:
    """One metric as Prometheus text."""
    pairs = ",".join(f'{key}="{_escaped(one)}"' for key, one in (labels or {}).items())
    number = str(int(value)) if float(value).is_integer() else f"{value:.6f}"
    return [
        f"# HELP {name} {text}",
        f"# TYPE {name} {kind}",
        f"{name}{{{pairs}}} {number}" if pairs else f"{name} {number}",
    ]


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")

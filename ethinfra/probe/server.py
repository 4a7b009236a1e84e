"""Tells the kubelet, Prometheus and people what the observer saw.

    GET /startupz /readyz /livez   200 or 503, with a JSON body {ready, code, reason, objections, head, …}
    GET /status                    all of it: verdicts, view, limits, history
    GET /metrics                   Prometheus text

Bounded on purpose: so many requests at once and so many seconds for each, so that no slow client eats the probe.
"""

from __future__ import annotations

import dataclasses
import json
import threading
from enum import Enum
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from ethinfra.probe import marker, metrics
from ethinfra.probe.listener import Listener
from ethinfra.probe.observer import Observer
from ethinfra.probe.rate import RequestRate
from ethinfra.probe.verdict import SHUTTING_DOWN, Verdict, liveness, readiness, startup
from ethinfra.probe.view import ChainView

#: Requests in progress; more are closed unanswered.
MAX_CONCURRENT = 16
#: Seconds for one read or write of a request.
PATIENCE = 5


class ProbeServer(Listener):
    """Answers from an observer. From `close()` on, readiness is false.

    volume: the execution client's data, where the marker of a restored snapshot is
    rate:   of RPC requests, from the client's own counter
    """

    request_queue_size = 32

    def __init__(
        self,
        address: tuple[str, int],
        observer: Observer,
        *,
        volume: Path | None = None,
        rate: RequestRate | None = None,
    ) -> None:
        self.observer = observer
        self.volume = volume
        self.rate = rate
        self.closing = False
        self._slots = threading.BoundedSemaphore(MAX_CONCURRENT)
        super().__init__(address, _Handler)

    def close(self) -> None:
        """Answer "not ready" from now on."""
        self.closing = True

    def process_request(self, request: Any, client_address: Any) -> None:
        if self._slots.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._slots.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever asked has hung up; the kubelet does so at each of its timeouts."""

    def snapshot(self) -> marker.Restored | marker.Unreadable | None:
        """From which snapshot the node's data came; read each time, because a restore may run beside this probe."""
        return None if self.volume is None else marker.read(self.volume)

    def requests(self) -> dict[str, object] | None:
        """The request rate as `/status` tells it; None where nobody said how to read it."""
        if self.rate is None:
            return None
        return {"perSecond": _rounded(self.rate.per_second()), "note": self.rate.note()}

    def readiness(self, view: ChainView | None) -> Verdict:
        return SHUTTING_DOWN if self.closing else readiness(view, self.observer.limits)


class _Handler(BaseHTTPRequestHandler):
    server: ProbeServer
    server_version = "ethinfra-node-probe"
    sys_version = ""
    timeout = PATIENCE

    def do_GET(self) -> None:
        view = self.server.observer.view()
        match self.path.partition("?")[0]:
            case "/readyz":
                self._verdict(self.server.readiness(view), view)
            case "/livez":
                self._verdict(liveness(view), view)
            case "/startupz":
                self._verdict(startup(view, self.server.observer.limits), view)
            case "/status":
                self._json(200, self._status(view))
            case "/metrics":
                observer = self.server.observer
                page = metrics.render(
                    view,
                    observer.limits,
                    observer.counts(),
                    closing=self.server.closing,
                    snapshot=self.server.snapshot(),
                    requests_per_second=self.server.rate.per_second() if self.server.rate else None,
                )
                self._send(200, metrics.CONTENT_TYPE, page.encode())
            case _:
                self._json(404, {"known": ["/startupz", "/readyz", "/livez", "/status", "/metrics"]})

    def do_HEAD(self) -> None:
        self.do_GET()

    def _verdict(self, verdict: Verdict, view: ChainView | None) -> None:
        self._json(200 if verdict.ready else 503, {**verdict_document(verdict), **_summary(view)})

    def _status(self, view: ChainView | None) -> dict[str, object]:
        limits = self.server.observer.limits
        return {
            "ready": verdict_document(self.server.readiness(view)),
            "live": verdict_document(liveness(view)),
            "started": verdict_document(startup(view, limits)),
            **_summary(view),
            "snapshot": _plain(self.server.snapshot()),
            "requests": self.server.requests(),
            "view": _plain(view),
            "limits": _plain(limits),
            "history": [_plain(moment) for moment in self.server.observer.history()],
        }

    def _json(self, status: int, document: dict[str, object]) -> None:
        self._send(status, "application/json", json.dumps(document).encode() + b"\n")

    def _send(self, status: int, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Not logged: the kubelet asks every few seconds. What matters is a changed verdict, see `__main__`."""


def verdict_document(verdict: Verdict) -> dict[str, object]:
    """A verdict as JSON."""
    return {
        "ready": verdict.ready,
        "code": verdict.code.value,
        "reason": verdict.reason,
        "objections": [{"code": one.code.value, "reason": one.reason} for one in verdict.objections],
    }


def _summary(view: ChainView | None) -> dict[str, object]:
    if view is None:
        return {"head": None}
    head = view.execution.head
    return {
        "head": _plain(head),
        "headAge": _rounded(view.head_age),
        "lag": view.lag,
        "peers": view.execution.peers,
        "viewAge": _rounded(view.age),
    }


def _plain(value: object) -> object:
    """Dataclasses and enumerations as JSON knows them."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if isinstance(value, Enum):
        return value.value
    return _rounded(value) if isinstance(value, float) else value


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)

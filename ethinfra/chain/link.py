"""Carries one HTTP question to a port of a node, over a fixed address or through a port-forward to its pod."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Protocol

import httpx

from ethinfra.errors import ChainError, ClusterError
from ethinfra.kube import Kube
from ethinfra.waiting import NotInTime

#: Seconds for one request, where the caller does not say.
REQUEST = 10.0

Headers = dict[str, str]


class NodeSilent(ChainError):
    """A node did not answer at all: refused, reset, or too late."""


@dataclass(frozen=True)
class Answer:
    """An HTTP answer, whatever its status."""

    status: int
    body: bytes


class Link(Protocol):
    """One port of one node."""

    #: For messages, as `geth-0 rpc`.
    name: str

    def send(self, method: str, path: str, body: bytes | None = None, headers: Headers | None = None) -> Answer:
        """Ask once. NodeSilent if no complete answer came in time."""

    def close(self) -> None:
        """Give back what the link holds; a later question opens it again."""


class HttpLink:
    """A port at a known address. within: seconds of silence that end a question."""

    def __init__(self, url: str, *, name: str = "", within: float = REQUEST) -> None:
        self.name = name or url
        self._client = httpx.Client(base_url=url, timeout=within, trust_env=False)

    def send(self, method: str, path: str, body: bytes | None = None, headers: Headers | None = None) -> Answer:
        try:
            answer = self._client.request(method, path, content=body, headers=_with_type(headers, body))
        except httpx.HTTPError as reason:
            raise NodeSilent(f"{self.name} does not answer", seen=str(reason) or type(reason).__name__) from reason
        return Answer(answer.status_code, answer.content)

    def close(self) -> None:
        self._client.close()


class PodLink:
    """A port of a pod, through a port-forward that is opened on demand, and again when its pod was restarted.

    One question at a time; who wants more at once takes several links.
    """

    def __init__(
        self, kube: Kube, namespace: str, pod: str, port: int, *, name: str = "", within: float = REQUEST
    ) -> None:
        self.name = name or f"{pod}:{port}"
        self._kube = kube
        self._namespace = namespace
        self._pod = pod
        self._port = port
        self._within = within
        self._lock = threading.Lock()
        self._held = ExitStack()
        self._client: httpx.Client | None = None

    def send(self, method: str, path: str, body: bytes | None = None, headers: Headers | None = None) -> Answer:
        with self._lock:
            fresh = self._client is None
            try:
                return self._once(method, path, body, headers)
            except httpx.HTTPError as reason:
                # A forward outlives its pod and then fails at the first use. A timeout is the node's own doing: it is
                # not repeated, but the forward may be dead as well, so the next question gets a new one.
                self._drop()
                if fresh or isinstance(reason, httpx.TimeoutException):
                    raise self._silent(reason) from reason
            try:
                return self._once(method, path, body, headers)
            except httpx.HTTPError as reason:
                self._drop()
                raise self._silent(reason) from reason

    def close(self) -> None:
        with self._lock:
            self._drop()

    def _once(self, method: str, path: str, body: bytes | None, headers: Headers | None) -> Answer:
        if self._client is None:
            self._client = self._open()
        answer = self._client.request(method, path, content=body, headers=_with_type(headers, body))
        return Answer(answer.status_code, answer.content)

    def _open(self) -> httpx.Client:
        try:
            port = self._held.enter_context(self._kube.forward(self._namespace, self._pod, self._port))
        except (ClusterError, NotInTime) as reason:
            raise self._silent(reason) from reason
        url = f"http://127.0.0.1:{port}"
        return self._held.enter_context(httpx.Client(base_url=url, timeout=self._within, trust_env=False))

    def _drop(self) -> None:
        self._client = None
        self._held.close()

    def _silent(self, reason: Exception) -> NodeSilent:
        return NodeSilent(
            f"{self.name} does not answer",
            seen=str(reason) or type(reason).__name__,
            todo=f"kubectl -n {self._namespace} get pod {self._pod}",
        )


def _with_type(headers: Headers | None, body: bytes | None) -> Headers:
    return {**({"Content-Type": "application/json"} if body is not None else {}), **(headers or {})}

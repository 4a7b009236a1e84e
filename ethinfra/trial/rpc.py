"""The RPC Service of the sync nodes, called over HTTP and WebSocket."""

from __future__ import annotations

import json
from types import TracebackType
from typing import Any, Self

import httpx
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from ethinfra.errors import ChainError
from ethinfra.kube import Kube

RPC_PORT = 8545
WS_PORT = 8546


class RpcService:
    """A Service, through port-forwards that live as long as this object is entered."""

    def __init__(self, kube: Kube, namespace: str, service: str, *, within: float) -> None:
        """within: seconds for one answer."""
        self._kube = kube
        self._namespace = namespace
        self._service = service
        self._within = within

    def __enter__(self) -> Self:
        self._rpc = self._kube.forward(self._namespace, f"svc/{self._service}", RPC_PORT)
        self._url = f"http://127.0.0.1:{self._rpc.__enter__()}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._rpc.__exit__(kind, error, trace)

    def call(self, method: str, *params: object) -> dict[str, Any]:
        """The whole answer to one request, error or not; ChainError if it is no JSON-RPC answer."""
        return self.send(json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode())

    def send(self, body: bytes) -> dict[str, Any]:
        """The answer to any bytes; `status` and `text` where it is an HTTP error without JSON-RPC."""
        try:
            answer = httpx.post(
                self._url,
                content=body,
                headers={"Content-Type": "application/json"},
                timeout=self._within,
                trust_env=False,
            )
        except httpx.HTTPError as reason:
            raise ChainError(f"service {self._service}", expected="a JSON-RPC answer", seen=str(reason)) from reason
        try:
            document = answer.json()
        except ValueError as reason:
            if answer.is_error:
                return {"status": answer.status_code, "text": answer.text[:200]}
            raise ChainError(
                f"service {self._service}", expected="a JSON-RPC answer", seen=answer.text[:200]
            ) from reason
        if not isinstance(document, dict) or ("result" in document) == ("error" in document):
            raise ChainError(f"service {self._service}", expected="a result or an error", seen=answer.text[:200])
        return document

    def new_heads(self, count: int, *, within: float) -> list[int]:
        """Subscribe to new heads over WebSocket, and return the numbers of so many of them."""
        with self._kube.forward(self._namespace, f"svc/{self._service}", WS_PORT) as port:
            try:
                with connect(f"ws://127.0.0.1:{port}", open_timeout=self._within, proxy=None) as socket:
                    socket.send(
                        json.dumps({"jsonrpc": "2.0", "id": 1, "method": "eth_subscribe", "params": ["newHeads"]})
                    )
                    subscription = json.loads(socket.recv(timeout=self._within))["result"]
                    numbers: list[int] = []
                    while len(numbers) < count:
                        said = json.loads(socket.recv(timeout=within))
                        if said.get("params", {}).get("subscription") == subscription:
                            numbers.append(int(said["params"]["result"]["number"], 16))
                    return numbers
            except (WebSocketException, OSError, KeyError, ValueError) as reason:
                raise ChainError(
                    f"service {self._service}: new heads over WebSocket", expected=f"{count} of them", seen=str(reason)
                ) from reason

"""Another node of the same network whose head is believed: it shows a lag that this node cannot see by itself.

Each is asked in a thread of its own, since a name that does not resolve can hang without a deadline. One that is
silent, or on another chain, is left out: an outage far away must not take every node here out of service.
"""

from __future__ import annotations

import threading
import time

from ethinfra.probe import jsonrpc, wire
from ethinfra.probe.exchange import Deadline, Endpoint, NoAnswer
from ethinfra.probe.view import Reference


class ReferenceWatch:
    """Asks one reference at an interval, in the background."""

    def __init__(self, endpoint: Endpoint, *, chain_id: int, interval: float, timeout: float) -> None:
        self._endpoint = endpoint
        self._chain_id = chain_id
        self._interval = interval
        self._timeout = timeout
        self._seen = Reference(endpoint.name, None, "not asked yet")
        self._at = time.monotonic()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name=f"reference {endpoint.name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()

    def seen(self) -> Reference:
        """The last answer, while it is recent enough to speak about now."""
        if time.monotonic() - self._at > 3 * self._interval + self._timeout:
            return Reference(self._endpoint.name, None, "silent")
        return self._seen

    def _watch(self) -> None:
        while not self._stop.is_set():
            self._seen = self._look()
            self._at = time.monotonic()
            self._stop.wait(self._interval)

    def _look(self) -> Reference:
        name = self._endpoint.name
        calls = [jsonrpc.Call("eth_chainId"), jsonrpc.Call("eth_blockNumber")]
        try:
            chain, number = jsonrpc.batch(self._endpoint, calls, Deadline(self._timeout))
            seen = wire.quantity(jsonrpc.value(chain), "eth_chainId")
            if seen != self._chain_id:
                return Reference(name, None, f"is on chain {seen}")
            return Reference(name, wire.quantity(jsonrpc.value(number), "eth_blockNumber"))
        except NoAnswer as reason:
            return Reference(name, None, reason.trouble.text)

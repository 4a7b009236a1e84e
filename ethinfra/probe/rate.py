"""How many RPC requests a client answers per second, from the client's own counter.

A scaler needs one number that means the same for every client: `ethinfra_rpc_requests_per_second`. The counter is read
from the client's metrics page every few seconds, in a thread of its own. Where it cannot be had there is no number: a
zero that was made up would scale the fleet down under load.
"""

from __future__ import annotations

import re
import threading
import time
from collections import deque
from collections.abc import Sequence

from ethinfra.probe import exchange
from ethinfra.probe.exchange import Deadline, Endpoint, NoAnswer
from ethinfra.probe.view import Kind

#: Seconds over which the rate is taken, and between two readings.
WINDOW, EVERY = 30.0, 3.0
#: Seconds for one reading.
_TIMEOUT = 3.0


class RequestRate:
    """Reads the counter until it is stopped.

    page:   the client's metrics page
    series: names whose samples are added up, over all their labels; each of them must be on the page
    """

    def __init__(self, page: Endpoint, series: Sequence[str], *, window: float = WINDOW, every: float = EVERY) -> None:
        self._page = page
        self._series = tuple(series)
        self._samples = {name: _sample(name) for name in self._series}
        self._window = window
        self._every = every
        self._lock = threading.Lock()
        #: Time on the steady clock, and the requests counted since the probe's start.
        self._readings: deque[tuple[float, float]] = deque()
        self._last: float | None = None
        self._counted = 0.0
        self._note = "not read yet"
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="request rate", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()

    def per_second(self) -> float | None:
        """None until there are two readings, and when the last is too old to speak about now."""
        with self._lock:
            if len(self._readings) < 2 or time.monotonic() - self._readings[-1][0] > 3 * self._every + _TIMEOUT:
                return None
            (begun, before), (ended, after) = self._readings[0], self._readings[-1]
        return (after - before) / (ended - begun)

    def note(self) -> str:
        """How the last reading went."""
        with self._lock:
            return self._note

    def take(self, total: float, at: float) -> None:
        """Count a reading. A counter below the last one began again at zero, with the client."""
        with self._lock:
            if self._last is not None:
                self._counted += total - self._last if total >= self._last else total
            self._last = total
            self._readings.append((at, self._counted))
            # One reading from before the window stays, so that the rate covers all of it.
            while len(self._readings) > 2 and self._readings[1][0] <= at - self._window:
                self._readings.popleft()

    def _watch(self) -> None:
        while not self._stop.is_set():
            try:
                total = self._read()
            except NoAnswer as reason:
                note = reason.trouble.text
            else:
                self.take(total, time.monotonic())
                note = "read"
            with self._lock:
                self._note = note
            self._stop.wait(self._every)

    def _read(self) -> float:
        answer = exchange.ask(self._page, "", Deadline(_TIMEOUT), accept="text/plain")
        if answer.status != 200:
            raise NoAnswer(Kind.ERROR, f"the metrics page answers {answer.status}")
        total = 0.0
        for name, sample in self._samples.items():
            found = sample.findall(answer.body)
            if not found:
                raise NoAnswer(Kind.MALFORMED, f"no series {name} on the metrics page")
            try:
                total += sum(float(value) for value in found)
            except ValueError:
                raise NoAnswer(Kind.MALFORMED, f"series {name} has no number") from None
        # NaN and infinity are numbers in the exposition format, and no count of requests.
        if not 0 <= total < float("inf"):
            raise NoAnswer(Kind.MALFORMED, f"{' + '.join(self._series)} is {total}")
        return total


def _sample(name: str) -> re.Pattern[bytes]:
    """A line of the exposition format; geth has a space before the labels."""
    return re.compile(rb"^" + re.escape(name.encode()) + rb"(?: ?\{.*\})?[ \t]+(\S+)", re.MULTILINE)

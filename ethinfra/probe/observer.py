"""Looks at a node again and again, in a thread of its own, and keeps what it saw.

The kubelet is answered from the last view: a hung client must not hang the probe, and a thousand scrapes must not
become a thousand questions to the client.
"""

from __future__ import annotations

import dataclasses
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass

from ethinfra.probe import execution
from ethinfra.probe.consensus import ConsensusClient
from ethinfra.probe.exchange import Endpoint
from ethinfra.probe.reference import ReferenceWatch
from ethinfra.probe.verdict import Code, Limits, Verdict, readiness
from ethinfra.probe.view import ChainView

#: Looks that are remembered for `/status`.
HISTORY = 120


@dataclass(frozen=True)
class Moment:
    """One line of the history. clock: Unix seconds."""

    clock: float
    head: int | None
    code: Code


class Observer:
    """Polls the two clients of one node, and the references.

    interval: seconds from the start of one look to that of the next
    timeout:  seconds that each client has for its answers
    on_change: told the new verdict whenever its code changes
    """

    def __init__(
        self,
        execution_client: Endpoint,
        consensus_client: Endpoint,
        limits: Limits,
        *,
        references: tuple[Endpoint, ...] = (),
        interval: float = 2,
        timeout: float = 3,
        on_change: Callable[[Verdict, ChainView], None] | None = None,
    ) -> None:
        self.limits = limits
        self.interval = interval
        self._execution = execution_client
        self._consensus = ConsensusClient(consensus_client)
        self._references = [
            ReferenceWatch(one, chain_id=limits.chain_id, interval=interval, timeout=timeout) for one in references
        ]
        self._timeout = timeout
        self._on_change = on_change
        self._lock = threading.Lock()
        self._view: tuple[ChainView, float] | None = None
        self._history: deque[Moment] = deque(maxlen=HISTORY)
        self._counts: Counter[Code] = Counter()
        self._code: Code | None = None
        self._head_number: int | None = None
        self._head_since = time.monotonic()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="observer", daemon=True)

    def start(self) -> None:
        for reference in self._references:
            reference.start()
        self._thread.start()

    def stop(self) -> None:
        """Ask the threads to end; does not wait for them."""
        self._stop.set()
        for reference in self._references:
            reference.stop()

    @property
    def alive(self) -> bool:
        """False when the thread has died, which only a defect of ours can cause."""
        return self._thread.is_alive()

    def view(self) -> ChainView | None:
        """The last view, with its present age; None before the first."""
        with self._lock:
            kept = self._view
        if kept is None:
            return None
        view, taken = kept
        return dataclasses.replace(view, age=time.monotonic() - taken)

    def history(self) -> list[Moment]:
        """The last looks, oldest first."""
        with self._lock:
            return list(self._history)

    def counts(self) -> dict[Code, int]:
        """How many looks led to which verdict."""
        with self._lock:
            return dict(self._counts)

    def look(self) -> ChainView:
        """Ask both clients now. Only the observer's own thread calls this, and tests do."""
        started = time.monotonic()
        view = self._compare()
        if self._disagree(view):
            # A reorganisation between the two questions looks like a disagreement; a real one is still there.
            view = self._compare()
        now = time.monotonic()
        number = view.execution.head.number if view.execution.head else None
        if number is not None and number != self._head_number:
            self._head_number, self._head_since = number, now
        return dataclasses.replace(
            view,
            references=tuple(one.seen() for one in self._references),
            clock=time.time(),
            duration=now - started,
            unchanged_for=now - self._head_since,
        )

    def _compare(self) -> ChainView:
        # The consensus client first: its head has been given to execution, so execution is never behind by mere timing.
        consensus = self._consensus.look(self._timeout)
        at = consensus.head.number if consensus.head else None
        seen = execution.look(self._execution, self._timeout, at=at)
        return ChainView(execution=seen, consensus=consensus, clock=time.time())

    def _disagree(self, view: ChainView) -> bool:
        verdict = readiness(view, self.limits)
        return any(objection.code is Code.HEADS_DISAGREE for objection in verdict.objections)

    def _run(self) -> None:
        while not self._stop.is_set():
            started = time.monotonic()
            self._keep(self.look())
            self._stop.wait(max(self.interval - (time.monotonic() - started), 0.05))

    def _keep(self, view: ChainView) -> None:
        verdict = readiness(view, self.limits)
        head = view.execution.head.number if view.execution.head else None
        with self._lock:
            self._view = (view, time.monotonic())
            self._history.append(Moment(view.clock, head, verdict.code))
            self._counts[verdict.code] += 1
            changed, self._code = verdict.code is not self._code, verdict.code
        if changed and self._on_change is not None:
            self._on_change(verdict, view)

"""One run per node at a time: a Lease of coordination.k8s.io, named after the node.

Whether a lease is still alive is told by watching it, not by comparing its time with this machine's clock: a holder
that has not renewed it for as long as it lasts, while we watched, is gone. Writes carry the resourceVersion that was
read, so of two that take over an expired lease one wins.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from ethinfra.probe.kubernetes import Object
from ethinfra.snapshot.job.cluster import Cluster
from ethinfra.snapshot.job.errors import ApiRefused, LeaseLost

#: Seconds that a lease lasts without being renewed, and between two renewals. It outlives the change from one container
#: of a pod to the next, which takes a few seconds.
DURATION, EVERY = 60.0, 10.0


class HeldElsewhere(LeaseLost):
    """Another run has the lease and is alive."""


class Lease:
    """The lease of one node, for the time of a `with`.

    holder: this pod's name; containers of one pod hand the lease on to each other
    keep:   leave it in place at a good end, for the next container; may be set until then
    """

    def __init__(
        self,
        cluster: Cluster,
        name: str,
        holder: str,
        *,
        keep: bool = False,
        duration: float = DURATION,
        every: float = EVERY,
    ) -> None:
        self._cluster = cluster
        self._name = name
        self._holder = holder
        self.keep = keep
        self._duration = duration
        self._every = every
        self._stored: Object = {}
        self._renewed = 0.0
        self._lost = ""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._renew, name="lease", daemon=True)

    def __enter__(self) -> Self:
        """HeldElsewhere if its holder is alive; ApiRefused where the account may not have it."""
        watched: object = None
        since = time.monotonic()
        while not self._acquired():
            spec = self._stored.get("spec") or {}
            seen = (spec.get("holderIdentity"), spec.get("renewTime"), spec.get("leaseTransitions"))
            if watched is not None and seen != watched:
                raise HeldElsewhere(
                    f"lease {self._name}", seen=f"{seen[0]} has it and renews it", todo="wait for that run to end"
                )
            if watched is None:
                print(f"lease {self._name} is of {seen[0]}; watching whether it is renewed, at most", end=" ")
                print(f"{self._lasts():g}s", flush=True)
            watched = seen
            time.sleep(self._every / 2)
            if time.monotonic() - since > self._lasts():
                self._stored["spec"] = {**spec, "holderIdentity": ""}
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        if self._lost or (self.keep and error is None):
            return
        try:
            self._write("")
        except ApiRefused as refused:
            # It expires by itself.
            print(f"lease {self._name} could not be given back: {refused.seen}", flush=True)

    def must_be_ours(self) -> None:
        """LeaseLost if somebody else may have it by now."""
        if not self._lost and time.monotonic() - self._renewed > self._duration:
            self._lost = f"not renewed for {self._duration:g}s"
        if self._lost:
            raise LeaseLost(f"lease {self._name}", expected=f"held by {self._holder}", seen=self._lost)

    def _acquired(self) -> bool:
        """Try once. False leaves what is stored in `_stored`."""
        if not self._stored or self._holder_now():
            found = self._cluster.lease(self._name)
            if found is None:
                begun = time.monotonic()
                self._stored = self._cluster.create_lease(self._name, self._spec({}, self._holder)) or {}
                self._renewed = begun
                return bool(self._stored)
            self._stored = found
        return self._holder_now() in ("", self._holder) and self._write(self._holder)

    def _holder_now(self) -> str:
        return (self._stored.get("spec") or {}).get("holderIdentity") or ""

    def _lasts(self) -> float:
        return float((self._stored.get("spec") or {}).get("leaseDurationSeconds") or self._duration)

    def _write(self, holder: str) -> bool:
        begun = time.monotonic()
        stored = self._cluster.replace_lease(
            {**self._stored, "spec": self._spec(self._stored.get("spec") or {}, holder)}
        )
        # After a conflict it is read again.
        self._stored = stored or {}
        if stored:
            self._renewed = begun
        return stored is not None

    def _spec(self, before: Object, holder: str) -> Object:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        changed = holder != before.get("holderIdentity")
        return {
            "holderIdentity": holder,
            "leaseDurationSeconds": max(round(self._duration), 1),
            "acquireTime": now if changed else before.get("acquireTime", now),
            "renewTime": now,
            "leaseTransitions": int(before.get("leaseTransitions") or 0) + (1 if changed and holder else 0),
        }

    def _renew(self) -> None:
        while not self._stop.wait(self._every):
            try:
                if not self._write(self._holder):
                    self._stored = self._cluster.lease(self._name) or {}
                    if self._holder_now() != self._holder:
                        self._lost = f"{self._holder_now() or 'nobody'} has it"
                        return
            except ApiRefused as refused:
                # An API server that is away for a moment: the lease lasts longer than that, `must_be_ours` sees to it.
                print(f"lease {self._name} was not renewed: {refused.seen}", flush=True)

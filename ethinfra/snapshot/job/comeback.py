"""The stopped node comes back: where its new pod is, its first answer, and whether that follows what the node had.

Meanwhile this job's pod keeps the volume, on the Kubernetes node where the stopped pod was.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from ethinfra.snapshot.job.cluster import Cluster, Pod
from ethinfra.snapshot.job.errors import CameElsewhere, HeadMismatch
from ethinfra.snapshot.job.node import NodeSilent, Rpc, rpc_of
from ethinfra.snapshot.job.place import Place, say
from ethinfra.snapshot.model import Block
from ethinfra.waiting import eventually

#: Seconds that a block's time may be after the node's stop, for clocks that differ.
_SKEW = 2.0

#: Seconds that a new pod on another Kubernetes node may be without an address before the volume counts as what it
#: lacks. Volumes that several nodes can have at once are mounted sooner.
_MOUNTS_WITHIN = 10.0


def first_answer(place: Place, cluster: Cluster, before: Pod) -> tuple[Rpc, Block]:
    """Asked so often because its consensus client tells it new blocks as soon as it can. CameElsewhere at once where
    waiting would only keep the volume from it.

    before: the node's pod that was stopped
    """
    name, within = place.node_pod, place.plan.job_plan.start_seconds
    say(f"waiting for {name} to answer, at most {within}s")
    address = _Address(place, cluster, before)
    answered = eventually(
        f"{name} answers again",
        address.head,
        until=lambda _: True,
        within=within,
        every=0.1,
        hint=f"kubectl -n {place.namespace} describe pod {name}",
    )
    if answered is None:
        raise CameElsewhere(
            f"{name} came back on another Kubernetes node, and waits for its volume",
            expected=f"on {before.host}, beside this job",
            seen=f"on {address.elsewhere}, for {_MOUNTS_WITHIN:g}s without an address",
            todo="nothing: the volume is given back at once, and the next run takes a snapshot there",
        )
    return answered


def must_follow(place: Place, rpc: Rpc, first: Block, *, last: Block, stopped: float) -> None:
    """HeadMismatch unless the first answer is what the client had at its stop, as far as can be told from outside.

    last:    the head as it was last seen before the stop
    stopped: when the pod had ended, on the wall's clock
    """
    # The block that was seen before the stop is none that was made after it, whatever its time says.
    if first != last and first.timestamp > stopped + _SKEW:
        raise HeadMismatch(
            f"{place.node_pod} had new blocks before it was asked for its head",
            expected=f"a block from before it stopped, like {last.number}",
            seen=f"block {first.number}, of {first.timestamp - stopped:.0f}s after that",
            todo="nothing: the copy is thrown away, the next run makes another",
        )
    at = rpc.block(last.number) if last.number <= first.number else None
    if at is None or at.hash != last.hash:
        raise HeadMismatch(
            f"{place.node_pod} does not start with what it had",
            expected=f"block {last.number} {last.hash}, or one after it",
            seen=f"head {first.number} {first.hash}{f', and {at.hash} at that height' if at else ''}",
            todo="see why its stop was not a clean one: the grace period, its log",
        )


@dataclass
class _Address:
    """Where the node's new pod is; asked for again while nobody answers there."""

    place: Place
    cluster: Cluster
    before: Pod
    found: str = ""
    #: On which other Kubernetes node its pod waits, and since when, on the steady clock.
    elsewhere: str = ""
    since: float = 0.0

    def head(self) -> tuple[Rpc, Block] | None:
        """None as soon as its pod cannot start before this one has ended."""
        if not self.found:
            pod = self.cluster.pod(self.place.node_pod)
            if self._cut_off(pod):
                return None
            if pod is None or pod.uid == self.before.uid or not pod.address:
                raise NodeSilent(f"{self.place.node_pod} has no address yet")
            self.found = pod.address
        rpc = rpc_of(self.found, self.place.plan.ports.rpc, timeout=1)
        try:
            return rpc, rpc.head()
        except NodeSilent:
            self.found = ""
            raise

    def _cut_off(self, pod: Pod | None) -> bool:
        """The volume is where the pod was that was stopped, and this one beside it. A pod has no address before its
        volumes are mounted."""
        if pod is None or pod.address or pod.host in ("", self.before.host):
            self.elsewhere = ""
        elif pod.host != self.elsewhere:
            self.elsewhere, self.since = pod.host, time.monotonic()
        return bool(self.elsewhere) and time.monotonic() - self.since > _MOUNTS_WITHIN

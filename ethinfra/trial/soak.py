"""Random kills of whatever has to do with snapshots, for as long as one likes; what must hold after each.

Killed is without any grace: a pod's processes get SIGKILL. Whatever was killed and whenever, `latest` must be a whole
snapshot, and the nodes must come back by themselves.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from ethinfra import jobs
from ethinfra.errors import ClusterError
from ethinfra.kube import Kube, readiness
from ethinfra.progress import Progress, silent
from ethinfra.registry import NAMESPACE as REGISTRY_NAMESPACE
from ethinfra.registry import POD as REGISTRY_POD
from ethinfra.snapshot.listing import LATEST
from ethinfra.snapshot.verify import verify
from ethinfra.trial.builders import Builders
from ethinfra.trial.snapshots import Snapshots
from ethinfra.waiting import eventually

#: Every so many kills all bytes of `latest` are read, and not only whether they are there.
_READ_ALL = 10


@dataclass(frozen=True)
class Kill:
    """A pod that was killed. after: seconds since the job began; containers: of the job, and what they did then"""

    victim: str
    pod: str
    after: float
    containers: dict[str, str]


@dataclass
class Soak:
    """Rounds of a snapshot job, something killed while it runs, and a look at what is left."""

    kube: Kube
    snapshots: Snapshots
    chance: random.Random
    progress: Progress
    #: Seconds for nodes and registry to be ready again.
    recovery: float
    kills: list[Kill] = field(default_factory=list)
    promoted: int = 0
    #: Seconds that an undisturbed job takes.
    usual: float = 30.0

    def begin(self) -> None:
        """An undisturbed snapshot, which tells how long one takes."""
        began = time.monotonic()
        with self.progress.step("a snapshot that nobody disturbs", within=self.snapshots.within):
            self.snapshots.take().job.must_have_succeeded()
        self.usual = time.monotonic() - began

    def round(self) -> Kill:
        """One job, one kill; ClusterError if afterwards something is not as it must be."""
        before = {one.id for one in self.snapshots.promoted()}
        ordinal = self.chance.randrange(self.snapshots.plan["replicas"])
        job = self.snapshots.start(ordinal=ordinal)
        cleanup = self._start_cleanup() if self.chance.random() < 0.2 else ""
        began = time.monotonic()
        moment = self.chance.uniform(0, self.usual)
        victim = self.chance.choice(list(self._victims(job, cleanup, ordinal)))
        eventually("the moment has come", lambda: time.monotonic() - began >= moment, within=moment + 60, every=0.05)
        kill = self._kill(victim, job, cleanup, ordinal, time.monotonic() - began)
        self.kills.append(kill)
        self.must_recover(job, cleanup)
        self.promoted += len({one.id for one in self.snapshots.promoted()} - before)
        return kill

    def must_recover(self, job: str, cleanup: str = "") -> None:
        """Registry and nodes are ready, the jobs have ended in whatever way, and `latest` is whole."""
        for namespace, pod in [(REGISTRY_NAMESPACE, REGISTRY_POD), *self._node_pods()]:
            eventually(
                f"{namespace}/{pod} is ready again",
                partial(self._readiness, namespace, pod),
                until=lambda seen: seen == "ready",
                within=self.recovery,
                hint=f"kubectl -n {namespace} describe pod {pod}",
            )
        for one in filter(None, (job, cleanup)):
            jobs.follow(self.kube, self.snapshots.namespace, one, silent(), within=self.snapshots.within * 3)
        quick = len(self.kills) % _READ_ALL != 0
        with self.snapshots.store() as store:
            found = verify(store, LATEST, quick=quick)
        if found.problems:
            raise ClusterError(f"`latest` ({found.id}) is not whole", seen="\n".join(found.problems[:10]))

    def end(self, builders: Builders) -> None:
        """A node that has nothing but `latest` answers with its recorded head."""
        latest = self.snapshots.latest()
        assert latest is not None
        recorded = latest.config.description.block
        node = builders.start_alone(self.snapshots)
        with node.rpc() as rpc:
            head = eventually(
                f"{node.name} answers with block {recorded.number}",
                lambda: rpc.call("eth_getBlockByNumber", "latest", False),
                until=lambda seen: seen["hash"] == recorded.hash,
                within=self.recovery,
            )
        if head["stateRoot"] != recorded.state_root:
            raise ClusterError(f"state of {latest.id}", expected=recorded.state_root, seen=head["stateRoot"])

    def summary(self) -> str:
        """What was killed, and in which container the job was then."""
        victims = Counter(one.victim for one in self.kills)
        working = Counter(
            next((name for name, state in one.containers.items() if state == "runs"), "before or after")
            for one in self.kills
        )
        return (
            f"{len(self.kills)} kills, {self.promoted} snapshots promoted meanwhile\n"
            f"victims: {dict(victims)}\nthe job was in: {dict(working)}"
        )

    def _victims(self, job: str, cleanup: str, ordinal: int) -> dict[str, Callable[[], tuple[str, str] | None]]:
        namespace, node = self.snapshots.namespace, self.snapshots.node
        other = (ordinal + 1) % int(self.snapshots.plan["replicas"])
        victims: dict[str, Callable[[], tuple[str, str] | None]] = {
            # Twice as likely as anything else: it is what has most to lose.
            "the job": lambda: self._pod_of(job),
            "the job, again": lambda: self._pod_of(job),
            "the registry": lambda: (REGISTRY_NAMESPACE, REGISTRY_POD),
            "the node that it is of": lambda: (namespace, f"{node}-{ordinal}"),
            "another replica": lambda: (namespace, f"{node}-{other}"),
        }
        if cleanup:
            victims["the cleanup"] = lambda: self._pod_of(cleanup)
        return victims

    def _kill(self, victim: str, job: str, cleanup: str, ordinal: int, after: float) -> Kill:
        find = self._victims(job, cleanup, ordinal)[victim]
        states = self._job_states(job)
        found = find()
        if found is not None:
            namespace, pod = found
            self.kube.kubectl(
                "delete", "pod", "-n", namespace, pod, "--grace-period=0", "--force", "--wait=false", check=False
            )
        return Kill(victim.partition(",")[0], found[1] if found else "not there yet", round(after, 2), states)

    def _readiness(self, namespace: str, pod: str) -> str:
        return readiness(self.kube.get("Pod", pod, namespace))

    def _start_cleanup(self) -> str:
        return jobs.start(self.kube, self.snapshots.namespace, f"prune-{self.snapshots.node}")

    def _pod_of(self, job: str) -> tuple[str, str] | None:
        pods = jobs.pods_of(self.kube, self.snapshots.namespace, job)
        return (self.snapshots.namespace, pods[-1]["metadata"]["name"]) if pods else None

    def _job_states(self, job: str) -> dict[str, str]:
        pods = jobs.pods_of(self.kube, self.snapshots.namespace, job)
        return jobs.container_states(pods[-1]) if pods else {}

    def _node_pods(self) -> list[tuple[str, str]]:
        namespace = self.snapshots.namespace
        return [(namespace, f"{self.snapshots.node}-{one}") for one in range(int(self.snapshots.plan["replicas"]))]

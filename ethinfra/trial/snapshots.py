"""Snapshots of a deployed node, as operators take and see them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ethinfra import jobs
from ethinfra.errors import ClusterError
from ethinfra.jobs import Ended
from ethinfra.kube import Kube, Object
from ethinfra.progress import Progress, silent
from ethinfra.registry.connect import connected
from ethinfra.registry.secrets import Account
from ethinfra.snapshot.listing import LATEST, State, listing, promoted, tag_of
from ethinfra.snapshot.plan import parse_plan
from ethinfra.snapshot.reader import Snapshot, read_snapshot
from ethinfra.snapshot.registry_store import RegistryStore


@dataclass(frozen=True)
class Taken:
    """A job that ended, and what it made; None if it made nothing that was promoted."""

    job: Ended
    snapshot: Snapshot | None

    @property
    def promoted(self) -> Snapshot:
        """ClusterError, with what the job said, if there is none."""
        if self.snapshot is None:
            raise ClusterError(f"job {self.job.job} promoted nothing", seen=self.job.said)
        return self.snapshot

    def number(self, annotation: str) -> float:
        """A figure that the snapshot's manifest names, such as `io.ethinfra.snapshot.sent-bytes`."""
        return float(self.promoted.annotations[annotation])


class Snapshots:
    """Of one sync node of the deployment."""

    def __init__(self, kube: Kube, namespace: str, node: str, *, within: float) -> None:
        """within: seconds for one job, restore test included."""
        self.kube = kube
        self.namespace = namespace
        self.node = node
        self.within = within

    @property
    def plan(self) -> dict[str, Any]:
        """What the jobs of this node are told."""
        name = f"snapshot-{self.node}"
        found = self.kube.get("ConfigMap", name, self.namespace)
        if found is None:
            raise ClusterError(f"there is no ConfigMap {self.namespace}/{name}", expected="snapshots of this node")
        plan: dict[str, Any] = json.loads(found["data"]["plan.json"])
        return plan

    @property
    def repository(self) -> str:
        return repository_of(self.plan)

    @contextmanager
    def store(self, account: Account = Account.PULL, *, repository: str | None = None) -> Iterator[RegistryStore]:
        """The repository of this node's snapshots, or another one of the same registry."""
        with connected(self.kube, account) as client:
            yield RegistryStore(client, repository or self.repository)

    def latest(self) -> Snapshot | None:
        """What `latest` leads to, read and found consistent; None while there is none."""
        with self.store() as store:
            return read_snapshot(store, LATEST) if store.digest(LATEST) else None

    def promoted(self) -> list[Snapshot]:
        """Newest first."""
        with self.store() as store:
            return [read_snapshot(store, tag_of(one.id, State.PROMOTED)) for one in promoted(store)]

    def states(self) -> dict[str, State]:
        """Of everything in the repository, by id."""
        with self.store() as store:
            return {one.id: one.state for one in listing(store)}

    def start(self, *, ordinal: int = 0, change: Callable[[Object], None] = lambda _: None) -> str:
        """Start the job of one replica as `ethinfra snapshot create` does; its name. change: edits the job before"""
        return jobs.start(
            self.kube, self.namespace, f"snapshot-{self.node}-{ordinal}", env={"FORCE": "1"}, change=change
        )

    def follow(self, job: str, *, progress: Progress | None = None) -> Ended:
        """Wait for the end of a job."""
        return jobs.follow(self.kube, self.namespace, job, progress or silent(), within=self.within)

    def take(self, *, ordinal: int = 0, change: Callable[[Object], None] = lambda _: None) -> Taken:
        """Start a job and wait for its end, good or bad."""
        before = {one.id for one in self.promoted()}
        ended = self.follow(self.start(ordinal=ordinal, change=change))
        new = [one for one in self.promoted() if one.id not in before]
        return Taken(ended, new[0] if new else None)


def repository_of(plan: Mapping[str, Any]) -> str:
    """Where a plan's snapshots are. BadInput unless it is one that a pod would accept."""
    return parse_plan(plan).repository

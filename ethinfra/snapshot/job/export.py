"""`export`: what the registry holds, as metrics. It keeps nothing itself: the registry is the truth.

That none can be made any more shows as `ethinfra_snapshot_last_success_timestamp_seconds` that stands still; that the
last one did not pass its test, as `ethinfra_snapshot_verified` 0.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ethinfra.errors import EthinfraError
from ethinfra.snapshot.job.pages import Page, sample
from ethinfra.snapshot.job.place import say
from ethinfra.snapshot.listing import Listed, State, listing
from ethinfra.snapshot.manifest import ANNOTATION_BLOCK, ANNOTATION_BYTES, ANNOTATION_DOWNTIME, ANNOTATION_SECONDS
from ethinfra.snapshot.plan import Plan
from ethinfra.snapshot.reader import Summary, glance
from ethinfra.snapshot.store import SnapshotStore


@dataclass(frozen=True)
class Seen:
    """What one repository held when it was last asked. newest: the newest promoted one, with what its manifest says."""

    snapshots: tuple[Listed, ...] = ()
    newest: Listed | None = None
    about: Summary | None = None

    @property
    def verified(self) -> bool | None:
        """Whether the newest that was tested passed; None while none was."""
        tested = [one for one in self.snapshots if one.state in (State.PROMOTED, State.FAILED)]
        return tested[-1].state is State.PROMOTED if tested else None


class Exporter:
    """The repositories of some plans, asked again and again."""

    def __init__(self, plans: Sequence[Plan], store_of: Callable[[Plan], SnapshotStore]) -> None:
        # Nodes of one network and client share a repository.
        self._stores = {(plan.network.name, plan.client.name): store_of(plan) for plan in plans}
        self._seen: dict[tuple[str, str], Seen] = {}
        self._answered: dict[tuple[str, str], bool] = {}
        self._looked = time.monotonic()

    def look(self) -> None:
        """Ask every repository once. One that does not answer keeps what was seen, and says that it is old."""
        for key, store in self._stores.items():
            try:
                self._seen[key] = _seen(store)
                self._answered[key] = True
            except EthinfraError as reason:
                say(f"{store.name} does not answer: {reason.subject}; {reason.seen}")
                self._answered[key] = False
        self._looked = time.monotonic()

    def healthy(self, interval: float) -> Page:
        """Whether somebody still looks; that a registry is away is no reason to start this program again."""
        age = time.monotonic() - self._looked
        return Page.json({"lastLook": round(age, 1)}, 200 if age < 3 * interval + 300 else 503)

    def metrics(self) -> Page:
        """What is not known has no sample."""
        families: dict[str, list[str]] = {}
        for (network, client), answered in sorted(self._answered.items()):
            labels = {"network": network, "client": client}
            samples = {"up": float(answered), **_samples(self._seen.get((network, client), Seen()))}
            for name, value in samples.items():
                head, kind, line = sample(f"ethinfra_snapshot_{name}", "gauge", _ABOUT[name], value, labels)
                families.setdefault(name, [head, kind]).append(line)
        return Page.metrics("".join(f"{line}\n" for lines in families.values() for line in lines))


_ABOUT = {
    "up": "1 if the registry answered the last time",
    "last_success_timestamp_seconds": "When the newest promoted snapshot was made, Unix seconds",
    "block": "Number of the newest promoted snapshot's block",
    "bytes": "Bytes of its files",
    "duration_seconds": "Seconds that its push took",
    "downtime_seconds": "Seconds from its node's stop to the next answer",
    "verified": "1 if the newest snapshot that was tested passed, else 0",
    "promoted": "Promoted snapshots in the registry",
    "candidate": "Snapshots that were pushed and not tested yet",
    "failed": "Snapshots whose test failed, of the last day",
}


def _seen(store: SnapshotStore) -> Seen:
    snapshots = tuple(listing(store))
    newest = next((one for one in reversed(snapshots) if one.state is State.PROMOTED), None)
    about = glance(store, newest) if newest is not None else None
    if about is not None and about.problem:
        say(f"{store.name}: {about.problem}")
    return Seen(snapshots, newest, about)


def _samples(seen: Seen) -> Mapping[str, float]:
    counts = Counter(one.state for one in seen.snapshots)
    found: dict[str, float | None] = {
        "verified": None if seen.verified is None else float(seen.verified),
        "promoted": counts[State.PROMOTED],
        "candidate": counts[State.CANDIDATE],
        "failed": counts[State.FAILED],
    }
    if seen.newest is not None and seen.about is not None:
        found |= {
            "last_success_timestamp_seconds": seen.newest.created.timestamp(),
            "block": seen.about.number(ANNOTATION_BLOCK),
            "bytes": seen.about.number(ANNOTATION_BYTES),
            "duration_seconds": seen.about.number(ANNOTATION_SECONDS),
            "downtime_seconds": seen.about.number(ANNOTATION_DOWNTIME),
        }
    return {name: value for name, value in found.items() if value is not None}

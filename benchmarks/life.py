"""A cluster from its boot to its removal, measured on the way.

    boot ─ settle ─ [memory] ─ layers ─ first final block ─ removal

A life goes as far as the wanted figures need it to, and is repeated, because boots and removals vary.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event

import yaml

from benchmarks.floor import Floor, control_plane_alone
from benchmarks.load import Load, observe
from benchmarks.result import Sample
from benchmarks.steps import TimedProgress
from ethinfra.chain.discovery import find_nodes
from ethinfra.cluster.embedded.provider import EmbeddedProvider
from ethinfra.cluster.provider import Cluster, ClusterSpec
from ethinfra.deploy import apply_layers
from ethinfra.environment import Environment, load_environment
from ethinfra.images import archive_of
from ethinfra.images.catalogue import select
from ethinfra.kube import Kube
from ethinfra.paths import ROOT
from ethinfra.waiting import NotInTime, eventually

Keep = Callable[[Sample], None]

#: Seconds that are watched at a time, and the change of memory between two such times that counts as settled.
WATCHED, SETTLED = 15.0, 0.02
#: Epochs from genesis until one is final: the first two are never justified, 2 is, and the end of 3 makes it final.
_EPOCHS_TO_FINALITY = 4


@dataclass(frozen=True)
class Options:
    """repeat: how many lives a cluster has."""

    repeat: int = 3


def one_node(wanted: Collection[str], options: Options, keep: Keep, progress: TimedProgress) -> None:
    """Measures boot, memory, layers, finality, down."""
    environment = load_environment("local")
    prepare(progress)
    for number in range(1, options.repeat + 1):
        with progress.step(f"one node, life {number} of {options.repeat}"), life("bench-one", progress) as provider:
            cluster = _boot("boot", provider, ClusterSpec("bench-one", 1), wanted, keep, progress)
            if "memory" in wanted:
                keep(_memory(cluster, progress))
            if {"layers", "finality", "down"} & set(wanted):
                _layers(cluster, environment, wanted, keep, progress)
            if "down" in wanted:
                progress.take()
                seconds = _timed(lambda: provider.down("bench-one", progress))
                keep(Sample("down", seconds, facts={"steps": progress.take()}))


def three_nodes(wanted: Collection[str], options: Options, keep: Keep, progress: TimedProgress) -> None:
    """Measures boot-three."""
    prepare(progress)
    for number in range(1, options.repeat + 1):
        with (
            progress.step(f"three nodes, life {number} of {options.repeat}"),
            life("bench-three", progress) as provider,
        ):
            _boot("boot-three", provider, ClusterSpec("bench-three", 3), wanted, keep, progress)


def prepare(progress: TimedProgress) -> None:
    """Build what the figures take for granted."""
    with progress.step("images"):
        for image in select(None):
            archive_of(image, progress)


@contextmanager
def life(name: str, progress: TimedProgress) -> Iterator[EmbeddedProvider]:
    """A provider that has no cluster of that name before or after, whatever happens in between."""
    provider = EmbeddedProvider()
    if provider.find(name) is not None:
        progress.note(f"cluster {name} was left by an interrupted run")
        provider.down(name, progress)
    try:
        yield provider
    finally:
        if provider.find(name) is not None:
            provider.down(name, progress)


def _boot(
    figure: str,
    provider: EmbeddedProvider,
    spec: ClusterSpec,
    wanted: Collection[str],
    keep: Keep,
    progress: TimedProgress,
) -> Cluster:
    floor: Floor | None = None
    if figure in wanted:
        with progress.step("etcd and API server alone"):
            floor = control_plane_alone()
    progress.take()
    started = time.monotonic()
    cluster = provider.up(spec, progress)
    seconds = time.monotonic() - started
    if floor is not None:
        beside = {"etcd and API server alone": floor.seconds}
        keep(Sample(figure, seconds, beside, facts={"steps": progress.take()}))
    return cluster


def _memory(cluster: Cluster, progress: TimedProgress) -> Sample:
    """Of the daemons, once it changes no more. The sum is of RSS, the stricter measure; PSS stands beside it."""
    loads: list[Load] = []

    def settled() -> bool:
        loads.append(observe(cluster, WATCHED))
        if len(loads) < 2:
            return False
        before, now = loads[-2].pss_mb, loads[-1].pss_mb
        return abs(now - before) <= SETTLED * before

    with progress.step("memory settles", within=10 * WATCHED):
        eventually("memory changes no more", settled, within=10 * WATCHED, every=0)
    last = loads[-1]
    facts = {**last.as_facts(), "settledAfter": WATCHED * len(loads)}
    return Sample("memory", last.rss_mb, {"shared pages counted once (PSS)": last.pss_mb}, facts)


def _layers(
    cluster: Cluster, environment: Environment, wanted: Collection[str], keep: Keep, progress: TimedProgress
) -> None:
    stop = Event()
    with ThreadPoolExecutor(1) as pool:
        final: Future[_Final] | None = None
        if "finality" in wanted:
            final = pool.submit(_first_final, cluster, environment, stop)
        try:
            progress.take()
            started = time.monotonic()
            applied = apply_layers(cluster, environment, progress)
            seconds = time.monotonic() - started
            steps = progress.take()
            began = next(one.started for one in applied if one.layer == "ethereum")
            if final is not None:
                with progress.step("first final block"):
                    seen = final.result()
                beside = {"four epochs": _shortest_finality(environment), "of it before genesis": seen.genesis - began}
                keep(Sample("finality", seen.at - began, beside))
        finally:
            stop.set()
    if "layers" in wanted:
        each = {one.layer: round(one.seconds, 2) for one in applied if not one.pending}
        with progress.step("load with all layers", within=WATCHED):
            load = observe(cluster, WATCHED)
        keep(Sample("layers", seconds, facts={"layers": each, "steps": steps, "daemonsThen": load.as_facts()}))


@dataclass(frozen=True)
class _Final:
    """When a sync node first named a final block above genesis, and when genesis was; seconds since the epoch."""

    at: float
    genesis: float


def _first_final(cluster: Cluster, environment: Environment, stop: Event) -> _Final:
    """Watch for it, from before there is a node, until it is there or `stop` is set."""
    kube = Kube.of(cluster)
    namespace = environment.layer("ethereum").namespace
    within = environment.timeout("layer") + environment.timeout("finality")
    nodes = eventually(
        "a sync node runs",
        lambda: find_nodes(kube, namespace, role="sync"),
        until=lambda found: found or stop.is_set(),
        within=within,
    )
    if not nodes:
        raise NotInTime("a sync node runs", within, "the layers were not applied", 0, "")
    node = nodes[0]
    try:
        eventually(
            f"{node.name} names a final block",
            node.finalized,
            until=lambda block: (block is not None and block.number > 0) or stop.is_set(),
            within=within,
        )
        return _Final(time.time(), node.beacon.genesis_time())
    finally:
        node.close()


def _shortest_finality(environment: Environment) -> float:
    """Seconds from genesis to the first final block if every validator votes in time."""
    values = yaml.safe_load((ROOT / "values" / "networks" / f"{environment.network}.yaml").read_text())["network"]
    config = values["genesis"]["beaconConfig"]
    return float(_EPOCHS_TO_FINALITY * int(config["SLOTS_PER_EPOCH"]) * int(config["SECONDS_PER_SLOT"]))


def _timed(work: Callable[[], object]) -> float:
    started = time.monotonic()
    work()
    return time.monotonic() - started

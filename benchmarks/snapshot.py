"""Snapshots: what they take against tar and zstd on the same files, with a registry behind TLS on the same machine.

    .venv/bin/python -m benchmarks.snapshot [--gigabytes 2] [--where DIR] [--repeat 3]

Each push and restore is the command that operators and jobs run, in a process of its own, start included. The registry
is distribution itself, which puts every layer on disk before it answers; tar's file and files are not waited for. So
the ratio beside, where they are (`sync`), compares the same work.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.commands import Ended, Registry, running_registry, shell
from benchmarks.result import Figure, Sample, outcomes
from benchmarks.snapshot_data import Data, like_a_database
from ethinfra.process import run

SNAPSHOT_FIGURES = (
    Figure("snapshot-push", "first push, in times of tar | zstd -T0 -3 > file", 1 / 0.8, "x"),
    Figure("snapshot-restore", "cold restore, in times of zstd -d | tar x", 1 / 0.8, "x"),
    Figure("snapshot-second-sent", "bytes of the second push, 1 % changed, in percent of the first", 3, "%"),
    Figure("snapshot-second-time", "time of the second push, in percent of the first", 15, "%"),
    Figure("snapshot-over", "bytes fetched by a restore over the copy before, in percent of a cold one", 3, "%"),
    Figure("snapshot-cached", "second replica from the cache by reflink, in times of a cold restore", 0.1, "x"),
    Figure("snapshot-memory", "largest process of push and restore", 400, "MB"),
)

#: Seconds after which something hangs.
_PATIENCE = 1800

Keep = Callable[[Sample], None]


def snapshots(keep: Keep, data: Data, where: Path, repeat: int) -> None:
    """Measure all figures in a directory of `where`, which holds about four times the data."""
    for _ in range(repeat):
        with tempfile.TemporaryDirectory(prefix="bench-snapshot-", dir=where) as folder:
            _one_life(keep, data, Path(folder))


def _one_life(keep: Keep, data: Data, top: Path) -> None:
    source = top / "source"
    source.mkdir()
    data.make(source)
    size = sum(path.stat().st_size for path in source.rglob("*") if path.is_file())
    _sync()
    with running_registry(top / "registry") as registry:
        packed = shell(f"tar -C '{source}' -cf - . | zstd -q -T0 -3 -f > '{top}/packed'")
        packed_synced = packed.seconds + _sync()
        first = registry.push(source, 100)
        keep(_ratio("snapshot-push", first, packed, packed_synced, {"bytes": size, **_facts(first)}))

        out = top / "unpacked"
        out.mkdir()
        _sync()
        unpacked = shell(f"zstd -q -dc '{top}/packed' | tar -C '{out}' -xf -")
        unpacked_synced = unpacked.seconds + _sync()
        shutil.rmtree(out)
        copy = top / "copy"
        copy.mkdir()
        _sync()
        cold = registry.pull(copy)
        keep(_ratio("snapshot-restore", cold, unpacked, unpacked_synced, _facts(cold)))
        _must_be_alike(source, copy)

        data.change(source)
        second = registry.push(source, 200)
        sent = 100 * registry.sent(1) / registry.sent(0)
        keep(Sample("snapshot-second-sent", sent, facts={"bytes": registry.sent(1)}))
        keep(Sample("snapshot-second-time", 100 * second.seconds / first.seconds, facts=_facts(second)))
        registry.pull(copy, "--over")
        _must_be_alike(source, copy)
        keep(Sample("snapshot-over", 100 * registry.fetched[-1] / registry.fetched[0]))
        keep(Sample("snapshot-memory", max(one.memory for one in (first, cold, second))))
        shutil.rmtree(copy)
        _cached(keep, registry, top, size)


def _cached(keep: Keep, registry: Registry, top: Path, size: int) -> None:
    """On an XFS of its own: as root, where the machine knows it."""
    with _xfs(top, 3 * size) as place:
        (place / "cache").mkdir()
        times = []
        for name in ("cold", "cached"):
            (place / name).mkdir()
            times.append(registry.pull(place / name, "--cache", str(place / "cache")))
        _must_be_alike(place / "cold", place / "cached")
    cold, cached = times
    facts = {"cold": cold.seconds, "cached": cached.seconds}
    keep(Sample("snapshot-cached", cached.seconds / cold.seconds, facts=facts))


def _must_be_alike(one: Path, other: Path) -> None:
    """Of what a snapshot includes; a client that ran has left its log and keys beside it."""
    run(["diff", "-r", one / "geth", other / "geth", "--exclude=nodekey", "--exclude=LOCK"], within=_PATIENCE)


def _ratio(name: str, ours: Ended, theirs: Ended, synced: float, facts: dict[str, Any]) -> Sample:
    beside = {"the same with sync": ours.seconds / synced, "processor time of the client": ours.cpu / theirs.cpu}
    return Sample(name, ours.seconds / theirs.seconds, beside, {**facts, "peer": theirs.seconds, "peerSynced": synced})


def _facts(ended: Ended) -> dict[str, Any]:
    return {"seconds": round(ended.seconds, 2), "cpu": round(ended.cpu, 2), "memoryMB": round(ended.memory)}


@contextmanager
def _xfs(top: Path, size: int) -> Iterator[Path]:
    """A file system that shares blocks, in a file."""
    image, place = top / "xfs.img", top / "xfs"
    with image.open("wb") as file:
        file.truncate(max(size, 400 << 20))
    run(["mkfs.xfs", "-q", "-m", "reflink=1", image])
    place.mkdir()
    run(["mount", "-o", "loop", image, place])
    try:
        yield place
    finally:
        run(["umount", place], within=_PATIENCE)


def _sync() -> float:
    """Seconds until all that was written is on disk."""
    started = time.monotonic()
    os.sync()
    return time.monotonic() - started


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.snapshot", description="Measure snapshots.")
    parser.add_argument("--gigabytes", type=float, default=2.0)
    parser.add_argument("--where", type=Path, default=Path("/var/tmp"), help="needs four times that")  # noqa: S108
    parser.add_argument("--repeat", type=int, default=3, metavar="N")
    options = parser.parse_args()
    samples: list[Sample] = []
    snapshots(samples.append, like_a_database(int(options.gigabytes * 1e9)), options.where, options.repeat)
    for one in outcomes(SNAPSHOT_FIGURES, samples):
        beside = ", ".join(f"{name} {value:.2f}" for name, value in one.beside.items())
        print(f"{one.figure.name:<22}{one.median:8.2f} {one.figure.unit:<3} at most {one.figure.limit:g}  {beside}")
        print("".join(f"    {dict(sample.facts)}\n" for sample in one.samples if sample.facts), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())

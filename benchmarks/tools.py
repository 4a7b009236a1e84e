"""Every tool family from nothing: no modules, no build cache, no binaries."""

from __future__ import annotations

import shutil
import time

from benchmarks.life import Keep
from benchmarks.result import Sample
from benchmarks.steps import TimedProgress
from ethinfra.paths import ROOT, cache_dir
from ethinfra.toolchain import Store
from ethinfra.toolchain.go import find_go
from ethinfra.toolchain.install import install


def cold_tools(keep: Keep, progress: TimedProgress) -> None:
    """Build all families in a cache of their own, which is removed again, and cleaning it counts too."""
    folder = cache_dir() / "bench-cold"
    shutil.rmtree(folder, ignore_errors=True)
    store = Store(ROOT / "toolchain", folder, find_go())
    try:
        started = time.monotonic()
        install(store, (), progress)
        seconds = time.monotonic() - started
        states = [store.state(name) for name in store.families]
        facts = {
            "families": {one.family.name: round(one.seconds or 0) for one in states},
            "megabytes": round(sum(one.size for one in states) / 1e6),
        }
        keep(Sample("tools", seconds, facts=facts))
    finally:
        with progress.step("removing the cold cache"):
            shutil.rmtree(folder, ignore_errors=True)

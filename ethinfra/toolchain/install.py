"""Installs families: says what it will cost, builds what is missing or corrupt, and cleans up behind itself."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ethinfra.errors import BadInput, MissingCapability
from ethinfra.process import run
from ethinfra.progress import Progress
from ethinfra.toolchain.build import TOOL_LIMIT, build, check_compilers
from ethinfra.toolchain.families import Family
from ethinfra.toolchain.go import settings
from ethinfra.toolchain.lock import locked, locked_if_free
from ethinfra.toolchain.store import State, Store

#: Seconds to wait for another process that builds the same family.
BUILD_WAIT = 2 * TOOL_LIMIT


@dataclass(frozen=True)
class Plan:
    """What an installation would do. Estimates: `seconds` on two cores, `gigabytes` of disk while building."""

    present: tuple[State, ...]
    to_build: tuple[State, ...]

    @property
    def families(self) -> list[Family]:
        return [state.family for state in self.to_build]

    @property
    def seconds(self) -> int:
        return sum(family.seconds for family in self.families)

    @property
    def gigabytes(self) -> float:
        return sum(family.gigabytes for family in self.families)

    def __str__(self) -> str:
        names = ", ".join(
            f"{state.family.name} {state.version}{' (corrupt)' if state.fault else ''}" for state in self.to_build
        )
        minutes = max(1, round(self.seconds / 60))
        return f"to build: {names}; about {minutes} min on two cores, {self.gigabytes:.1f} GB of disk while it builds"


def plan(store: Store, names: Sequence[str] = ()) -> Plan:
    """What of these families (all, if none is named) is there, every byte checked, and what is to be built."""
    states = [store.state(name, thorough=True) for name in dict.fromkeys(names or store.families)]
    return Plan(
        tuple(state for state in states if state.state == "installed"),
        tuple(state for state in states if state.state != "installed"),
    )


def install(store: Store, names: Sequence[str], progress: Progress, *, keep_go_caches: bool = False) -> Plan:
    """Have these families installed (all, if none is named); returns what there was to do.

    Safe to run at the same time in any number of processes: each family is built by one of them, the others wait.
    """
    for name in names:
        store.family(name)
    with progress.step("checking what is installed"):
        todo = plan(store, names)
    for state in todo.to_build:
        if state.fault:
            progress.note(f"corrupt, will be built again: {state.fault}")
    if not todo.to_build:
        return todo
    progress.note(str(todo))
    check_compilers(todo.families)
    check_disk(store, todo)
    # Shared among builders, so that none of them cleans the caches under another's hands.
    with locked(store.root / "go.lock", progress, "cleaning the Go caches", within=BUILD_WAIT, shared=True):
        for state in todo.to_build:
            _install_one(store, state.family, progress)
    if not keep_go_caches:
        clean_go_caches(store, progress)
    return todo


def _install_one(store: Store, family: Family, progress: Progress) -> None:
    lock = store.root / "tools" / f"{family.name}.lock"
    with (
        progress.step(f"{family.name}: about {family.seconds}s"),
        locked(lock, progress, f"building {family.name}", within=BUILD_WAIT),
    ):
        # Another process may have built it while this one waited.
        if store.state(family.name, thorough=True).state != "installed":
            build(store, family, progress)


def check_disk(store: Store, todo: Plan) -> None:
    """MissingCapability if the file system of the cache has no room for the build."""
    try:
        store.root.mkdir(parents=True, exist_ok=True)
    except OSError as reason:
        raise BadInput(
            f"the cache {store.root} cannot be made", seen=str(reason), todo="ETHINFRA_CACHE=/path names another place"
        ) from reason
    free = shutil.disk_usage(store.root).free / 1e9
    if free >= todo.gigabytes:
        return
    # What earlier builds left in the Go caches need not be made again; counted only now because counting is slow.
    lacking = todo.gigabytes - min(_size(store.go_caches) / 1e9, todo.gigabytes * 0.8)
    if free < lacking:
        raise MissingCapability(
            f"too little disk to build {', '.join(family.name for family in todo.families)}",
            expected=f"{lacking:.1f} GB free below {store.root}",
            seen=f"{free:.1f} GB",
            todo="free some, or put the cache on a larger disk: ETHINFRA_CACHE=/path",
        )


def clean_go_caches(store: Store, progress: Progress) -> None:
    """Remove the Go caches, tens of gigabytes that finished builds do not need; not while another process builds."""
    if not store.go_caches.exists():
        return
    with locked_if_free(store.root / "go.lock") as ours:
        if not ours:
            progress.note("the Go caches stay for now: another process is building")
            return
        with progress.step("cleaning the Go caches"):
            # Go makes its module cache read only, and only Go's own command gets past that for any user.
            run(
                [store.go.path, "clean", "-modcache"], env=store.go.environment(store.go_caches, settings()), within=600
            )
            shutil.rmtree(store.go_caches)


def _size(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):  # a build that runs now renames files away
            total += path.lstat().st_size
    return total

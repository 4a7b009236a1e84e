"""Which range of addresses a cluster gets, and the locks that keep two commands from deciding at once."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from ipaddress import IPv4Network
from pathlib import Path

from ethinfra.cluster.embedded.plan import FIRST_SLOT, LAST_SLOT, all_plans, network_of
from ethinfra.errors import BadInput, ClusterError
from ethinfra.paths import state_dir
from ethinfra.process import run
from ethinfra.waiting import NotInTime, eventually

#: A route shorter than this (a VPN's 10.0.0.0/8, say) covers all slots; ours is more specific and wins over it.
_SHORTEST_CONFLICT = 9


@contextmanager
def locked(directory: Path, what: str, *, within: float = 30) -> Iterator[None]:
    """Hold an exclusive lock on a directory, which is made if absent. The kernel drops it when its holder dies.

    The directory itself is the lock's file, so that a lock leaves nothing behind; it may be removed while held.
    """

    def attempt() -> int:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # The holder before us may have removed the directory; then we hold a lock that nobody else can see.
            if directory.stat().st_ino != os.fstat(handle).st_ino:
                raise FileNotFoundError(f"{directory} was removed meanwhile")
        except OSError:
            os.close(handle)
            raise
        return handle

    try:
        handle = eventually(f"{what} is free", attempt, until=lambda got: got >= 0, within=within, every=0.1)
    except NotInTime as late:
        raise ClusterError(
            f"{what} is in use by another ethinfra command",
            seen=f"locked for {within:g}s: {directory}",
            todo="wait for that command, or end it",
        ) from late
    try:
        yield
    finally:
        os.close(handle)


def machine_lock(*, within: float = 30) -> AbstractContextManager[None]:
    """Held while something that all clusters of this machine share is decided or changed: slots and sysctls."""
    return locked(state_dir(), "the folder of this machine's clusters", within=within)


@contextmanager
def cluster_lock(identity: str, *, within: float = 60) -> Iterator[None]:
    """Held while one cluster is being booted or removed. A boot that was refused leaves no folder behind."""
    with locked(state_dir() / identity, f"cluster {identity}", within=within):
        try:
            yield
        finally:
            with suppress(OSError):
                (state_dir() / identity).rmdir()
                state_dir().rmdir()


def range_of(text: str) -> IPv4Network:
    """A range that a cluster can have, from what an operator wrote; BadInput for anything else."""
    possible = {str(network_of(slot)): network_of(slot) for slot in range(FIRST_SLOT, LAST_SLOT + 1)}
    if text not in possible:
        known = f"{network_of(FIRST_SLOT)}, {network_of(FIRST_SLOT + 1)} … {network_of(LAST_SLOT)}"
        raise BadInput(f"address range {text!r}", expected=f"one of: {known}")
    return possible[text]


def free_slot(wanted: IPv4Network | None = None) -> tuple[int, list[str]]:
    """A slot that nothing on this machine uses, and a sentence for each that was passed over.

    wanted: this range or none; ClusterError if it is taken
    """
    taken = {plan.slot: f"cluster {plan.id}" for plan in all_plans()}
    in_use = networks_in_use()
    candidates: Iterable[int] = range(FIRST_SLOT, LAST_SLOT + 1)
    if wanted is not None:
        candidates = [slot for slot in candidates if network_of(slot) == wanted]
    passed: list[str] = []
    for slot in candidates:
        user = taken.get(slot) or conflict(network_of(slot), in_use)
        if user is None:
            return slot, passed
        passed.append(f"{network_of(slot)} is in use by {user}")
    raise ClusterError(
        f"no free address range for a cluster: {wanted or '10.128.0.0/9'}",
        seen="; ".join(passed[:5]),
        todo="ask for another --range, or remove what uses it: ethinfra down --name NAME, ip route",
    )


def conflict(network: IPv4Network, in_use: dict[str, IPv4Network]) -> str | None:
    """Who uses a part of a network already; None if nobody does."""
    for user, other in in_use.items():
        if other.prefixlen >= _SHORTEST_CONFLICT and other.overlaps(network):
            return user
    return None


def networks_in_use() -> dict[str, IPv4Network]:
    """The machine's routes in all tables, as `route 10.1.0.0/16 dev eth1` → network. Links are in the table `local`."""
    routes = json.loads(run(["ip", "-json", "-4", "route", "show", "table", "all"]).stdout or "[]")
    found: dict[str, IPv4Network] = {}
    for route in routes:
        if route["dst"] != "default":
            via = f" dev {route['dev']}" if "dev" in route else ""
            found[f"route {route['dst']}{via}"] = IPv4Network(route["dst"], strict=False)
    return found

"""The figures of the issue, and who measures them."""

from __future__ import annotations

from benchmarks.fleet import FLEET_FIGURES
from benchmarks.replica import REPLICA_FIGURES
from benchmarks.result import Figure
from benchmarks.snapshot import SNAPSHOT_FIGURES
from ethinfra.errors import unknown_name

FIGURES = (
    Figure("static", "pytest features/static on two cores, nothing rendered before", 60),
    Figure("rendering", "rendering one client's sync node, the slowest client", 0.5),
    Figure("mutants", "careless edits of charts and values that no check notices", 0, "mutants"),
    Figure("tools", "all tool families, cold cache", 30 * 60),
    Figure("boot", "boot to node Ready and DNS answering, one node", 15),
    Figure("boot-three", "boot to nodes Ready and DNS answering, three nodes", 35),
    Figure("layers", "three layers healthy on a fresh cluster", 4 * 60),
    Figure("finality", "first final block after the ethereum layer starts", 90),
    Figure("certify", "make certify, everything cached", 15 * 60),
    Figure("memory", "control plane and node daemons, idle, one node", 900, "MB"),
    Figure("down", "down, with all layers deployed", 20),
    *SNAPSHOT_FIGURES,
    *REPLICA_FIGURES,
    *FLEET_FIGURES,
)

#: Figures that the life of a one-node cluster yields.
ONE_NODE = frozenset({"boot", "memory", "layers", "finality", "down"})

#: Figures that snapshots and serve nodes of a cluster yield.
FLEET = frozenset(figure.name for figure in FLEET_FIGURES)

#: Figures that pushes and restores of one database yield.
SNAPSHOTS = frozenset(figure.name for figure in SNAPSHOT_FIGURES)


def select(names: list[str]) -> list[Figure]:
    """Figures by name, in their order; all if none is named. BadInput lists the known ones."""
    known = {figure.name: figure for figure in FIGURES}
    for name in names:
        if name not in known:
            raise unknown_name("figure", name, list(known))
    return [figure for figure in FIGURES if not names or figure.name in names]

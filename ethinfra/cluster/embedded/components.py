"""Components: the long-lived programs of a cluster, as the supervisor knows them. Standard library only."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Component:
    """A program that shall run all the time.

    name:   `etcd`, or `<node>/kubelet`
    argv:   its command; `space` is the process id whose namespaces it runs in
    groups: directories of its control group, one for each tree
    probe:  how to see that it works: `https://…`, `http://…` (200), `tcp://host:port` or `unix:///path` (accepts)
    after:  components that must work before this one is started for the first time
    """

    name: str
    argv: tuple[str, ...]
    space: int
    groups: tuple[str, ...]
    log: str
    probe: str
    after: tuple[str, ...] = ()
    env: dict[str, str] = field(default_factory=dict, hash=False)


def dump_components(components: list[Component]) -> str:
    """The text for `components.json`."""
    return json.dumps([asdict(one) for one in components], indent=1)


def load_components(path: Path) -> list[Component]:
    """What the supervisor shall run."""
    return [
        Component(**{**one, "argv": tuple(one["argv"]), "groups": tuple(one["groups"]), "after": tuple(one["after"])})
        for one in json.loads(path.read_text())
    ]

"""Values that a chart must refuse, made from its schema: a misspelt key at every level, a wrong type at every key."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from ethinfra.deploy.values.schema import ANY, Key, Rule, dotted, is_closed, is_composite, rules

#: A key that no schema knows, and a name for the entries of maps.
MISSPELT, NAME = "misspelt", "any"


@dataclass(frozen=True)
class Wrong:
    """values: for one rendering. complaints: what helm must say about each key, as the beginning of a line."""

    values: dict[str, Any]
    complaints: dict[Key, str]

    def untold(self, said: str) -> list[str]:
        """Keys that helm let pass."""
        return [dotted(key) or "the top level" for key, complaint in self.complaints.items() if complaint not in said]


def misspelt(schema: Rule) -> Wrong:
    """One unknown key in every map that has known ones."""
    known = rules(schema)
    levels = [key for key, rule in known.items() if is_closed(rule)]
    values: dict[str, Any] = {}
    for level in levels:
        _put(values, _path(known, (*level, MISSPELT)), 1)
    complaints = {
        level: f"at '{_pointer(_path(known, level))}': additional properties '{MISSPELT}' not allowed"
        for level in levels
    }
    return Wrong(values, complaints)


def ill_typed(schema: Rule) -> list[Wrong]:
    """A number with a fraction, or text where one may be, at every key: at all scalars, then level by level.

    What is inside of a map cannot be wrong while the map itself is no map.
    """
    known = rules(schema)
    keys = [key for key in known if key]
    composites = [key for key in keys if is_composite(known[key])]
    scalars = [key for key in keys if key not in composites]
    depths = sorted({len(key) for key in composites})
    return [_ill_typed(known, scalars), *(_ill_typed(known, [k for k in composites if len(k) == d]) for d in depths)]


def _ill_typed(known: dict[Key, Rule], keys: Iterable[Key]) -> Wrong:
    values: dict[str, Any] = {}
    complaints = {}
    for key in keys:
        path = _path(known, key)
        _put(values, path, "1.5" if known[key].get("type") == "number" else 1.5)
        complaints[key] = f"at '{_pointer(path)}': "
    return Wrong(values, complaints)


def _path(known: dict[Key, Rule], key: Key) -> tuple[str | int, ...]:
    """A place in real values: the first of a list, some name of a map."""
    path: list[str | int] = []
    for index, name in enumerate(key):
        inside = known[key[:index]].get("type") == "array"
        path.append((0 if inside else NAME) if name == ANY else name)
    return tuple(path)


def _put(values: Any, path: tuple[str | int, ...], value: Any) -> None:
    """Set a value; maps, and lists of one entry, are made on the way."""
    for name, below in pairwise(path):
        empty: Any = {} if isinstance(below, str) else [{}]
        if isinstance(name, int) and not values[name]:
            values[name] = empty
        values = values.setdefault(name, empty) if isinstance(name, str) else values[name]
    values[path[-1]] = value


def _pointer(path: tuple[str | int, ...]) -> str:
    """As helm names a place in the values."""
    return "".join(f"/{name}" for name in path)

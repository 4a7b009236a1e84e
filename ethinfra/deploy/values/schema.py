"""The keys that a schema knows, with what it says of their values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

#: Any name in a map, any place in a list.
ANY = "*"

Key = tuple[str, ...]
Rule = dict[str, Any]


def dotted(key: Key) -> str:
    """As an operator writes it: `sync.nodes.*.name`."""
    return ".".join(key)


def rules(schema: Rule) -> dict[Key, Rule]:
    """Every key with its rule, references resolved; what stands beside a reference adds to it.

    A map or list has one key more, which ends in `*`, for what is in it.
    """
    return dict(_walk(schema, schema, ()))


def _walk(schema: Rule, rule: Rule, key: Key) -> Iterator[tuple[Key, Rule]]:
    while "$ref" in rule:
        target = schema["$defs"][rule["$ref"].rpartition("/")[2]]
        rule = {**target, **{name: said for name, said in rule.items() if name != "$ref"}}
    yield key, rule
    for name, below in rule.get("properties", {}).items():
        yield from _walk(schema, below, (*key, name))
    for below in _inside(rule):
        yield from _walk(schema, below, (*key, ANY))


def _inside(rule: Rule) -> list[Rule]:
    """Rules of what a map or a list holds."""
    found = [*rule.get("patternProperties", {}).values(), rule.get("additionalProperties"), rule.get("items")]
    return [one for one in found if isinstance(one, dict)]


def is_composite(rule: Rule) -> bool:
    """Whether the schema knows what is inside, key by key or entry by entry."""
    return bool(rule.get("properties") or _inside(rule))


def named(known: Iterable[Key]) -> list[Key]:
    """Those that have a name of their own: what an operator looks up."""
    return [key for key in known if key and key[-1] != ANY]


def leaves(known: Iterable[Key]) -> list[Key]:
    """Named keys without named keys inside."""
    keys = named(known)
    inner = {key[:length] for key in keys for length in range(1, len(key))}
    return [key for key in keys if key not in inner]


def place(schema: Rule, path: Key) -> Key:
    """The key of a place in real values: names inside free maps become `*`. An unknown name stays as it is."""
    known = rules(schema)
    found: Key = ()
    for name in path:
        found = (*found, name) if (*found, name) in known or (*found, ANY) not in known else (*found, ANY)
    return found


def is_closed(rule: Rule) -> bool:
    """Whether a map takes the keys that it knows and no others."""
    return rule.get("additionalProperties") is False and not rule.get("patternProperties")


def is_open(rule: Rule) -> bool:
    """Whether a map takes any key, of which the schema says nothing."""
    return rule.get("type") == "object" and "additionalProperties" not in rule

"""An environment: where the layers run, which there are, how long things may take, what a scenario may rely on.

`environments/default.yaml` is inherited, `environments/<env>.yaml` holds the differences. helmfile reads the same two
files as environment values, so a fact stands in one place.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from ethinfra.errors import BadInput, unknown_name
from ethinfra.paths import ROOT

PROVIDERS = ("embedded", "kind", "context")


class Pin(StrEnum):
    """What decides which image a pod runs."""

    TAG = "tag"
    DIGEST = "digest"


_NUMBER = {"type": "number", "exclusiveMinimum": 0}
_NAMES = {"type": "array", "items": {"type": "string"}, "uniqueItems": True}
_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["cluster", "layers", "network", "images", "keda", "capabilities", "timeouts", "budgets"],
    "properties": {
        "cluster": {
            "type": "object",
            "additionalProperties": False,
            "required": ["provider", "nodes", "contexts"],
            "properties": {
                "provider": {"enum": list(PROVIDERS)},
                "nodes": {"type": "integer", "minimum": 1, "maximum": 20},
                "contexts": _NAMES,
            },
        },
        "layers": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "additionalProperties": False,
                "required": ["order", "needs", "namespace"],
                "properties": {
                    "order": {"type": "integer"},
                    "needs": _NAMES,
                    "namespace": {"type": "string"},
                    "pending": {"type": "string", "minLength": 1},
                },
            },
        },
        "network": {"type": "string"},
        "images": {
            "type": "object",
            "additionalProperties": False,
            "required": ["pin"],
            "properties": {"pin": {"enum": [str(pin) for pin in Pin]}},
        },
        "keda": {
            "type": "object",
            "additionalProperties": False,
            "required": ["enabled"],
            "properties": {"enabled": {"type": "boolean"}},
        },
        "capabilities": _NAMES,
        "timeouts": {"type": "object", "additionalProperties": _NUMBER},
        "budgets": {"type": "object", "additionalProperties": _NUMBER},
    },
}


@dataclass(frozen=True)
class Layer:
    """A helmfile layer: `helmfiles/<name>.helmfile.yaml.gotmpl`.

    pending: why there is nothing to deploy yet; empty for a layer that is.
    """

    name: str
    order: int
    needs: tuple[str, ...]
    namespace: str
    pending: str = ""


@dataclass(frozen=True)
class Environment:
    """One file of `environments/`, complete. Immutable; overrides make another one (`dataclasses.replace`)."""

    name: str
    provider: str
    nodes: int
    contexts: tuple[str, ...]
    layers: tuple[Layer, ...]
    network: str
    pin: Pin
    capabilities: frozenset[str]
    timeouts: dict[str, float] = field(hash=False)
    budgets: dict[str, float] = field(hash=False)

    def timeout(self, name: str) -> float:
        """Seconds; BadInput with the known names if there is no such timeout."""
        return _named("timeout", name, self.timeouts)

    def budget(self, name: str) -> float:
        """A bound that is not a time; BadInput with the known names if there is no such budget."""
        return _named("budget", name, self.budgets)

    def layer(self, name: str) -> Layer:
        """BadInput with the known names if there is no such layer."""
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise unknown_name("layer", name, [layer.name for layer in self.layers])

    def layers_up_to(self, name: str) -> tuple[Layer, ...]:
        """A layer and all that it needs, directly or not, in the order in which they come up."""
        wanted: set[str] = set()

        def visit(one: str) -> None:
            if one not in wanted:
                wanted.add(one)
                for need in self.layer(one).needs:
                    visit(need)

        visit(name)
        return tuple(layer for layer in self.layers if layer.name in wanted)


def known_environments() -> list[str]:
    """The names that `--env` takes, in alphabetical order."""
    return sorted(path.stem for path in (ROOT / "environments").glob("*.yaml") if path.stem != "default")


@cache
def load_environment(name: str) -> Environment:
    """Read an environment. BadInput names the file and the key where something is wrong."""
    known = known_environments()
    if name not in known:
        raise unknown_name("environment", name, known)
    path = ROOT / "environments" / f"{name}.yaml"
    document = merge(_read(ROOT / "environments" / "default.yaml"), _read(path))
    return parse_environment(name, document, source=path)


def parse_environment(name: str, document: dict[str, Any], *, source: Path) -> Environment:
    """Check a merged document and make an environment of it."""
    problem = next(iter(jsonschema.Draft202012Validator(_SCHEMA).iter_errors(document)), None)
    if problem is not None:
        where = ".".join(str(part) for part in problem.absolute_path) or "(top level)"
        raise BadInput(f"{source}: {where}", seen=problem.message, todo="see environments/default.yaml for every key")
    layers = sorted(
        (
            Layer(key, raw["order"], tuple(raw["needs"]), raw["namespace"], raw.get("pending", ""))
            for key, raw in document["layers"].items()
        ),
        key=lambda layer: layer.order,
    )
    seen: set[str] = set()
    for layer in layers:
        late = set(layer.needs) - seen
        if late:
            raise BadInput(
                f"{source}: layers.{layer.name}.needs",
                expected="layers that come up earlier",
                seen=", ".join(sorted(late)),
                todo="give it a higher order, or mend the name",
            )
        seen.add(layer.name)
    networks = sorted(path.stem for path in (ROOT / "values" / "networks").glob("*.yaml"))
    if document["network"] not in networks:
        raise unknown_name(f"network in {source}:", document["network"], networks)
    cluster = document["cluster"]
    return Environment(
        name=name,
        provider=cluster["provider"],
        nodes=cluster["nodes"],
        contexts=tuple(cluster["contexts"]),
        layers=tuple(layers),
        network=document["network"],
        pin=Pin(document["images"]["pin"]),
        capabilities=frozenset(document["capabilities"]),
        timeouts=dict(document["timeouts"]),
        budgets=dict(document["budgets"]),
    )


def merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Deep-merge maps; anything else is replaced, as helmfile does with its environment values."""
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = merge(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


def _named(kind: str, name: str, table: dict[str, float]) -> float:
    if name not in table:
        raise unknown_name(kind, name, sorted(table))
    return table[name]


def _read(path: Path) -> dict[str, Any]:
    try:
        document = yaml.safe_load(path.read_text()) or {}
    except yaml.YAMLError as reason:
        raise BadInput(f"{path} is not YAML", seen=str(reason), todo="mend the line that is named") from reason
    if not isinstance(document, dict):
        raise BadInput(f"{path}", expected="a map", seen=type(document).__name__)
    return document

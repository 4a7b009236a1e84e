"""What a chart says of its values, as text: read once, and changed at will where a disagreement is tried."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from ethinfra.clients import known_clients
from ethinfra.deploy.values.schema import Key
from ethinfra.paths import ROOT

CHARTS = ("ethereum-infrastructure", "infrastructure", "keda", "registry")


@dataclass(frozen=True)
class Copy:
    """Keys that are the same as others, and are not explained twice.

    together: of a thing that is the same wherever it is given, so that a key of it is used if one of the copies is
    without: keys inside that it does not have
    """

    key: Key
    of: Key
    why: str
    together: bool = False
    without: tuple[Key, ...] = ()

    def has(self, below: Key) -> bool:
        """Whether a key inside is copied."""
        return not any(below[: len(one)] == one for one in self.without)


def key_of(path: str) -> Key:
    """`sync.nodes.*` as a key."""
    return tuple(path.split("."))


#: By chart; a key is looked up in the first that it begins with.
COPIES: dict[str, tuple[Copy, ...]] = {
    "ethereum-infrastructure": (
        Copy(key_of("sync.nodes.*.network"), key_of("network"), "A network of the node's own, whole", together=True),
        Copy(key_of("sync.nodes.*"), key_of("sync.defaults"), "What this node does not take from the defaults"),
        Copy(
            key_of("validators"),
            key_of("sync.defaults"),
            "As of a sync node",
            without=(key_of("snapshots"), key_of("drainSeconds")),
        ),
        Copy(key_of("serve.nodes.*"), key_of("serve.defaults"), "What this node does not take from the defaults"),
        Copy(
            key_of("serve.defaults"),
            key_of("sync.defaults"),
            "As of a sync node",
            without=(key_of("snapshots"), key_of("storage.whenDeleted"), key_of("storage.whenScaled")),
        ),
        *(
            Copy(
                key_of(f"clients.*.{program}"),
                key_of("clients.*.execution"),
                f"The {program} program of a client",
                together=True,
            )
            for program in ("consensus", "validator", "genesis")
        ),
    ),
}


@dataclass(frozen=True)
class Chart:
    """schema, manual: values.schema.json, and values.yaml as it is written. templates: path inside the chart → text.

    programs: flags and environment of clients by where they stand; they are templates of the ethereum chart too
    """

    name: str
    schema: dict[str, Any]
    manual: str
    templates: dict[str, str]
    programs: dict[str, list[str]] = field(default_factory=dict)

    @property
    def copies(self) -> tuple[Copy, ...]:
        return COPIES.get(self.name, ())

    def copy_of(self, key: Key) -> Copy | None:
        """The rule by which a key is explained elsewhere."""
        return next((one for one in self.copies if key[: len(one.key)] == one.key and key != one.key), None)

    def original(self, key: Key) -> Key | None:
        """The key that explains this one."""
        copy = self.copy_of(key)
        return (*copy.of, *key[len(copy.key) :]) if copy else None


def read_chart(name: str) -> Chart:
    """From its folder in the checkout."""
    folder = ROOT / "charts" / name
    paths = [
        path for below in ("templates", "files") for path in sorted((folder / below).rglob("*.*")) if path.is_file()
    ]
    return Chart(
        name,
        json.loads((folder / "values.schema.json").read_text()),
        (folder / "values.yaml").read_text(),
        {str(path.relative_to(folder)): path.read_text() for path in paths},
        _programs() if name == "ethereum-infrastructure" else {},
    )


def _programs() -> dict[str, list[str]]:
    """`clients.geth.execution.flags.base` → its templates."""
    found: dict[str, list[str]] = {}
    for client, programs in known_clients().items():
        for name, known in programs.items():
            where = f"clients.{client}.{name}"
            for group, flags in _groups(known["flags"]):
                found[f"{where}.flags.{group}"] = flags
            for option, said in known.get("options", {}).items():
                found[f"{where}.options.{option}.flags"] = said["flags"]
            if "environment" in known:
                found[f"{where}.environment"] = list(known["environment"].values())
    return found


def _groups(flags: dict[str, Any]) -> list[tuple[str, list[str]]]:
    found = []
    for group, inside in flags.items():
        if isinstance(inside, dict):
            found += [(f"{group}.{name}", below) for name, below in inside.items()]
        else:
            found.append((group, inside))
    return found

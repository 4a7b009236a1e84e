"""Where the schema, the manual, the templates and the table of a chart disagree, as sentences that name the key."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ethinfra.deploy.values.chart import Chart, key_of
from ethinfra.deploy.values.manual import entries
from ethinfra.deploy.values.schema import ANY, Key, Rule, dotted, is_closed, is_open, leaves, named, rules
from ethinfra.deploy.values.table import documented, meaning
from ethinfra.deploy.values.usage import Usage, used
from ethinfra.paths import ROOT


@dataclass(frozen=True)
class Elsewhere:
    """A key, with all below it, that no template uses. reader: the file that does; without one, people do."""

    key: Key
    why: str
    reader: str = ""


def _elsewhere(path: str, why: str, reader: str = "") -> Elsewhere:
    return Elsewhere(key_of(path), why, reader)


_CLIENT = "clients.*.execution"
_TABLE = "ethinfra/clients/table.py"

#: What values are for besides manifests.
ELSEWHERE: dict[str, tuple[Elsewhere, ...]] = {
    "ethereum-infrastructure": (
        _elsewhere("global", "helm's own"),
        _elsewhere("network.fundedAccounts.mnemonic", "for tools that send transactions", "ethinfra/chain/accounts.py"),
        _elsewhere("network.forks.*.time", "compared with the genesis", "ethinfra/chain/network_check.py"),
        _elsewhere("network.forks.*.epoch", "compared with the genesis", "ethinfra/chain/network_check.py"),
        _elsewhere("network.depositContract.address", "compared with the genesis", "ethinfra/chain/network_check.py"),
        _elsewhere(f"{_CLIENT}.sources", "for whoever doubts a fact"),
        _elsewhere(f"{_CLIENT}.help", "flags are compared with it", "ethinfra/clients/flags.py"),
        _elsewhere(f"{_CLIENT}.negates", "flags are compared with it", "ethinfra/clients/flags.py"),
        _elsewhere(f"{_CLIENT}.user", "for whoever builds the image"),
        _elsewhere(f"{_CLIENT}.stopSignal", "images carry it", "ethinfra/images/standard.py"),
        _elsewhere(f"{_CLIENT}.health.headers", "probes are compared with it", "ethinfra/deploy/rules/probes.py"),
        _elsewhere(f"{_CLIENT}.health.means", "for whoever writes a probe"),
        _elsewhere(f"{_CLIENT}.health.tools", "probes are compared with it", "ethinfra/deploy/rules/probes.py"),
        _elsewhere(f"{_CLIENT}.metrics.series", "scenarios read them", _TABLE),
        _elsewhere(f"{_CLIENT}.log", "scenarios read it", "steps/restart.py"),
        _elsewhere(f"{_CLIENT}.databaseChanges.*.source", "for whoever doubts it"),
        _elsewhere(f"{_CLIENT}.options.*.about", "for whoever chooses"),
        _elsewhere(f"{_CLIENT}.options.*.holds", "said where the files are missing", "templates/_checks.tpl"),
        _elsewhere(f"{_CLIENT}.capabilities", "scenarios and rules go by them", _TABLE),
        _elsewhere(f"{_CLIENT}.rpcDifferences", "scenarios go by them", _TABLE),
    ),
    "infrastructure": (_elsewhere("global", "helm's own"),),
    "keda": (_elsewhere("global", "helm's own"),),
    "registry": (_elsewhere("global", "helm's own"),),
}

#: Optional parts of Kubernetes' own objects, which no manual shows.
_OPTIONAL = {"global", "matchLabels", "matchExpressions", "ephemeral-storage"}

#: Maps of which the schema says nothing, because others define them. Copies are looked up by their originals.
OPEN = {
    "network.genesis.execution": "go-ethereum's format",
    "network.genesis.formats.*": "formats of other clients",
    "sync.defaults.placement.affinity.nodeAffinity": "Kubernetes' own",
    "sync.defaults.placement.affinity.podAffinity": "Kubernetes' own",
    "sync.defaults.placement.affinity.podAntiAffinity": "Kubernetes' own",
}


def disagreements(chart: Chart, page: str) -> list[str]:
    """Every sentence of every comparison. page: docs/values.md."""
    compare: list[Callable[[], Iterator[str]]] = [
        lambda: open_levels(chart),
        lambda: schema_and_manual(chart),
        lambda: copies(chart),
        lambda: unexplained(chart),
        lambda: schema_and_templates(chart),
        lambda: schema_and_table(chart, page),
    ]
    return [f"{chart.name}: {sentence}" for one in compare for sentence in one()]


def open_levels(chart: Chart) -> Iterator[str]:
    """A map has known keys, or entries that are described, or its keys are somebody else's."""
    for key, rule in rules(chart.schema).items():
        original = _first(chart, key)
        if (is_open(rule) and dotted(original) not in OPEN) or (rule.get("properties") and not is_closed(rule)):
            yield f"values.schema.json: {dotted(key) or 'the top level'} takes any key"


def schema_and_manual(chart: Chart) -> Iterator[str]:
    """values.yaml has what the schema knows, and nothing else. Entries of maps and lists are shown at will."""
    known = rules(chart.schema)
    manual = entries(chart.manual, chart.schema)
    for key in manual:
        if not _takes(known, key):
            yield f"values.yaml: {dotted(key)} is unknown to values.schema.json"
    for key in named(known):
        if ANY in key or key in manual or _OPTIONAL & {key[-1]}:
            continue
        above = next((key[:length] for length in range(len(key) - 1, 0, -1) if key[:length] in manual), ())
        # What is empty by default has nothing inside.
        if not above or manual[above].default not in ({}, []):
            yield f"values.yaml: {dotted(key)} is missing; values.schema.json has it"


def copies(chart: Chart) -> Iterator[str]:
    """Keys that stand for others have all of them."""
    known = rules(chart.schema)
    for one in chart.copies:
        for key in named(known):
            copied = (*one.key, *key[len(one.of) :])
            if key[: len(one.of)] == one.of and one.has(key[len(one.of) :]) and copied not in known:
                yield f"values.schema.json: {dotted(copied)} is missing; {dotted(one.of)} has it"


def unexplained(chart: Chart) -> Iterator[str]:
    """Every key means something."""
    manual = entries(chart.manual, chart.schema)
    known = rules(chart.schema)
    for key in leaves(known):
        if not meaning(chart, key, known, manual):
            yield (
                f"{dotted(key)} is explained nowhere: comment it in values.yaml, or describe it in values.schema.json"
            )


def schema_and_templates(chart: Chart) -> Iterator[str]:
    """Templates use every key, and none that is not there."""
    known = rules(chart.schema)
    usage = used(chart)
    for key, where in usage.keys().items():
        if not any(_takes(known, one) for one in _family(chart, key)):
            yield f"{where} uses {dotted(key)}, which values.schema.json does not have"
    for key in leaves(known):
        reader = next((one for one in ELSEWHERE.get(chart.name, ()) if _is_below(_first(chart, key), one.key)), None)
        if not reader and not _used_together(chart, usage, key):
            yield f"no template uses {dotted(key)}"
    for one in ELSEWHERE.get(chart.name, ()):
        yield from _elsewhere_holds(chart, one, known, usage)


def _elsewhere_holds(chart: Chart, one: Elsewhere, known: dict[Key, Rule], usage: Usage) -> Iterator[str]:
    """What is said to be read elsewhere is, and not by templates as well."""
    inside = [key for key in leaves(known) if _is_below(key, one.key)]
    if not inside or all(_used_together(chart, usage, key) for key in inside):
        yield f"{dotted(one.key)} is used by templates or gone: take it out of ELSEWHERE ({__name__})"
    if one.reader and not re.search(rf"\b{re.escape(one.key[-1])}\b", _text(chart, one.reader)):
        yield f"{dotted(one.key)} is not named in {one.reader}, which is said to read it: mend ELSEWHERE ({__name__})"


def _text(chart: Chart, path: str) -> str:
    """Of a file of the chart, or of the project; empty where there is none."""
    if path in chart.templates:
        return chart.templates[path]
    return (ROOT / path).read_text() if (ROOT / path).exists() else ""


def schema_and_table(chart: Chart, page: str) -> Iterator[str]:
    """docs/values.md has a row for every key, and for nothing else."""
    known = rules(chart.schema)
    rows = documented(page, chart.name)
    for key in leaves(known):
        if not _documented(chart, key, rows):
            yield f"docs/values.md: {dotted(key)} is missing; `ethinfra values write` renews the table"
    for row in sorted(rows):
        if row.removesuffix(".…") not in map(dotted, known):
            yield f"docs/values.md: {row} is unknown to values.schema.json; `ethinfra values write` renews the table"


def _documented(chart: Chart, key: Key, rows: set[str]) -> bool:
    copy = chart.copy_of(key)
    if dotted(key) in rows:
        return True
    original = chart.original(key)
    return bool(copy and original and f"{dotted(copy.key)}.…" in rows and _documented(chart, original, rows))


def _used_together(chart: Chart, usage: Usage, key: Key) -> bool:
    """A key of something that is given whole, a network or a client, is used if one of its copies is."""
    copy = chart.copy_of(key)
    if copy and copy.together:
        return any(usage.uses(one) for one in _family(chart, key))
    together = [one for one in chart.copies if one.together and _is_below(key, one.of)]
    return usage.uses(key) or any(usage.uses((*one.key, *key[len(one.of) :])) for one in together)


def _family(chart: Chart, key: Key) -> list[Key]:
    """The key, what it is a copy of, and all copies of that: one template serves them all."""
    first = _first(chart, key)
    below = [(*one.key, *first[len(one.of) :]) for one in chart.copies if _is_below(first, one.of)]
    return [key, first, *below]


def _first(chart: Chart, key: Key) -> Key:
    """What a key is a copy of, at the end; most are of nothing."""
    original = chart.original(key)
    return key if original is None else _first(chart, original)


def _is_below(key: Key, above: Key) -> bool:
    return key[: len(above)] == above


def _takes(known: dict[Key, Rule], key: Key) -> bool:
    """Whether values may have the key: by its name, or inside a map or list that takes any."""
    at: Key = ()
    for name in key:
        kinds = known[at].get("type", [])
        free = is_open(known[at]) or (isinstance(kinds, list) and {"object", "array"} & set(kinds))
        if free:
            return True
        at = (*at, name) if (*at, name) in known else (*at, ANY)
        if at not in known:
            return False
    return True

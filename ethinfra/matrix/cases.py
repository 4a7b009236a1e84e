"""Which cases there are, and a small set of them in which every two choices come together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import combinations, product

from allpairspy import AllPairs

from ethinfra.clients import known_clients
from ethinfra.environment import known_environments
from ethinfra.matrix.case import Case, refusal
from ethinfra.matrix.networks import known_values
from ethinfra.matrix.switches import SWITCHES

Choice = str

#: Two dimensions, each with a choice.
Pair = tuple[tuple[str, Choice], tuple[str, Choice]]


def dimensions() -> dict[str, list[Choice]]:
    """Every dimension with its choices, from the files that are there: nobody keeps a list."""
    clients = known_clients()
    return {
        "environment": known_environments(),
        "network": sorted(known_values()),
        "execution": sorted(name for name, programs in clients.items() if "execution" in programs),
        "consensus": sorted(name for name, programs in clients.items() if "consensus" in programs),
        **{name: list(settings) for name, (settings, _) in SWITCHES.items()},
    }


def pairwise_cases() -> list[Case]:
    """Cases that can be had, such that every two choices that go together are in one of them. The same every time."""
    everything = dimensions()
    found = AllPairs(list(everything.values()), filter_func=lambda row: _possible(everything, row))
    return completed([_case(list(row)) for row in found])


def choices(case: Case) -> list[tuple[str, Choice]]:
    """What is chosen in each dimension."""
    named = {"environment": case.environment, "network": case.network}
    return [*named.items(), ("execution", case.execution), ("consensus", case.consensus), *case.settings]


def missing_pairs(cases: Sequence[Case]) -> list[Pair]:
    """Every two choices that go together, and that no case has together."""
    there = {pair for case in cases for pair in combinations(choices(case), 2)}
    every = [(name, choice) for name, options in dimensions().items() for choice in options]
    return [
        (one, other)
        for one, other in combinations(every, 2)
        if one[0] != other[0] and (one, other) not in there and _clients_for(dict((one, other)))
    ]


def completed(cases: list[Case]) -> list[Case]:
    """With a case for each pair that is still missing: where some choices exclude others, AllPairs overlooks a few."""
    everything = dimensions()
    cases = list(cases)
    while missing := missing_pairs(cases):
        chosen = dict(missing[0])
        for pair in missing:
            fits = all(chosen.get(name, choice) == choice for name, choice in pair)
            if fits and _clients_for(chosen | dict(pair)):
                chosen |= dict(pair)
        chosen = {**_clients_for(chosen)[0], **chosen}
        cases.append(_case([chosen.get(name, options[0]) for name, options in everything.items()]))
    return cases


def _clients_for(chosen: dict[str, Choice]) -> list[dict[str, Choice]]:
    """Networks and clients that go together and with what is chosen."""
    everything = dimensions()
    names = ("network", "execution", "consensus", "other-network")
    rows = product(*([chosen[name]] if name in chosen else everything[name] for name in names))
    return [dict(zip(names, row, strict=True)) for row in rows if not _refusal(*row)]


@cache
def _refusal(network: str, execution: str, consensus: str, elsewhere: str) -> str:
    return refusal(Case("local", network, execution, consensus, (("other-network", elsewhere),)))


def every_case() -> Iterator[Case]:
    """The full product: hundreds of thousands of cases."""
    for row in product(*dimensions().values()):
        case = _case(row)
        if not refusal(case):
            yield case


def plain_cases() -> list[Case]:
    """Every two clients on every network, with the chart's own settings; those that cannot follow it too."""
    everything = dimensions()
    settings = tuple((name, options[0]) for name, (options, _) in SWITCHES.items())
    return [
        Case(everything["environment"][0], network, execution, consensus, settings)
        for network, execution, consensus in product(
            everything["network"], everything["execution"], everything["consensus"]
        )
    ]


def refused_pairs() -> list[Case]:
    """Clients that cannot follow a network: one case for each, which the chart must refuse."""
    return [case for case in plain_cases() if refusal(case)]


def _possible(everything: dict[str, list[Choice]], row: Sequence[Choice]) -> bool:
    """Whether a row, or the beginning of one, can still become a case that the chart takes."""
    chosen = dict(zip(everything, row, strict=False))
    if not {"network", "execution", "consensus"} <= chosen.keys():
        return True
    # A node elsewhere does not care what the release's network is; the release has it all the same.
    elsewhere = chosen.get("other-network", "none")
    return not _refusal(chosen["network"], chosen["execution"], chosen["consensus"], elsewhere)


def _case(row: Sequence[Choice]) -> Case:
    environment, network, execution, consensus, *settings = row
    return Case(environment, network, execution, consensus, tuple(zip(SWITCHES, settings, strict=True)))

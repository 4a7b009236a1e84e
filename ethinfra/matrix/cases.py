"""Which cases there are, and a small set of them in which every two choices come together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

from allpairspy import AllPairs

from ethinfra.clients import known_clients
from ethinfra.environment import known_environments
from ethinfra.matrix.case import Case, refusal
from ethinfra.matrix.networks import known_values
from ethinfra.matrix.switches import SWITCHES

Choice = str


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
    return [_case(list(row)) for row in found]


def every_case() -> Iterator[Case]:
    """The full product: hundreds of thousands of cases."""
    for row in product(*dimensions().values()):
        case = _case(row)
        if not refusal(case):
            yield case


def refused_pairs() -> list[Case]:
    """Clients that cannot follow a network, with the chart's own settings: one case for each, which must be refused."""
    everything = dimensions()
    settings = tuple((name, options[0]) for name, (options, _) in SWITCHES.items())
    cases = [
        Case(everything["environment"][0], network, execution, consensus, settings)
        for network, execution, consensus in product(
            everything["network"], everything["execution"], everything["consensus"]
        )
    ]
    return [case for case in cases if refusal(case)]


def _possible(everything: dict[str, list[Choice]], row: Sequence[Choice]) -> bool:
    """Whether a row, or the beginning of one, can still become a case that the chart takes."""
    chosen = dict(zip(everything, row, strict=False))
    if not {"network", "execution", "consensus"} <= chosen.keys():
        return True
    other = chosen.get("other-network", "none")
    case = Case("local", chosen["network"], chosen["execution"], chosen["consensus"], (("other-network", other),))
    # A node elsewhere does not care what the release's network is; the release has it all the same.
    return not refusal(case)


def _case(row: Sequence[Choice]) -> Case:
    environment, network, execution, consensus, *settings = row
    return Case(environment, network, execution, consensus, tuple(zip(SWITCHES, settings, strict=True)))

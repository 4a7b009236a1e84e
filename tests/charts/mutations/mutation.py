"""What a mutation is, and the objects that most of them are about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ethinfra.deploy.rules import Rule
from tests.charts.draft import Draft

GETH = "StatefulSet ethereum/geth"
VALIDATORS = "StatefulSet ethereum/validators"
REGISTRY = "StatefulSet local-registry/registry"
KEDA = "Role keda/keda-operator"


@dataclass(frozen=True)
class Mutation:
    """A change of a draft, and what must come of it.

    rule:  complains then; whoever else does is not asked, since one broken end has two sides
    named: the object that all its complaints are about
    """

    change: Callable[[Draft], None]
    rule: Rule
    named: str

    def __str__(self) -> str:
        return self.change.__name__


MUTATIONS: list[Mutation] = []


def breaks(rule: Rule, named: str) -> Callable[[Callable[[Draft], None]], Callable[[Draft], None]]:
    def add(change: Callable[[Draft], None]) -> Callable[[Draft], None]:
        MUTATIONS.append(Mutation(change, rule, named))
        return change

    return add

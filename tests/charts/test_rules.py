"""What is rendered keeps to every rule, in every environment; and every rule notices what it is there for."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ethinfra.clients import known_clients
from ethinfra.deploy.rules import RULES, Manifests, complaints
from ethinfra.kube import Object
from tests.charts.conftest import ENVIRONMENTS
from tests.charts.draft import Draft
from tests.charts.mutations import MUTATIONS, Mutation


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_rendered_manifests_keep_to(rule: str, environment: str, manifests: Callable[[str], Manifests]) -> None:
    assert RULES[rule](manifests(environment)) == []


@pytest.mark.parametrize("mutation", MUTATIONS, ids=str)
def test_rule_notices_that(mutation: Mutation, local: Manifests) -> None:
    """One thing is broken: the rule for it complains, and of nothing else."""
    draft = Draft(local)
    mutation.change(draft)

    said = mutation.rule(draft.manifests)

    assert {line.partition(": ")[0] for line in said} == {mutation.named}


def test_a_flag_of_the_operators_that_opens_the_engine_is_noticed(ethereum: Callable[..., list[Object]]) -> None:
    """Flags at the end win."""
    objects = ethereum({"sync.defaults.execution.extraArgs": ["--authrpc.addr=0.0.0.0"]})

    assert "engine_listens_on_loopback" in complaints(Manifests(tuple(objects), known_clients()))


def test_every_mutation_has_a_name_of_its_own() -> None:
    """A function that is defined twice would look like two controls."""
    names = [str(mutation) for mutation in MUTATIONS]

    assert sorted(names) == sorted(set(names))


def test_a_draft_leaves_the_manifests_alone(local: Manifests) -> None:
    """Mutations share what was rendered."""
    draft = Draft(local)
    draft["StatefulSet ethereum/geth"]["spec"]["replicas"] = 40

    assert complaints(local) == {}

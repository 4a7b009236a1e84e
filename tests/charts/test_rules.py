"""What is rendered keeps to every rule, in every environment; and every rule notices what it is there for."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ethinfra.deploy.rules import RULES, Manifests, complaints
from tests.charts.conftest import ENVIRONMENTS
from tests.charts.draft import Draft
from tests.charts.mutations import MUTATIONS, Mutation


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_rendered_manifests_keep_to(rule: str, environment: str, manifests: Callable[[str], Manifests]) -> None:
    assert RULES[rule](manifests(environment)) == []


@pytest.mark.parametrize("mutation", MUTATIONS, ids=str)
def test_rule_notices_that(mutation: Mutation, local: Manifests) -> None:
    """One thing is broken: the rule for it complains and names the object, and no other rule finds anything."""
    draft = Draft(local)
    mutation.change(draft)

    said = complaints(draft.manifests)

    assert set(said) == {rule.__name__ for rule in (mutation.rule, *mutation.also)}
    assert {line.partition(": ")[0] for lines in said.values() for line in lines} == {mutation.named}


def test_every_rule_can_fail() -> None:
    assert {mutation.rule.__name__ for mutation in MUTATIONS} == set(RULES)


def test_every_mutation_has_a_name_of_its_own() -> None:
    """A function that is defined twice would look like two controls."""
    names = [str(mutation) for mutation in MUTATIONS]

    assert sorted(names) == sorted(set(names))


def test_a_draft_leaves_the_manifests_alone(local: Manifests) -> None:
    """Mutations share what was rendered."""
    draft = Draft(local)
    draft["StatefulSet ethereum/geth"]["spec"]["replicas"] = 40

    assert complaints(local) == {}

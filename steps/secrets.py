"""Steps about secrets where none may be."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_bdd import parsers, then, when

from ethinfra.deploy.rules import RULES
from ethinfra.errors import MissingCapability
from ethinfra.images.secrets import checkout_findings, history_findings
from ethinfra.paths import ROOT
from ethinfra.trial.secrets import Planted, made, planted_in
from fixtures.matrix import Matrix
from fixtures.statuses import not_applicable


@dataclass(frozen=True)
class Search:
    """A secret, what has it, and what was found."""

    planted: Planted
    place: str
    found: list[str]


@when(parsers.parse("{secret} is planted in {place} of one of them"), target_fixture="search")
def planted(secret: str, place: str, matrix: Matrix) -> Search:
    """Made anew, in a copy of the manifests of one rendering: `a flag`, `the environment`, `a ConfigMap` or
    `a Secret's data`.
    """
    one = made(secret)
    manifests, title = planted_in(matrix.renderings[0].manifests, place, one.text)
    return Search(one, title, RULES["secrets_are_in_no_manifest"](manifests))


@then("it is found, with its kind and place and without the secret")
def found(search: Search) -> None:
    """The object, and no more of the secret than its first characters."""
    assert any(search.place in one and search.planted.kind in one for one in search.found), search.found
    assert not search.planted.shown_in("\n".join(search.found))


@then("no file that git knows or would take holds a secret")
def clean_checkout() -> None:
    """Values, charts, pages, sources: as they are now."""
    said = checkout_findings(ROOT)
    assert not said, "\n".join(said)


@then("nothing that was ever committed to any branch holds a secret")
def clean_history() -> None:
    """Files and messages. A clone without its history cannot show it."""
    try:
        said = history_findings(ROOT)
    except MissingCapability as reason:
        not_applicable(str(reason))
    assert not said, "\n".join(said)

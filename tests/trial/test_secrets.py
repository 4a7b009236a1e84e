"""Secrets that scenarios plant: found by the rule where they are, and by nothing where they are not."""

from __future__ import annotations

import pytest

from ethinfra.deploy import render_layer
from ethinfra.deploy.rules import RULES, Manifests
from ethinfra.environment import load_environment
from ethinfra.errors import BadInput
from ethinfra.images.secrets import findings
from ethinfra.trial.secrets import _PLACES, _SECRETS, made, planted_in

RULE = RULES["secrets_are_in_no_manifest"]


@pytest.fixture(scope="module")
def manifests() -> Manifests:
    known = load_environment("local")
    return Manifests.of([render_layer(known, known.layer("ethereum"))])


@pytest.mark.parametrize("name", _SECRETS)
def test_each_is_new_and_one_that_findings_know(name: str):
    first, second = made(name), made(name)

    assert first.text != second.text
    (found,) = findings(first.text, "here")
    assert first.kind in found
    assert not first.shown_in(found)
    assert first.shown_in(f"{found}\n{first.text}")


@pytest.mark.parametrize("place", _PLACES)
def test_planted_one_is_in_a_copy_and_is_found(place: str, manifests: Manifests):
    secret = made("a private key")
    copy, title = planted_in(manifests, place, secret.text)

    assert [one for one in RULE(copy) if title in one and secret.kind in one]
    assert RULE(manifests) == []


def test_what_is_no_secret_is_not_found(manifests: Manifests):
    copy, _ = planted_in(manifests, "a flag", "of no use to anybody")

    assert RULE(copy) == []


def test_unknown_names_are_refused(manifests: Manifests):
    with pytest.raises(BadInput, match="a JWT secret"):
        made("a password")
    with pytest.raises(BadInput, match="a ConfigMap"):
        planted_in(manifests, "a label", "x")

"""Values that must be refused are wrong in every place at once, and a place that is let pass is named."""

from __future__ import annotations

from ethinfra.deploy.values import ill_typed, misspelt
from tests.deploy.values.conftest import SCHEMA


def test_every_map_gets_a_key_that_nobody_knows() -> None:
    wrong = misspelt(SCHEMA)

    assert wrong.values == {"misspelt": 1, "image": {"misspelt": 1}, "classes": {"any": {"misspelt": 1}}}


def test_every_scalar_gets_a_type_that_it_cannot_have() -> None:
    """Then maps and lists, level by level."""
    scalars, *levels = (one.values for one in ill_typed(SCHEMA))

    assert scalars == {
        "replicas": 1.5,
        "image": {"tag": 1.5},
        "classes": {"any": {"size": 1.5, "share": "1.5"}},
        "hosts": [1.5],
    }
    assert levels == [{"image": 1.5, "classes": 1.5, "hosts": 1.5}, {"classes": {"any": 1.5}}]


def test_level_that_helm_lets_pass_is_named() -> None:
    said = (
        "- at '': additional properties 'misspelt' not allowed\n"
        "- at '/image': additional properties 'misspelt' not allowed\n"
    )

    assert misspelt(SCHEMA).untold(said) == ["classes.*"]


def test_type_that_helm_lets_pass_is_named() -> None:
    said = "- at '/replicas': got number, want integer\n- at '/hosts/0': got number, want string\n"

    assert ill_typed(SCHEMA)[0].untold(said) == ["image.tag", "classes.*.size", "classes.*.share"]

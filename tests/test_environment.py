"""An environment's file is refused by the key that is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ethinfra.environment import merge, parse_environment
from ethinfra.errors import BadInput
from ethinfra.paths import ROOT

SOURCE = Path("environments/mine.yaml")


@pytest.fixture
def document() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "environments" / "default.yaml").read_text())


def test_the_default_is_an_environment(document: dict[str, Any]) -> None:
    assert parse_environment("mine", document, source=SOURCE).network == "devnet"


@pytest.mark.parametrize(
    ("wrong", "where", "why"),
    [
        ({"typo": 1}, "(top level)", "'typo' was unexpected"),
        ({"cluster": {"nodes": "one"}}, "cluster.nodes", "'one' is not of type 'integer'"),
        ({"cluster": {"provider": "moon"}}, "cluster.provider", "'moon' is not one of"),
        ({"budgets": {"headAge": "soon"}}, "budgets.headAge", "'soon' is not of type 'number'"),
        ({"timeouts": {"sync": 0}}, "timeouts.sync", "0"),
        ({"layers": {"istio": {"needs": ["ethereum"]}}}, "layers.istio.needs", "ethereum"),
        ({"images": {"pin": "name"}}, "images.pin", "'name' is not one of"),
        ({"network": "moon"}, "'moon'", "one of: custom, devnet, hoodi, mainnet, sepolia"),
    ],
)
def test_what_is_wrong_is_named(document: dict[str, Any], wrong: dict[str, Any], where: str, why: str) -> None:
    with pytest.raises(BadInput) as refused:
        parse_environment("mine", merge(document, wrong), source=SOURCE)

    assert str(SOURCE) in str(refused.value)
    assert where in str(refused.value)
    assert why in str(refused.value)

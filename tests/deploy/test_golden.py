"""Golden renderings: what came, went or changed is named, with its lines."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest

from ethinfra.deploy.golden import RELEASED, differences, read_golden
from ethinfra.deploy.render import Rendered
from ethinfra.deploy.rules.upgrade import immutable_fields_kept
from ethinfra.environment import known_environments, load_environment
from ethinfra.errors import BadInput
from tests.deploy.recorded import rendered


def layer(*objects: dict[str, object]) -> list[Rendered]:
    return [Rendered("ethereum", objects)]


def test_the_same_objects_are_no_difference() -> None:
    assert differences(layer(rendered("Service", "a")), layer(copy.deepcopy(rendered("Service", "a")))) == []


def test_what_came_and_went_is_named() -> None:
    gone, come = differences(layer(rendered("Service", "a")), layer(rendered("Service", "b")))

    assert gone == "Service ethereum/a: is rendered no more"
    assert come == "Service ethereum/b: is not in the golden rendering"


def test_a_change_is_shown_with_its_lines() -> None:
    before, after = rendered("StatefulSet"), rendered("StatefulSet")
    after["spec"]["replicas"] = 7

    (said,) = differences(layer(before), layer(after))

    assert said.startswith("StatefulSet ethereum/geth: changed\n")
    assert "+  replicas: 7" in said


def test_a_long_change_is_cut_and_says_so() -> None:
    before, after = rendered("ConfigMap"), rendered("ConfigMap")
    after["data"] = {f"key{number}": "x" for number in range(200)}

    (said,) = differences(layer(before), layer(after))

    assert "more lines" in said


def test_an_environment_without_a_golden_rendering_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="ethinfra golden write"):
        read_golden(load_environment("local"), tmp_path)


@pytest.mark.parametrize("name", known_environments())
def test_the_last_release_is_written_down_for_every_environment(name: str) -> None:
    layers = read_golden(load_environment(name), RELEASED)

    kinds = {one["kind"] for layer in layers for one in layer.objects}
    assert {"StatefulSet", "Service", "PodDisruptionBudget"} <= kinds


def test_a_claim_that_differs_from_the_release_is_noticed() -> None:
    """The control of the upgrade scenario, on what it really compares with."""
    before = [one for layer in read_golden(load_environment("staging"), RELEASED) for one in layer.objects]
    after = copy.deepcopy(before)
    claims = next(one for one in after if one["kind"] == "StatefulSet")["spec"]["volumeClaimTemplates"]
    claims[0]["spec"]["resources"]["requests"]["storage"] = "7Ti"

    assert immutable_fields_kept(before, before) == []
    assert any("7Ti" in said for said in immutable_fields_kept(before, after))

"""A key that one place has and another lacks is named, with the place."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest

from ethinfra.deploy.values import agreement, disagreements, read_chart
from ethinfra.deploy.values.chart import Chart
from ethinfra.deploy.values.table import page_of
from tests.deploy.values.conftest import MANUAL, SCHEMA, TEMPLATE

ETHEREUM = "ethereum-infrastructure"


def schema(**properties: dict[str, Any] | None) -> dict[str, Any]:
    """The small chart's, with properties of the top level changed or (None) taken out."""
    changed = deepcopy(SCHEMA)
    changed["properties"] |= properties
    changed["properties"] = {name: rule for name, rule in changed["properties"].items() if rule is not None}
    return changed


def said(chart: Chart, page: str | None = None) -> list[str]:
    """The table follows the chart unless it is given."""
    return [one.removeprefix(f"{chart.name}: ") for one in disagreements(chart, page or page_of([chart]))]


def test_a_chart_that_agrees_with_itself_is_clean(chart: Chart) -> None:
    assert said(chart) == []


def test_key_that_the_table_lacks_is_named(chart: Chart) -> None:
    """And one that only the table has."""
    page = page_of([chart]).replace("`replicas`", "`copies`")

    found = said(chart, page)

    assert [one.partition(";")[0] for one in found] == [
        "docs/values.md: replicas is missing",
        "docs/values.md: copies is unknown to values.schema.json",
    ]


def test_key_that_the_schema_lacks_is_named_by_manual_and_templates(chart: Chart) -> None:
    assert said(replace(chart, schema=schema(replicas=None))) == [
        "values.yaml: replicas is unknown to values.schema.json",
        "templates/all.yaml uses replicas, which values.schema.json does not have",
    ]


def test_key_without_a_default_is_named(chart: Chart) -> None:
    manual = MANUAL.replace("replicas: 2\n", "")

    assert "values.yaml: replicas is missing; values.schema.json has it" in said(replace(chart, manual=manual))


def test_key_inside_of_something_empty_needs_no_default(chart: Chart) -> None:
    """What a map or list may hold is shown as an example, or described in the schema alone."""
    manual = MANUAL.replace("  #   share: 0.5\n", "")

    assert said(replace(chart, manual=manual)) == []


def test_key_that_no_template_uses_is_named(chart: Chart) -> None:
    template = TEMPLATE.replace(" {{ .class.share }}", "")

    found = said(replace(chart, templates={"templates/all.yaml": template}))

    assert found == ["no template uses classes.*.share"]


def test_key_that_only_an_error_message_names_is_not_used(chart: Chart) -> None:
    template = TEMPLATE.replace("replicas: {{ .Values.replicas }}", '{{ fail (printf "%d" .Values.replicas) }}')

    assert said(replace(chart, templates={"templates/all.yaml": template})) == ["no template uses replicas"]


def test_key_without_a_meaning_is_named(chart: Chart) -> None:
    manual = MANUAL.replace("# How many there are.\n# Less is fewer.\n", "")

    (found,) = said(replace(chart, manual=manual))

    assert found.startswith("replicas is explained nowhere")


@pytest.mark.parametrize("rule", [{"type": "object"}, {"type": "object", "properties": {"tag": {"type": "string"}}}])
def test_map_that_takes_any_key_is_named(chart: Chart, rule: dict[str, Any]) -> None:
    assert "values.schema.json: image takes any key" in said(replace(chart, schema=schema(image=rule)))


def test_map_that_takes_any_key_beside_known_ones_is_named(chart: Chart) -> None:
    known = {**SCHEMA["properties"]["image"], "additionalProperties": {"type": "string"}}

    assert "values.schema.json: image takes any key" in said(replace(chart, schema=schema(image=known)))


def test_key_that_a_copy_lacks_is_named() -> None:
    """A node cannot say what its defaults can."""
    chart = read_chart(ETHEREUM)
    shorter = deepcopy(chart.schema)
    del shorter["properties"]["sync"]["properties"]["nodes"]["items"]["properties"]["minPeers"]

    found = list(agreement.copies(replace(chart, schema=shorter)))

    assert found == ["values.schema.json: sync.nodes.*.minPeers is missing; sync.defaults has it"]


def test_key_that_only_the_flags_of_a_client_name_is_looked_up() -> None:
    """Files of clients are templates too."""
    chart = read_chart(ETHEREUM)
    programs = {**chart.programs, "clients.geth.execution.flags.base": ["--maxpeers={{ .node.execution.maxPears }}"]}

    found = list(agreement.schema_and_templates(replace(chart, programs=programs)))

    assert [one for one in found if "maxPears" in one and one.startswith("clients.geth.execution.flags.base")]


def test_key_that_only_the_flags_of_clients_use_is_missed() -> None:
    chart = read_chart(ETHEREUM)
    programs = {
        where: [flag for flag in flags if "feeRecipient" not in flag] for where, flags in chart.programs.items()
    }

    found = list(agreement.schema_and_templates(replace(chart, programs=programs)))

    assert "no template uses sync.defaults.consensus.feeRecipient" in found


def test_exception_that_holds_no_more_is_named(monkeypatch: pytest.MonkeyPatch, chart: Chart) -> None:
    """Used by a template, gone from the schema, or not in the file that is said to read it."""
    wrong = [
        agreement.Elsewhere(("replicas",), "people"),
        agreement.Elsewhere(("copies",), "people"),
        agreement.Elsewhere(("hosts",), "a command", "ethinfra/errors.py"),
        agreement.Elsewhere(("hosts",), "a command", "ethinfra/gone.py"),
    ]
    monkeypatch.setitem(agreement.ELSEWHERE, "tried", tuple(wrong))
    template = TEMPLATE.replace("hosts: {{ toJson .Values.hosts }}", "")

    found = list(agreement.schema_and_templates(replace(chart, templates={"templates/all.yaml": template})))

    assert [one.partition(":")[0] for one in found] == [
        "replicas is used by templates or gone",
        "copies is used by templates or gone",
        "hosts is not named in ethinfra/errors.py, which is said to read it",
        "hosts is not named in ethinfra/gone.py, which is said to read it",
    ]

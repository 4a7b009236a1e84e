"""values.yaml is read as the manual that it is."""

from __future__ import annotations

from ethinfra.deploy.values.chart import Chart
from ethinfra.deploy.values.manual import Entry, entries
from tests.deploy.values.conftest import SCHEMA


def test_comment_above_a_key_is_its_meaning(chart: Chart) -> None:
    """In one line, without what a blank line sets apart."""
    found = entries(chart.manual, chart.schema)

    assert found["replicas",] == Entry(2, "How many there are. Less is fewer.", example=False)


def test_comment_is_not_repeated_inside_of_braces(chart: Chart) -> None:
    found = entries(chart.manual, chart.schema)

    assert found["image",].meaning == "What runs."
    assert found["image", "tag"] == Entry("v1", "", example=False)


def test_commented_entry_below_something_empty_is_an_example(chart: Chart) -> None:
    """Under `*`, since its name is anybody's."""
    found = entries(chart.manual, chart.schema)

    assert found["classes", "*", "size"] == Entry(12, "Bytes.", example=True)
    assert ("classes", "large", "size") not in found


def test_comment_is_not_that_of_an_aliased_map() -> None:
    manual = "image: &same\n  # Of one release.\n  tag: v1\nclasses:\n  small: *same\n"

    found = entries(manual, SCHEMA)

    assert found["image", "tag"].meaning == "Of one release."
    assert found["classes", "*", "tag"].meaning == ""

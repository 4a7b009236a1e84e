"""The table says of each key what it takes, its default, and what it means."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ethinfra.deploy.values import read_chart
from ethinfra.deploy.values.chart import Chart
from ethinfra.deploy.values.table import Row, documented, page_of, rows


def test_rows_follow_the_manual(chart: Chart) -> None:
    assert list(rows(chart)) == [
        Row("replicas", "integer from 0", "2", "How many there are. Less is fewer."),
        Row("image", "", "", "What runs."),
        Row("image.tag", "text", '"v1"', "Of one release."),
        Row("classes", "map", "{}", "By name."),
        Row("classes.*.size", "text or integer", "", "Bytes."),
        Row("classes.*.share", "number", "", "Of all."),
        Row("hosts", "list of text", "[]", "Who may call."),
    ]


def test_what_markdown_would_take_for_its_own_is_shown_as_it_is(chart: Chart) -> None:
    page = page_of([replace(chart, manual=chart.manual.replace("How many there are.", "<n> | `<m>`"))])

    assert "&lt;n> \\| `<m>` Less is fewer." in page


@pytest.mark.parametrize("key", ["sync.nodes.*.network.…", "sync.nodes.*.…", "validators.…", "clients.*.consensus.…"])
def test_copies_are_explained_once(key: str) -> None:
    """What differs in a copy has a row: a default of the validators', a key that only a node has."""
    page = page_of([read_chart("ethereum-infrastructure")])

    found = documented(page, "ethereum-infrastructure")

    assert key in found
    assert {"sync.defaults.minPeers", "validators.minPeers", "sync.nodes.*.name"} <= found
    assert "sync.nodes.*.minPeers" not in found
    assert "validators.references" not in found

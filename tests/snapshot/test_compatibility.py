"""Which data fits which client: the releases that changed the database separate them."""

from __future__ import annotations

import pytest

from ethinfra.snapshot.compatibility import DatabaseChange, Expected, between, refusals, version_key
from tests.snapshot.tree import description

CHANGES = (DatabaseChange("1.15.0", what="journal 3"), DatabaseChange("1.17.5", rollback=True))


@pytest.mark.parametrize(
    ("snapshot", "node", "fits"),
    [
        ("1.17.5", "1.17.5", True),
        ("1.16.0", "1.17.5", True),
        ("1.17.5", "1.16.0", True),
        ("1.15.0", "1.17.5", True),
        ("1.14.12", "1.15.0", False),
        ("1.15.0", "1.14.12", False),
        ("1.14.12", "1.14.0", True),
        ("v1.17.5-stable", "1.15", True),
        ("1.9.0", "1.14.0", True),
        ("1.9.0", "1.17.0", False),
    ],
)
def test_change_that_cannot_be_taken_back_separates_releases(snapshot: str, node: str, fits: bool) -> None:
    assert (between(snapshot, node, CHANGES) == []) is fits


@pytest.mark.parametrize(
    ("node", "fits"), [("1.17.5", True), ("v1.17.5-stable", True), ("1.17.4", False), ("99", False)]
)
def test_without_knowledge_of_changes_only_the_same_release_fits(node: str, fits: bool) -> None:
    assert (refusals(description(), Expected(client="geth", version=node)) == []) is fits


def test_releases_compare_as_numbers() -> None:
    assert version_key("1.10.0") > version_key("1.9.9")
    assert version_key("v1.17.5-stable-abc") == version_key("1.17.5")
    assert version_key("25.1") == version_key("25.1.0")

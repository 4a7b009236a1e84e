"""Which paths a pattern of `include` or `exclude` stands for, and which directories a restore looks into."""

from __future__ import annotations

import pytest

from ethinfra.snapshot.selection import Selection


@pytest.mark.parametrize(
    ("pattern", "path", "held"),
    [
        ("geth/chaindata", "geth/chaindata", True),
        ("geth/chaindata/", "geth/chaindata/ancient/a", True),
        ("geth/chaindata", "geth/chaindata2", False),
        ("*/LOCK", "geth/chaindata/LOCK", True),
        ("*/LOCK", "LOCK", False),
        ("*.sst", "geth/000001.sst", True),
        ("geth/*/a*b", "geth/x/y/ab/b", True),
        ("geth/*/a*b", "geth/x/abc", False),
        ("a**b", "a/x/b", True),
        ("a?c", "abc", True),
        ("a?c", "ac", False),
        ("a.c", "abc", False),
        ("*", "anything/at/all", True),
    ],
)
def test_pattern_stands_for_paths_and_all_below(pattern: str, path: str, held: bool) -> None:
    assert Selection((pattern,)).holds(path) is held


def test_pattern_of_a_stranger_takes_no_longer_than_others() -> None:
    """Patterns and paths are both the config's: going back over so many stars would take years."""
    assert not Selection(("*a" * 40 + "b",)).holds("a" * 2000)


@pytest.mark.parametrize(
    ("include", "path", "looked_into"),
    [
        ((), "lost+found", True),
        (("geth/chaindata",), "geth", True),
        (("geth/chaindata",), "geth/chaindata", True),
        (("geth/chaindata",), "geth/chaindata/ancient", True),
        (("geth/chaindata/",), "geth", True),
        (("geth/chaindata",), "geth/chain", False),
        (("geth/chaindata",), "gethother", False),
        (("geth/chaindata",), "lost+found", False),
        (("*/db",), "any", True),
        ((), "keystore", False),
        ((), ".ethinfra-copies", False),
    ],
)
def test_directories_that_cannot_hold_files_of_the_snapshot_are_not_looked_into(
    include: tuple[str, ...], path: str, looked_into: bool
) -> None:
    assert Selection(include, ("keystore",)).leads_to(path) is looked_into

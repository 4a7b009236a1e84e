"""Which directories of a volume a restore looks into."""

from __future__ import annotations

import pytest

from ethinfra.snapshot.selection import Selection


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

"""What a process weighs."""

from __future__ import annotations

import os

from benchmarks.load import memory_mb


def test_proportional_share_is_at_most_what_is_resident():
    """Both are megabytes, and this process is neither empty nor huge."""
    pss, rss = memory_mb(os.getpid())

    assert 5 < pss <= rss < 5000


def test_process_that_has_ended_weighs_nothing():
    """It may end between listing and weighing."""
    assert memory_mb(2**22 + 1) == (0, 0)

"""What a person sees of something that takes long."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from ethinfra.progress import Progress


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), width=200)


@pytest.mark.parametrize(("within", "said"), [(596.543, "at most 597s"), (0.2, "at most 1s"), (60, "at most 60s")])
def test_a_limit_is_said_in_whole_seconds(console: Console, within: float, said: str) -> None:
    with Progress(console).step("waiting", within=within):
        pass

    assert f"… waiting, {said}\n" in console.file.getvalue()


def test_a_step_that_fails_is_marked(console: Console) -> None:
    with pytest.raises(ValueError, match="why"), Progress(console).step("outer"), Progress(console).step("inner"):
        raise ValueError("why")

    assert console.file.getvalue().count("✗") == 2

"""The one way to wait, by a clock that a test turns."""

from __future__ import annotations

import pytest

from ethinfra import waiting
from ethinfra.errors import ChainError
from ethinfra.waiting import NotInTime, eventually


class Clock:
    """Stands still but for what is slept."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(waiting, "time", made)
    return made


def test_what_was_seen_is_returned_as_soon_as_it_holds(clock: Clock) -> None:
    heights = iter(range(10))

    assert eventually("block 3", lambda: next(heights), until=lambda height: height == 3, within=60, every=2) == 3
    assert clock.now == 106


def test_failure_names_condition_limit_and_what_was_seen_last(clock: Clock) -> None:
    with pytest.raises(NotInTime) as late:
        eventually("geth-1 reaches block 418", lambda: min(371, 300 + int(clock.now)), within=120,
                   until=lambda height: height >= 418, hint="its log")  # fmt: skip

    assert late.value.subject == "not within 120s: geth-1 reaches block 418"
    assert late.value.seen == "371, unchanged for 120s"
    assert late.value.todo == "its log"


def test_what_changed_just_now_is_not_called_unchanged(clock: Clock) -> None:
    with pytest.raises(NotInTime) as late:
        eventually("the end", lambda: int(clock.now), until=lambda _: False, within=10, every=1)

    assert late.value.seen == "110"


def test_limit_that_is_left_over_is_said_in_short() -> None:
    with pytest.raises(NotInTime, match=r"not within 596\.5s: it holds"):
        eventually("it holds", lambda: False, within=596.543)


def test_errors_of_the_library_count_as_not_yet_and_others_do_not() -> None:
    answers = iter([ChainError("no answer"), ConnectionRefusedError(), None, TypeError("a defect")])

    def look() -> bool:
        answer = next(answers)
        if answer:
            raise answer
        return False

    with pytest.raises(TypeError, match="a defect"):
        eventually("it holds", look, within=60)


def test_without_time_it_looks_once(clock: Clock) -> None:
    assert eventually("it holds", lambda: True, within=0)
    with pytest.raises(NotInTime):
        eventually("it holds", lambda: False, within=0)
    assert clock.now == 100

from __future__ import annotations

import pytest

from common.waiting import wait_until


def test_waiting_ends_with_the_first_answer_that_is_true() -> None:
    answers = iter([0, "", 7, 8])
    assert wait_until(lambda: next(answers), 5, every_s=0.001) == 7


def test_waiting_that_was_in_vain_gives_the_last_answer() -> None:
    asked: list[int] = []

    def probe() -> str:
        asked.append(1)
        return ""

    assert wait_until(probe, 0.02, every_s=0.005) == ""
    assert len(asked) >= 2


def test_without_time_the_question_is_asked_once() -> None:
    answers = iter([1])
    assert wait_until(lambda: next(answers), 0) == 1


def test_what_the_question_raises_ends_the_waiting() -> None:
    def probe() -> bool:
        raise LookupError

    with pytest.raises(LookupError):
        wait_until(probe, 5)

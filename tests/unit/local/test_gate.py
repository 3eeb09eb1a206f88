from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from local.gate import GateBusyError, Keeper, Passer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def keeper(tmp_path: Path) -> Iterator[Keeper]:
    with closing(Keeper(tmp_path)) as it:
        yield it


@pytest.fixture
def first(tmp_path: Path) -> Iterator[Passer]:
    with closing(Passer(tmp_path)) as it:
        yield it


@pytest.fixture
def second(tmp_path: Path) -> Iterator[Passer]:
    with closing(Passer(tmp_path)) as it:
        yield it


def test_passers_enter_freely_while_nobody_holds(first: Passer, second: Passer) -> None:
    assert first.try_enter()
    assert second.try_enter()
    assert not first.hold_wanted()


def test_nobody_enters_while_the_gate_is_held_and_everybody_afterwards(keeper: Keeper, first: Passer) -> None:
    with keeper.held(timeout_s=1):
        assert first.hold_wanted()
        assert not first.try_enter()
    assert first.try_enter()


def test_a_hold_waits_until_the_last_passer_left(keeper: Keeper, first: Passer) -> None:
    assert first.try_enter()
    with pytest.raises(GateBusyError), keeper.held(timeout_s=0.05):
        pytest.fail("held with messages on their way")
    first.leave()
    with keeper.held(timeout_s=0.05):
        assert not first.try_enter()


def test_a_hold_that_came_to_nothing_lets_everybody_pass_again(keeper: Keeper, first: Passer, second: Passer) -> None:
    assert first.try_enter()
    with pytest.raises(GateBusyError), keeper.held(timeout_s=0.01):
        pass
    assert second.try_enter()


def test_each_passer_has_a_lane_of_its_own_which_is_free_again_when_it_is_gone(first: Passer, tmp_path: Path) -> None:
    assert first.claim_lane(2) == 0
    with closing(Passer(tmp_path)) as second:
        assert second.claim_lane(2) == 1
        with closing(Passer(tmp_path)) as third:
            assert third.claim_lane(2) is None
    with closing(Passer(tmp_path)) as successor:
        assert successor.claim_lane(2) == 1

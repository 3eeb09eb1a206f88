from __future__ import annotations

from contextlib import ExitStack

import pytest

from local.clickhouse_server.errors import ClickHouseError
from local.clickhouse_server.places import Places


def test_clients_get_their_places_and_no_more() -> None:
    places = Places(2, 1)
    with ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(places.take(kept=False))
        with pytest.raises(ClickHouseError, match=r"Maximum: 2\.") as refused:
            stack.enter_context(places.take(kept=False))
        assert refused.value.code == 202
    with places.take(kept=False):
        pass


def test_kept_places_are_taken_last_and_by_those_they_are_kept_for() -> None:
    places = Places(1, 1)
    with places.take(kept=True), places.take(kept=True), pytest.raises(ClickHouseError):
        places.take(kept=True).__enter__()
    with places.take(kept=False), places.take(kept=True):
        pass


def test_place_is_free_again_after_a_failure() -> None:
    places = Places(1, 0)
    with pytest.raises(KeyError), places.take(kept=False):
        raise KeyError
    with places.take(kept=False):
        pass

"""UUIDv7 as RFC 9562 has it."""

from __future__ import annotations

from uuid import RFC_4122, UUID

from hypothesis import given
from hypothesis import strategies as st

from api.pipeline.uuid7 import Uuid7, timestamp_ms

TIMES = st.integers(min_value=0, max_value=2**48 - 2)


@given(st.lists(TIMES, min_size=2, max_size=50))
def test_ids_grow_even_when_the_clock_steps_back(moments: list[int]) -> None:
    new_id = Uuid7()
    made = [new_id(moment) for moment in moments]
    assert made == sorted(set(made))


@given(TIMES)
def test_id_is_canonical_and_holds_its_time(moment: int) -> None:
    text = Uuid7()(moment)
    parsed = UUID(text)
    assert str(parsed) == text
    assert (parsed.version, parsed.variant) == (7, RFC_4122)
    assert timestamp_ms(parsed.int) == moment


@given(st.uuids(version=4))
def test_other_versions_hold_no_time(uuid: UUID) -> None:
    assert timestamp_ms(uuid.int) is None


def test_two_generators_share_no_ids() -> None:
    one, other = Uuid7(), Uuid7()
    assert not {one(5) for _ in range(1000)} & {other(5) for _ in range(1000)}

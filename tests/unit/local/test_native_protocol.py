from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.clickhouse_server.errors import ClickHouseError
from local.clickhouse_server.native_protocol import Column, NativeBlocks, checked_revision

COLUMNS = [Column(b"n", b"UInt8"), Column(b"text", b"String")]
INFO = b"\x01\x00\x02\xff\xff\xff\xff\x00"


def block(*columns: bytes, rows: int) -> bytes:
    """A block in the format Buffers."""
    numbers = [len(columns), rows]
    sizes = [len(column).to_bytes(8, "little") + column for column in columns]
    return b"".join(number.to_bytes(8, "little") for number in numbers) + b"".join(sizes)


BUFFERS = block(b"\x07", b"\x01x", rows=1) + block(bytes(300), b"\x00" * 300, rows=300)
NATIVE = (
    *(INFO, b"\x02\x01", b"\x01n\x05UInt8\x00\x07", b"\x04text\x06String\x00\x01x"),
    *(INFO, b"\x02\xac\x02", b"\x01n\x05UInt8\x00", bytes(300), b"\x04text\x06String\x00", bytes(300)),
)


@given(st.lists(st.integers(0, len(BUFFERS))))
def test_blocks_are_the_same_however_they_are_cut(cuts: list[int]) -> None:
    blocks = NativeBlocks(COLUMNS, 54460)
    edges = [0, *sorted(cuts), len(BUFFERS)]
    pieces = [BUFFERS[start:end] for start, end in itertools.pairwise(edges)]
    assert b"".join(map(blocks.convert, pieces)) == b"".join(NATIVE)


def test_result_without_rows_has_no_block() -> None:
    assert NativeBlocks(COLUMNS, 54460).convert(b"") == b""


@pytest.mark.parametrize(("text", "revision"), [("", 0), ("0", 0), ("54405", 54405), ("60000", 60000)])
def test_revision_is_none_or_one_that_is_spoken(text: str, revision: int) -> None:
    assert checked_revision(text) == revision


@pytest.mark.parametrize("text", ["1", "54404", "-1", "x", "54405.5"])
def test_revision_that_nobody_has_is_refused(text: str) -> None:
    with pytest.raises(ClickHouseError, match="client_protocol_version"):
        checked_revision(text)

"""The format Native as a client asks for it by `client_protocol_version`: with zones, block headers and serializations.

chDB writes it as for clients that say nothing. Its format Buffers holds the same bytes of each column behind their
size, so with the names and types of the columns it is written anew, block by block, in constant memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from local.clickhouse_server.errors import NOT_IMPLEMENTED, ClickHouseError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from local.clickhouse_server.engine import Connection
    from local.clickhouse_server.statements import Statement

# Revisions of ClickHouse's protocol. Clients of before the first one want other types, and nobody has one.
_LOW_CARDINALITY: Final = 54405
_CUSTOM_SERIALIZATION: Final = 54454
_OUT_OF_ORDER_BUCKETS: Final = 54480

_OVERFLOWS, _BUCKET, _OUT_OF_ORDER = b"\x01\x00", b"\x02\xff\xff\xff\xff", b"\x03\x00"
_HEAD_SIZE, _SIZE_SIZE = 16, 8


class Column(NamedTuple):
    name: bytes
    type: bytes


class NativeBlocks:
    """Turns what comes in as Buffers into Native, piece by piece."""

    def __init__(self, columns: list[Column], revision: int) -> None:
        serialization = b"\0" if revision >= _CUSTOM_SERIALIZATION else b""
        self._columns = [_text(name) + _text(kind) + serialization for name, kind in columns]
        self._info = _OVERFLOWS + _BUCKET + (_OUT_OF_ORDER if revision >= _OUT_OF_ORDER_BUCKETS else b"") + b"\0"
        self._waiting = bytearray()
        self._to_copy = 0
        self._column = len(columns)

    def convert(self, data: bytes) -> bytes:
        self._waiting += data
        return b"".join(self._pieces())

    def _pieces(self) -> Iterator[bytes]:
        while self._waiting:
            if self._to_copy:
                piece = bytes(self._waiting[: self._to_copy])
                self._to_copy -= len(piece)
                del self._waiting[: len(piece)]
                yield piece
            elif self._column < len(self._columns):
                if len(self._waiting) < _SIZE_SIZE:
                    return
                yield self._columns[self._column]
                self._column += 1
                self._to_copy = self._number(0)
                del self._waiting[:_SIZE_SIZE]
            else:
                if len(self._waiting) < _HEAD_SIZE:
                    return
                yield self._info + _varint(self._number(0)) + _varint(self._number(8))
                self._column = 0
                del self._waiting[:_HEAD_SIZE]

    def _number(self, start: int) -> int:
        return int.from_bytes(self._waiting[start : start + 8], "little")


def checked_revision(text: str) -> int:
    """The number of `client_protocol_version`, 0 for none. Raises ClickHouseError for one that nobody speaks here."""
    revision = int(text) if text.isdecimal() else -1
    if text and revision and revision < _LOW_CARDINALITY:
        message = f"client_protocol_version {text} is not spoken here: 0, or {_LOW_CARDINALITY} and above."
        raise ClickHouseError(NOT_IMPLEMENTED, message)
    return max(revision, 0)


def columns_of_select(connection: Connection, statement: Statement, params: Mapping[str, str]) -> list[Column]:
    """The columns that a SELECT will have, without running it. Raises ClickHouseError."""
    # Types on one line, as they are in Native.
    sql = b"DESCRIBE TABLE (%b\n) SETTINGS print_pretty_type_names = 0" % statement.without_format
    texts = iter(_texts(bytes(connection.execute(sql, "RowBinary", params).bytes())))
    # Its own columns: name, type, and five more texts.
    return [Column(name, kind) for name, kind, *_ in zip(*[texts] * 7, strict=True)]


def columns_of_result(connection: Connection, sql: bytes, params: Mapping[str, str]) -> list[Column]:
    """The columns of what else has a result and changes nothing, by running it. Raises ClickHouseError."""
    data = bytes(connection.execute(sql, "RowBinaryWithNamesAndTypes", params).bytes())
    if not data:
        return []
    count, start = _read_varint(data, 0)
    texts = [text for text, _ in zip(_texts(data[start:]), range(2 * count), strict=False)]
    return [Column(*pair) for pair in zip(texts[:count], texts[count:], strict=True)]


def _texts(data: bytes) -> Iterator[bytes]:
    position = 0
    while position < len(data):
        size, position = _read_varint(data, position)
        yield data[position : position + size]
        position += size


def _read_varint(data: bytes, position: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = data[position]
        number |= (byte & 0x7F) << shift
        position, shift = position + 1, shift + 7
        if byte < 0x80:  # noqa: PLR2004 - the highest bit says that more follow
            return number, position


def _varint(number: int) -> bytes:
    encoded = bytearray()
    while number > 0x7F:  # noqa: PLR2004
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*encoded, number])


def _text(text: bytes) -> bytes:
    return _varint(len(text)) + text

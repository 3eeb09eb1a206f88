"""ClickHouse's own compressed blocks: what `compress=1` asks of an answer, and `decompress=1` says of a body.

A block is 16 bytes of checksum (CityHash128 of 2013, its halves swapped), then what the checksum covers: one byte of
method, four of the size from there on, four of the plain size, and the packed data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

import lz4.block  # type: ignore[import-untyped]
import zstandard
from clickhouse_cityhash.cityhash import CityHash128  # type: ignore[import-untyped]

from local.clickhouse_server.errors import BAD_ARGUMENTS, CANNOT_DECOMPRESS, CHECKSUM_DOESNT_MATCH, ClickHouseError

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHECKSUM_SIZE: Final = 16
_HEADER_SIZE: Final = 9
_MAX_BLOCK: Final = 1 << 30  # ClickHouse refuses larger ones, too
_ANSWER_BLOCK: Final = 1 << 20  # ClickHouse's max_compress_block_size
_NONE, _LZ4, _ZSTD = 0x02, 0x82, 0x90


class _Reader(Protocol):
    def read(self, size: int, /) -> bytes: ...


class BlockEncoder:
    """An answer as blocks of LZ4, ClickHouse's default."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def compress(self, data: bytes) -> bytes:
        self._waiting += data
        blocks = []
        while len(self._waiting) >= _ANSWER_BLOCK:
            blocks.append(_packed(self._waiting[:_ANSWER_BLOCK]))
            del self._waiting[:_ANSWER_BLOCK]
        return b"".join(blocks)

    def sync(self) -> bytes:
        return self.flush()

    def flush(self) -> bytes:
        rest, self._waiting = self._waiting, bytearray()
        return _packed(rest) if rest else b""


def unpacked(source: _Reader, *, verify: bool) -> Iterator[bytes]:
    """The plain data of a body, block by block.

    Raises ClickHouseError for blocks that are none or broken, EOFError for an end in the middle of one.
    """
    while checksum := source.read(_CHECKSUM_SIZE):
        header = source.read(_HEADER_SIZE)
        if len(header) < _HEADER_SIZE:
            raise EOFError("a block ends too early")
        size = int.from_bytes(header[1:5], "little") - _HEADER_SIZE
        plain_size = int.from_bytes(header[5:9], "little")
        if not 0 <= size <= _MAX_BLOCK or plain_size > _MAX_BLOCK:
            message = "A compressed block of over 1 GiB: this is not ClickHouse's format."
            raise ClickHouseError(CANNOT_DECOMPRESS, message)
        packed = source.read(size)
        if len(packed) < size:
            raise EOFError("a block ends too early")
        if verify and _checksum(header + packed) != checksum:
            raise ClickHouseError(CHECKSUM_DOESNT_MATCH, "Checksum doesn't match: corrupted data.")
        yield _plain(header[0], packed, plain_size)


def _packed(data: bytearray) -> bytes:
    packed: bytes = lz4.block.compress(data, store_size=False)
    size = len(packed) + _HEADER_SIZE
    block = bytes([_LZ4]) + size.to_bytes(4, "little") + len(data).to_bytes(4, "little") + packed
    return _checksum(block) + block


def _plain(method: int, packed: bytes, plain_size: int) -> bytes:
    if method == _LZ4:
        return bytes(lz4.block.decompress(packed, uncompressed_size=plain_size))
    if method == _ZSTD:
        return zstandard.ZstdDecompressor().decompress(packed, max_output_size=plain_size)
    if method == _NONE:
        return packed
    raise ClickHouseError(BAD_ARGUMENTS, f"Compression method 0x{method:02x} is not supported: use LZ4 or ZSTD.")


def _checksum(block: bytes) -> bytes:
    number: int = CityHash128(block)
    little = number.to_bytes(_CHECKSUM_SIZE, "little")
    return little[8:] + little[:8]

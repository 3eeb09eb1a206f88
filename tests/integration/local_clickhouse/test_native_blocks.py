"""ClickHouse's own compressed blocks: compress=1 and decompress=1."""

from __future__ import annotations

from typing import TYPE_CHECKING

import lz4.block  # type: ignore[import-untyped]
import pytest
import zstandard
from clickhouse_cityhash.cityhash import CityHash128  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.local_clickhouse.process import Server

MIB = 1 << 20


def checksum(block: bytes) -> bytes:
    number: int = CityHash128(block)
    return (number >> 64).to_bytes(8, "little") + (number & (1 << 64) - 1).to_bytes(8, "little")


def block(data: bytes, method: int = 0x82) -> bytes:
    pack: dict[int, Callable[[bytes], bytes]] = {
        0x82: lambda plain: lz4.block.compress(plain, store_size=False),
        0x90: zstandard.compress,
        0x02: bytes,
    }
    packed = pack[method](data)
    body = bytes([method]) + (len(packed) + 9).to_bytes(4, "little") + len(data).to_bytes(4, "little") + packed
    return checksum(body) + body


def blocks_of(data: bytes) -> list[bytes]:
    """What LZ4 blocks hold. Asserts their checksums."""
    found = []
    while data:
        size = int.from_bytes(data[17:21], "little")
        body = data[16 : 16 + size]
        assert (data[:16], body[0]) == (checksum(body), 0x82)
        found.append(lz4.block.decompress(body[9:], uncompressed_size=int.from_bytes(body[5:9], "little")))
        data = data[16 + size :]
    return found


@pytest.mark.parametrize("method", [0x82, 0x90, 0x02])
def test_blocks_of_every_method_are_read(server: Server, method: int) -> None:
    response = server.request(body=block(b"SELECT 1, ", method) + block(b"2", method), decompress="1")
    assert response.data == b"1\t2\n"


def test_blocks_that_the_engine_wrote_are_read(server: Server) -> None:
    # The column files of this engine are made of the same blocks, with the checksums of the engine's own.
    server.sql("CREATE OR REPLACE TABLE stored (n UInt32) ENGINE = TinyLog")
    server.sql("INSERT INTO stored SELECT number FROM numbers(300000)")
    [file] = (server.data_dir / "engine" / "data" / "default" / "stored").glob("n.bin")
    server.sql("CREATE OR REPLACE TABLE back (n UInt32) ENGINE = Memory")
    response = server.request(body=file.read_bytes(), query="INSERT INTO back FORMAT RowBinary", decompress="1")
    assert response.status == 200, response.data
    assert server.sql("SELECT count(), sum(n) FROM back") == "300000\t44999850000"


def test_wrong_checksum_is_refused_unless_it_is_not_to_be_looked_at(server: Server) -> None:
    broken = bytes(16) + block(b"SELECT 1")[16:]
    response = server.request(body=broken, decompress="1")
    assert (response.status, response.headers["X-ClickHouse-Exception-Code"]) == (500, "40")
    options = {"decompress": "1", "http_native_compression_disable_checksumming_on_decompress": "1"}
    assert server.request(body=broken, **options).data == b"1\n"  # type: ignore[arg-type]


@pytest.mark.parametrize("body", [b"SELECT 1", block(b"SELECT 1")[:20], block(b"SELECT 1")[:-1], b"\xff" * 40])
def test_broken_blocks_are_refused(server: Server, body: bytes) -> None:
    response = server.request(body=body, decompress="1")
    assert (response.status, response.headers["X-ClickHouse-Exception-Code"]) == (500, "271")


@pytest.mark.parametrize("rows", [1, 200_000, 1_000_000])
def test_answers_are_blocks_when_the_client_asks_for_them(server: Server, rows: int) -> None:
    query = f"SELECT number FROM numbers({rows})".encode()
    blocks = blocks_of(server.request(body=query, compress="1").data)
    assert b"".join(blocks) == server.request(body=query).data
    assert max(map(len, blocks)) <= MIB


def test_empty_answer_has_no_block(server: Server) -> None:
    assert server.request(body=b"SELECT 1 WHERE 0", compress="1").data == b""


def test_error_before_the_first_row_is_in_blocks_as_the_rows_would_be(server: Server) -> None:
    response = server.request(body=b"SELECT nothing", compress="1")
    assert response.status == 404
    [text] = blocks_of(response.data)
    assert text.startswith(b"Code: 47. DB::Exception: ")

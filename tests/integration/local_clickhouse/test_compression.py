from __future__ import annotations

import gzip
import zlib
from typing import TYPE_CHECKING

import brotli  # type: ignore[import-untyped]
import lz4.block  # type: ignore[import-untyped]
import lz4.frame  # type: ignore[import-untyped]
import pytest
import zstandard

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.local_clickhouse.process import Server

QUERY = b"SELECT number FROM numbers(200000)"
RESULT = b"".join(b"%d\n" % number for number in range(200_000))


def unzstd(data: bytes) -> bytes:
    return zstandard.ZstdDecompressor().decompressobj().decompress(data)


CODECS: dict[str, tuple[Callable[[bytes], bytes], Callable[[bytes], bytes]]] = {
    "gzip": (gzip.compress, gzip.decompress),
    "deflate": (zlib.compress, zlib.decompress),
    "br": (brotli.compress, brotli.decompress),
    "zstd": (zstandard.compress, unzstd),
    "lz4": (lz4.frame.compress, lz4.frame.decompress),
}


@pytest.mark.parametrize("encoding", CODECS)
def test_bodies_are_decoded_and_answers_encoded(server: Server, encoding: str) -> None:
    compress, decompress = CODECS[encoding]
    headers = {"Content-Encoding": encoding, "Accept-Encoding": encoding}
    response = server.request(body=compress(QUERY), headers=headers, enable_http_compression="1")
    assert response.status == 200
    assert response.headers["Content-Encoding"] == encoding
    assert len(response.data) < len(RESULT)
    assert decompress(response.data) == RESULT


@pytest.mark.parametrize("encoding", CODECS)
def test_large_data_in_an_encoded_body_arrive_whole(server: Server, encoding: str) -> None:
    compress, _ = CODECS[encoding]
    server.sql("CREATE OR REPLACE TABLE numbers (n UInt32) ENGINE = Memory")
    headers = {"Content-Encoding": encoding}
    assert server.request(body=compress(RESULT), headers=headers, query="INSERT INTO numbers FORMAT TSV").status == 200
    assert server.sql("SELECT count(), sum(n) FROM numbers") == "200000\t19999900000"


@pytest.mark.parametrize("encoding", [*CODECS, "snowball"])
def test_broken_body_is_refused(server: Server, encoding: str) -> None:
    response = server.request(body=b"SELECT 1", headers={"Content-Encoding": encoding})
    assert response.status == 500
    assert response.headers["X-ClickHouse-Exception-Code"] in {"89", "271"}


@pytest.mark.parametrize("encoding", CODECS)
def test_body_that_ends_too_early_inserts_nothing(server: Server, encoding: str) -> None:
    compress, _ = CODECS[encoding]
    server.sql("CREATE OR REPLACE TABLE numbers (n UInt32) ENGINE = Memory")
    body = compress(RESULT)[:-10]
    response = server.request(body=body, headers={"Content-Encoding": encoding}, query="INSERT INTO numbers FORMAT TSV")
    assert response.status == 500
    assert response.headers["X-ClickHouse-Exception-Code"] == "271"
    assert server.sql("SELECT count() FROM numbers") == "0"


def test_answer_is_plain_unless_the_setting_is_on(server: Server) -> None:
    response = server.request(body=b"SELECT 1", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in response.headers
    assert response.data == b"1\n"


def test_encoding_that_is_refused_is_not_used(server: Server) -> None:
    headers = {"Accept-Encoding": "br;q=0, zstd;q=0, gzip;q=0.5"}
    response = server.request(body=b"SELECT 1", headers=headers, enable_http_compression="1")
    assert response.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(response.data) == b"1\n"


def test_small_encoded_answer_has_its_length_so_that_the_connection_stays_open(server: Server) -> None:
    headers = {"Accept-Encoding": "gzip"}
    response = server.request(body=b"SELECT 1", headers=headers, enable_http_compression="1")
    assert response.headers["Content-Length"] == str(len(response.data))
    assert "Connection" not in response.headers

from __future__ import annotations

import hashlib
import io
import re
import zlib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
import urllib3

if TYPE_CHECKING:
    from tests.integration.local_clickhouse.process import Server

ROWS = 4_000_000
MIB = 1 << 20


def test_large_answer_streams_in_constant_memory(server: Server) -> None:
    server.sql("SELECT number FROM numbers(1000000) FORMAT Null")
    before = peak = server.resident_memory()
    response = server.request(body=b"SELECT number, repeat('x', 90) FROM numbers(%d)" % ROWS, raw=True)
    assert response.headers["Transfer-Encoding"] == "chunked"
    lines = size = 0
    for number, chunk in enumerate(response.stream(MIB)):
        lines += chunk.count(b"\n")
        size += len(chunk)
        if number % 20 == 0:
            peak = max(peak, server.resident_memory())
    response.release_conn()
    assert (lines, size > 390 * MIB // 1.1) == (ROWS, True)
    assert peak - before < 150 * MIB


def test_stream_is_what_the_engine_would_write(server: Server) -> None:
    text = "\n".join(map(str, range(1_000_000))) + "\n"
    response = server.request(body=b"SELECT number FROM numbers(1000000)")
    assert hashlib.sha256(response.data).digest() == hashlib.sha256(text.encode()).digest()


@pytest.mark.parametrize("result_format", ["JSON", "Parquet", "Native", "ArrowStream", "XML"])
def test_formats_with_header_and_footer_are_one_document(server: Server, result_format: str) -> None:
    response = server.request(body=f"SELECT number FROM numbers(300000) FORMAT {result_format}".encode())
    assert response.status == 200
    server.sql("CREATE OR REPLACE TABLE back (number UInt64) ENGINE = Memory")
    if result_format in {"JSON", "XML"}:
        assert (
            response.data.count(b"rows_before_limit") + response.data.count(b"<rows>") + response.data.count(b'"rows":')
            == 1
        )
        return
    server.request(body=io.BytesIO(response.data), query=f"INSERT INTO back FORMAT {result_format}")
    assert server.sql("SELECT count(), sum(number) FROM back") == "300000\t44999850000"


def test_error_in_mid_stream_is_seen_by_the_client(server: Server) -> None:
    query = b"SELECT number, throwIf(number = 2000000) FROM numbers(4000000) SETTINGS max_block_size = 65536"
    response = server.request(body=query, raw=True)
    assert response.status == 200
    last = [b""]

    def read_all() -> None:
        for chunk in response.stream(MIB):
            last[0] = (last[0] + chunk)[-2000:]

    with pytest.raises(urllib3.exceptions.ProtocolError):
        read_all()
    response.close()
    # The way ClickHouse marks it since 25.11: the length is that of the message with its line end.
    tag = response.headers["X-ClickHouse-Exception-Tag"].encode()
    assert re.fullmatch(rb"[a-z]{16}", tag)
    pattern = rb"\r\n__exception__\r\n%b\r\n(Code: 395\. DB::Exception: .*\n)(\d+) %b\r\n__exception__\r\n$" % (
        tag,
        tag,
    )
    found = re.search(pattern, last[0])
    assert found
    assert len(found.group(1)) == int(found.group(2))


def test_error_in_mid_stream_is_inside_the_compression(server: Server) -> None:
    query = b"SELECT number, throwIf(number = 2000000) FROM numbers(4000000) SETTINGS max_block_size = 65536"
    response = server.request(body=query, headers={"Accept-Encoding": "gzip"}, raw=True, enable_http_compression="1")
    inflate = zlib.decompressobj(31)
    plain = bytearray()

    def read_all() -> None:
        for chunk in response.stream(MIB):
            plain.extend(inflate.decompress(chunk))

    with pytest.raises(urllib3.exceptions.ProtocolError):
        read_all()
    response.close()
    assert plain.endswith(response.headers["X-ClickHouse-Exception-Tag"].encode() + b"\r\n__exception__\r\n")


@pytest.mark.parametrize(
    "option", [{"wait_end_of_query": "1"}, {"http_wait_end_of_query": "1"}, {"buffer_size": "500000000"}]
)
def test_large_answer_that_is_waited_for_is_not_kept_in_memory(server: Server, option: dict[str, str]) -> None:
    server.sql("SELECT number FROM numbers(1000000) FORMAT Null")
    before = server.resident_memory()
    response = server.request("POST", b"SELECT repeat('x', 99) FROM numbers(4000000)", None, "/", raw=True, **option)
    assert response.status == 200
    assert server.resident_memory() - before < 150 * MIB
    assert response.headers["Content-Length"] == "400000000"
    assert sum(map(len, response.stream(MIB))) == 400_000_000
    response.release_conn()
    assert list((server.data_dir / "incoming").iterdir()) == []


def test_error_in_mid_stream_has_its_status_when_the_client_waits_for_the_end(server: Server) -> None:
    query = b"SELECT number, throwIf(number = 2000000) FROM numbers(4000000) SETTINGS max_block_size = 65536"
    response = server.request(body=query, wait_end_of_query="1")
    assert response.status == 500
    assert response.headers["X-ClickHouse-Exception-Code"] == "395"


def test_client_that_leaves_ends_its_query(server: Server) -> None:
    response = server.request(body=b"SELECT number, 'endless' FROM system.numbers", raw=True)
    assert response.read(MIB)
    response.close()
    running = "SELECT count() FROM system.processes WHERE query LIKE '%endless%' AND query NOT LIKE '%processes%'"
    for _ in range(200):
        if server.sql(running) == "0":
            return
    raise AssertionError("the query still runs")


def test_queries_run_side_by_side(server: Server) -> None:
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda n: server.sql(f"SELECT {n}, sum(number) FROM numbers(200000)"), range(50)))
    assert answers == [f"{n}\t19999900000" for n in range(50)]


def test_slow_queries_do_not_hold_up_the_others(server: Server) -> None:
    with ThreadPoolExecutor(8) as pool:
        slow = [pool.submit(server.sql, "SELECT sleep(2)") for _ in range(8)]
        assert server.request("GET", path="/ping").data == b"Ok.\n"
        assert server.sql("SELECT 1") == "1"
        assert not any(future.done() for future in slow)

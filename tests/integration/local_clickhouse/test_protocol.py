"""What clients read beside the rows: protocol versions of Native, first rows, encodings of errors, headers."""

from __future__ import annotations

import contextlib
import http.client
import time
import zlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import clickhouse_connect
import lz4.block  # type: ignore[import-untyped]
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.local_clickhouse.process import Server

INFO = b"\x01\x00\x02\xff\xff\xff\xff\x00"
ZONE = b"\x19DateTime('Europe/Berlin')"
ARRAY = b"output_format_json_array_of_rows = 1, max_block_size = 1"
FROM_INPUT = "WITH 1 AS x INSERT INTO texts SELECT concat(c, toString(x)) FROM input('c String') FORMAT CSV\n"
QUERY = b"SELECT 1 AS a, toDateTime(0, 'Europe/Berlin') AS b FORMAT Native"


@pytest.fixture
def table(server: Server) -> Iterator[None]:
    server.sql("CREATE TABLE texts (a String) ENGINE = Memory")
    yield
    server.sql("DROP TABLE texts")


@pytest.mark.parametrize(
    ("version", "answer"),
    [
        ("0", b"\x02\x01\x01a\x05UInt8\x01\x01b\x08DateTime" + bytes(4)),
        ("54405", INFO + b"\x02\x01\x01a\x05UInt8\x01\x01b" + ZONE + bytes(4)),
        ("54460", INFO + b"\x02\x01\x01a\x05UInt8\x00\x01\x01b" + ZONE + b"\x00" + bytes(4)),
        ("54480", INFO[:-1] + b"\x03\x00\x00\x02\x01\x01a\x05UInt8\x00\x01\x01b" + ZONE + b"\x00" + bytes(4)),
    ],
)
def test_native_is_what_the_client_says_that_it_reads(server: Server, version: str, answer: bytes) -> None:
    response = server.request(body=QUERY, client_protocol_version=version)
    assert response.data == answer
    assert response.headers["X-ClickHouse-Format"] == "Native"


@pytest.mark.parametrize("version", ["1", "54404", "x", "-1"])
def test_version_that_is_not_spoken_is_refused_in_a_sentence(server: Server, version: str) -> None:
    response = server.request(body=QUERY, client_protocol_version=version)
    assert response.headers["X-ClickHouse-Exception-Code"] == "48"
    assert b"client_protocol_version" in response.data
    assert server.sql("SELECT 1 FORMAT TSV", client_protocol_version=version) == "1"


def test_empty_result_and_errors_are_the_same_in_every_version(server: Server) -> None:
    assert server.request(body=b"SELECT 1 WHERE 0 FORMAT Native", client_protocol_version="54460").data == b""
    assert server.request(body=b"SELECT nothing FORMAT Native", client_protocol_version="54460").status == 404


@pytest.mark.parametrize(
    "statement",
    ["SHOW DATABASES LIKE 'default'", "EXISTS TABLE system.one", "DESCRIBE TABLE system.one", "EXPLAIN SELECT 1"],
)
def test_reports_have_the_version_too(server: Server, statement: str) -> None:
    data = server.request(body=statement.encode(), default_format="Native", client_protocol_version="54460").data
    assert data.startswith(INFO)


def test_every_type_reads_the_same_in_a_newer_version(server: Server) -> None:
    columns = """
        number AS n, toString(number) AS s, toLowCardinality(s) AS l, if(number % 3 = 0, NULL, s) AS o, [n, n + 1] AS a,
        map(s, n) AS m, (n, s)::Tuple(a UInt64, b String) AS t, toDateTime64(n, 3, 'Asia/Tokyo') AS d,
        concat('{"a": ', s, '}')::JSON AS j, n::Dynamic AS y, toFixedString('ab', 3) AS f
    """
    versions = []
    for asked in (True, False):
        clickhouse_connect.common.set_setting("use_protocol_version", asked)
        with contextlib.closing(clickhouse_connect.get_client(host="127.0.0.1", port=server.port)) as client:
            result = client.query(f"SELECT {columns} FROM numbers(70000) ORDER BY n", settings={"max_block_size": 5000})
            versions.append((result.column_names, result.result_rows))
    clickhouse_connect.common.set_setting("use_protocol_version", True)  # noqa: FBT003
    assert versions[0] == versions[1]
    assert len(versions[0][1]) == 70000


def test_zones_reach_the_client(server: Server) -> None:
    with contextlib.closing(clickhouse_connect.get_client(host="127.0.0.1", port=server.port)) as client:
        [[value]] = client.query("SELECT toDateTime(0, 'Europe/Berlin')").result_rows
    assert value == datetime(1970, 1, 1, tzinfo=UTC)
    assert value.tzinfo == ZoneInfo("Europe/Berlin")


def test_large_native_answer_is_complete(server: Server) -> None:
    query = b"SELECT number, 'x' AS x FROM numbers(3000000) FORMAT Native"
    assert len(server.request(body=query, client_protocol_version="54460").data) > 3_000_000 * 10


@pytest.mark.parametrize("encoding", ["", "gzip", "deflate", "br", "zstd", "lz4"])
@pytest.mark.parametrize("result_format", ["TSV", "JSONEachRow", "Native", "RowBinary"])
def test_first_rows_are_there_while_the_query_runs(server: Server, result_format: str, encoding: str) -> None:
    query = f"SELECT number, sleepEachRow(0.5) FROM numbers(6) SETTINGS max_block_size = 1 FORMAT {result_format}"
    headers = {"Accept-Encoding": encoding} if encoding else {}
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)) as connection:
        connection.request("POST", "/?enable_http_compression=1", query, headers)
        answer = connection.getresponse()
        assert answer.read1(1000)
        first = time.monotonic()
        answer.read()
        assert time.monotonic() - first > 1.5
        connection.request("GET", "/ping")  # the connection stays open behind an answer that was streamed
        assert connection.getresponse().read() == b"Ok.\n"


def test_first_rows_can_be_unpacked_as_soon_as_they_are_there(server: Server) -> None:
    query = "SELECT number, sleepEachRow(0.5) FROM numbers(4) SETTINGS max_block_size = 1"
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)) as connection:
        connection.request("POST", "/?enable_http_compression=1", query, {"Accept-Encoding": "gzip"})
        answer = connection.getresponse()
        assert zlib.decompressobj(31).decompress(answer.read1(1000)) == b"0\t0\n"


@pytest.mark.parametrize(
    ("query", "answer"),
    [
        (b"SELECT number % 2 AS a, count() FROM numbers(4) GROUP BY a WITH TOTALS ORDER BY a", b"0\t2\n1\t2\n\n0\t4\n"),
        (b"SELECT number FROM numbers(3) SETTINGS extremes = 1, max_block_size = 1", b"0\n1\n2\n\n0\n2\n"),
        (b"SELECT number FROM numbers(2) FORMAT JSONEachRow SETTINGS " + ARRAY, b'[\n{"number":0},\n{"number":1}\n]\n'),
    ],
)
def test_what_stands_around_all_rows_stands_there_once(server: Server, query: bytes, answer: bytes) -> None:
    assert server.request(body=query).data == answer


def test_session_that_wants_something_around_all_rows_gets_it(server: Server) -> None:
    server.sql("SET extremes = 1", session_id="extremes")
    query = "SELECT number FROM numbers(2) SETTINGS max_block_size = 1"
    assert server.sql(query, session_id="extremes") == "0\n1\n\n0\n1"
    assert server.sql(query, extremes="1") == "0\n1\n\n0\n1"


def test_error_is_packed_like_the_rows_would_be(server: Server) -> None:
    packed = server.request(body=b"SELECT nothing", compress="1")
    assert packed.status == 404
    assert packed.headers["X-ClickHouse-Exception-Code"] == "47"
    size = int.from_bytes(packed.data[21:25], "little")
    assert lz4.block.decompress(packed.data[25:], uncompressed_size=size).startswith(b"Code: 47. DB::Exception: ")

    gzip = {"Accept-Encoding": "gzip"}
    encoded = server.request("POST", b"SELECT nothing", gzip, "/", raw=False, enable_http_compression="1")
    assert encoded.headers["Content-Encoding"] == "gzip"
    assert zlib.decompress(encoded.data, 31).startswith(b"Code: 47. DB::Exception: ")


def test_error_of_a_session_is_plain(server: Server) -> None:
    answer = server.request(body=b"SELECT 1", compress="1", session_id="none", session_check="1")
    assert answer.data.startswith(b"Code: 372. DB::Exception: ")


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize(
    ("statement", "result_format"),
    [
        ("SELECT 1", "TabSeparated"),
        ("SELECT 1 FORMAT Null", "Null"),
        ("SHOW DATABASES", "TabSeparated"),
        ("EXISTS TABLE texts", "TabSeparated"),
        ("KILL QUERY WHERE 0", "TabSeparated"),
        ("INSERT INTO texts VALUES ('x')", None),
        ("INSERT INTO texts SELECT 'x'", None),
        ("CREATE TABLE IF NOT EXISTS texts (a String) ENGINE = Memory", None),
        ("ALTER TABLE texts COMMENT COLUMN a 'x'", None),
        ("SET max_threads = 1", None),
        ("SYSTEM FLUSH LOGS", None),
    ],
)
def test_format_is_named_where_there_is_a_result(server: Server, statement: str, result_format: str | None) -> None:
    answer = server.request(body=statement.encode())
    assert answer.status == 200
    assert answer.headers.get("X-ClickHouse-Format") == result_format
    assert answer.headers["Content-Type"]


def test_headers_are_written_as_clickhouse_writes_them(server: Server) -> None:
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)) as connection:
        connection.request("POST", "/?query_id=mine", "SELECT 1")
        names = {name: value for name, value in connection.getresponse().getheaders() if "lick" in name}
    assert names["X-ClickHouse-Query-Id"] == "mine"
    assert {"X-ClickHouse-Format", "X-ClickHouse-Summary", "X-ClickHouse-Timezone"} <= set(names)


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize(
    ("statement", "rows"),
    [
        (FROM_INPUT + '"a;b"\nc;\n', "a;b1\nc;1"),
        ("WITH x AS (SELECT 'a;b' AS y) INSERT INTO texts SELECT y FROM x", "a;b"),
        ("\ufeffINSERT INTO\u00a0texts VALUES\u2003('a;b')", "a;b"),
        ("INSERT INTO texts VALUES /* ; */ ('a')", "a"),
        ('INSERT INTO texts FORMAT\u3000CSV\n"a;b"\n', "a;b"),
        ("INSERT INTO \u201ctexts\u201d (\u201ca\u201d) SELECT \u2018it''s;\u2019", "it''s;"),
    ],
)
def test_statements_are_split_where_clickhouse_splits_them(server: Server, statement: str, rows: str) -> None:
    answer = server.request(body=statement.encode())
    assert answer.status == 200, answer.data
    assert server.request(body=b"SELECT a FROM texts FORMAT TSVRaw").data.decode().rstrip("\n") == rows


def test_insert_may_be_the_name_of_something_else(server: Server) -> None:
    assert server.sql("WITH x AS (SELECT 1 AS insert) SELECT insert FROM x") == "1"

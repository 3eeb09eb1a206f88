from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.integration.local_clickhouse.process import Server

NATIVE_ONE_ROW = b"\x02\x01\x01a\x05Int32\x07\x00\x00\x00\x01s\x06String\x01x"


@pytest.fixture(autouse=True)
def table(server: Server) -> Iterator[None]:
    server.sql("CREATE TABLE t (a Int32, s String DEFAULT 'none') ENGINE = MergeTree ORDER BY a")
    yield
    server.sql("DROP TABLE t SYNC")


@pytest.mark.parametrize(
    ("statement", "data", "rows"),
    [
        ("INSERT INTO t VALUES", b"(1, 'x'), (2, 'y;')", "1\tx\n2\ty;"),
        ("INSERT INTO t VALUES", b"(1, 'x');", "1\tx"),
        ("INSERT INTO t (a) VALUES", b"(1)", "1\tnone"),
        ("insert into t format CSV\n", b'1,"x"\n2,y\n', "1\tx\n2\ty"),
        ("INSERT INTO t FORMAT TSV\r\n", b"1\tx\n", "1\tx"),
        ("INSERT INTO TABLE `t` (a, s) SETTINGS format_csv_delimiter = ';' FORMAT CSV\n", b"1;x\n", "1\tx"),
        ("INSERT INTO default.t FORMAT JSONEachRow", b'{"a": 1, "s": "x"} {"a": 2}', "1\tx\n2\tnone"),
        ("/* INSERT */ INSERT INTO t -- FORMAT CSV\n FORMAT JSONEachRow\n", b'{"a": 1}', "1\tnone"),
        ("INSERT INTO t FORMAT Native\n", NATIVE_ONE_ROW, "7\tx"),
        ("INSERT INTO t FORMAT RowBinary\n", b"\x07\x00\x00\x00\x01\n", "7\t\\n"),
        ("INSERT INTO t FORMAT CSV\n", b"", ""),
    ],
)
@pytest.mark.parametrize("place", ["body", "url"])
def test_insert_takes_data_in_any_format(server: Server, statement: str, data: bytes, rows: str, place: str) -> None:
    if place == "body":
        response = server.request(body=statement.encode() + data)
    else:
        response = server.request(body=data, query=statement.rstrip())
    assert response.status == 200, response.data
    assert response.data == b""
    assert server.sql("SELECT * FROM t ORDER BY a") == rows
    written = rows.count("\n") + 1 if rows else 0
    assert f'"written_rows":"{written}"' in response.headers["X-ClickHouse-Summary"]


def test_insert_from_select_is_one_statement(server: Server) -> None:
    response = server.request(body=b"INSERT INTO t (a) SELECT number FROM numbers(5)")
    assert response.status == 200
    assert '"written_rows":"5"' in response.headers["X-ClickHouse-Summary"]
    assert server.sql("SELECT count() FROM t") == "5"
    server.sql("INSERT INTO t (a) WITH 1 AS x SELECT x")
    server.sql("INSERT INTO t (a) (SELECT 2)")
    assert server.sql("SELECT count() FROM t") == "7"


@pytest.mark.parametrize("place", ["body", "url"])
def test_insert_may_transform_its_data_on_the_way(server: Server, place: str) -> None:
    statement = "INSERT INTO t SELECT a + {n:UInt8}, upper(s) FROM input('a Int32, s String') WHERE a > 1 FORMAT CSV"
    data = b"1,x\n2,y\n3,z\n"
    if place == "body":
        response = server.request(body=statement.encode() + b"\n" + data, param_n="10")
    else:
        response = server.request(body=data, query=statement, param_n="10")
    assert response.status == 200, response.data
    assert server.sql("SELECT * FROM t ORDER BY a") == "12\tY\n13\tZ"


def test_tables_may_be_called_like_keywords(server: Server) -> None:
    for name in ("format", "values", "input"):
        server.sql(f"CREATE TABLE `{name}` (a Int32) ENGINE = Memory")
        server.sql(f"INSERT INTO {name} FORMAT CSV\n1\n")
        server.sql(f"INSERT INTO default.{name} (a) SELECT 2")
        assert server.sql(f"SELECT sum(a) FROM `{name}`") == "3"
        server.sql(f"DROP TABLE `{name}`")


def test_parameters_reach_an_insert(server: Server) -> None:
    server.sql("INSERT INTO {t:Identifier} SELECT {a:Int32}, {s:String}", param_t="t", param_a="4", param_s="q")
    assert server.sql("SELECT * FROM t") == "4\tq"


def test_large_insert_streams_from_a_file(server: Server, tmp_path: Path) -> None:
    file = tmp_path / "rows.tsv"
    line = b"x" * 95
    with file.open("wb") as rows:
        for number in range(3_000_000):
            rows.write(b"%d\t%s\n" % (number, line))
    server.sql("CREATE OR REPLACE TABLE nowhere (a Int32, s String) ENGINE = Null")
    before = server.resident_memory()
    with file.open("rb") as rows:
        # The engine itself would join blocks up to 256 MB before it writes them.
        response = server.request(
            body=rows,
            query="INSERT INTO nowhere FORMAT TSV",
            max_insert_block_size="20000",
            min_insert_block_size_bytes="1000000",
        )
    assert response.status == 200, response.data
    assert '"written_rows":"3000000"' in response.headers["X-ClickHouse-Summary"]
    assert server.resident_memory() - before < file.stat().st_size / 2


def test_bad_data_are_reported_and_nothing_is_left_behind(server: Server) -> None:
    response = server.request(body=b"INSERT INTO t FORMAT TSV\nnumber\tx\n")
    assert response.status == 400
    assert response.headers["X-ClickHouse-Exception-Code"] == "27"
    assert response.data.count(b"Code: 27.") == 1
    assert server.sql("SELECT count() FROM t") == "0"


@pytest.mark.parametrize(
    ("statement", "status", "code"),
    [
        (b"INSERT INTO nothing VALUES (1)", 404, "60"),
        (b"INSERT INTO t FORMAT CSV;1,x", 400, "62"),
        (b"INSERT INTO t FORMAT", 400, "62"),
        (b"INSERT INTO t FORMAT Nothing\n1", 404, "73"),
        (b"INSERT INTO t SELECT * FROM input('a Int32')", 400, "62"),
        (b"INSERT INTO t (a) SELECT * FROM input('a Int32') FORMAT TSV\nx", 400, "27"),
        (b"INSERT INTO t FROM INFILE '/etc/hostname' FORMAT CSV", 501, "48"),
        (b"INSERT INTO t (nothing) VALUES (1)", 500, "16"),
    ],
)
def test_bad_insert_is_reported(server: Server, statement: bytes, status: int, code: str) -> None:
    response = server.request(body=statement)
    assert (response.headers.get("X-ClickHouse-Exception-Code"), response.status) == (code, status), response.data


def test_body_without_a_length_is_read_to_its_end(server: Server) -> None:
    pieces = iter([b"INSERT INTO t FORMAT CSV\n", b"1,x\n", os.urandom(0), b"2,y\n"])
    assert server.request(body=pieces).status == 200
    assert server.sql("SELECT count() FROM t") == "2"

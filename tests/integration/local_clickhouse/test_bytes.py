"""What is not UTF-8 reaches the engine, and comes back, byte for byte; and no failure looks like an empty answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.local_clickhouse.process import Server

BROKEN = b"\xff\xfe\x80\xc3("
PERCENT = "%FF%FE%80%C3%28"


@pytest.fixture
def table(server: Server) -> Iterator[None]:
    server.sql("CREATE TABLE texts (a String, b String DEFAULT '') ENGINE = Memory")
    yield
    server.sql("DROP TABLE texts")


def test_text_of_a_query_is_taken_as_it_is(server: Server) -> None:
    answer = server.request(body=b"SELECT hex('%b'), '%b'" % (BROKEN, BROKEN))
    assert answer.status == 200
    assert answer.data == BROKEN.hex().upper().encode() + b"\t" + BROKEN + b"\n"


def test_query_in_the_url_is_taken_as_it_is(server: Server) -> None:
    answer = server.http.request("GET", f"{server.url}/?query=SELECT+'{PERCENT}'")
    assert answer.data == BROKEN + b"\n"


@pytest.mark.parametrize("kind", ["String", "Nullable(String)", "LowCardinality(String)"])
def test_parameter_is_taken_as_it_is(server: Server, kind: str) -> None:
    answer = server.http.request(
        "POST", f"{server.url}/?param_x=a{PERCENT}%5Ct", body=b"SELECT hex({x:%b})" % kind.encode()
    )
    assert answer.data == b"61" + BROKEN.hex().upper().encode() + b"09\n"


def test_parameter_of_a_form_is_taken_as_it_is(server: Server) -> None:
    fields = {"query": b"SELECT hex({x:String}), hex('%b')" % BROKEN, "param_x": BROKEN}
    answer = server.http.request("POST", server.url, fields=fields)
    assert answer.data.split() == [BROKEN.hex().upper().encode()] * 2


def test_external_table_is_taken_as_it_is(server: Server) -> None:
    query = b"SELECT hex(`%b`) FROM t" % BROKEN
    fields: dict[str, bytes | tuple[str, bytes]] = {
        "query": query,
        "t_structure": b"`%b` String" % BROKEN,
        "t": ("t", b"a" + BROKEN),
    }
    answer = server.http.request("POST", server.url, fields=fields)
    assert answer.data == b"61" + BROKEN.hex().upper().encode() + b"\n"


def test_setting_is_taken_as_it_is_and_put_back(server: Server) -> None:
    comment = "SELECT hex(getSetting('format_csv_null_representation'))"
    server.request(body=b"SET format_csv_null_representation = '%b'" % BROKEN, session_id="bytes")
    inside = server.http.request(
        "POST", f"{server.url}/?session_id=bytes&format_csv_null_representation=a{PERCENT}", body=comment.encode()
    )
    assert inside.data == b"61" + BROKEN.hex().upper().encode() + b"\n"
    assert server.sql(comment, session_id="bytes") == BROKEN.hex().upper()


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize(
    "insert",
    [
        b"INSERT INTO texts (a) VALUES ('%b')",
        b'INSERT INTO texts (a) FORMAT CSV\n"%b"\n',
        b"INSERT INTO texts (a) SELECT '%b'",
        b"INSERT INTO texts SELECT c, '%b' FROM input('c String') FORMAT CSV\nx\n",
    ],
)
def test_inserted_bytes_are_kept(server: Server, insert: bytes) -> None:
    assert server.request(body=insert % BROKEN).status == 200
    assert BROKEN.hex().upper() in server.sql("SELECT hex(a), hex(b) FROM texts")


@pytest.mark.parametrize("result_format", ["TSV", "CSV", "RowBinary", "JSONEachRow", "Native", "Values"])
def test_every_format_says_something(server: Server, result_format: str) -> None:
    answer = server.request(body=b"SELECT '%b' AS a FORMAT %b" % (BROKEN, result_format.encode()))
    assert answer.status == 200
    assert answer.data


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        (b"SELECT '%b' + 1", "43"),
        (b"SELECT `%b`", "47"),
        (b"SELECT throwIf(1, '%b')", "395"),
        (b"SELECT * FROM `%b`", "60"),
        (b"SELEC '%b'", "62"),
        (b"SELECT %b", "62"),
        (b"INSERT INTO `%b` VALUES (1)", "60"),
        (b"DROP TABLE `%b`", "60"),
        (b"SHOW CREATE TABLE `%b`", "390"),
        (b"USE `%b`", "81"),
        (b"SET max_threads = '%b'", "27"),
        (b"SELECT 1 FORMAT %b", "62"),
        (b"SHOW DATABASES FORMAT DataFrame", "73"),
        (b"SHOW DATABASES FORMAT ArrowTable", "73"),
    ],
)
def test_error_quotes_the_bytes_that_were_sent(server: Server, statement: bytes, code: str) -> None:
    answer = server.request(body=statement % BROKEN if b"%b" in statement else statement)
    assert answer.status != 200
    assert answer.headers["X-ClickHouse-Exception-Code"] == code, answer.data
    assert answer.data.startswith(b"Code: " + code.encode())


def test_error_in_the_middle_of_an_answer_is_seen(server: Server) -> None:
    query = (
        b"SELECT number, throwIf(number = 2000000, '%b') FROM numbers(4000000) SETTINGS max_block_size = 65536" % BROKEN
    )
    answer = server.request(body=query, wait_end_of_query="1")
    assert (answer.status, answer.headers["X-ClickHouse-Exception-Code"]) == (500, "395")
    assert BROKEN in answer.data


@pytest.mark.parametrize("name", ["session_id", "database", "user", "query_id", "default_format", "session_timezone"])
def test_option_that_is_not_utf_8_is_taken_or_refused(server: Server, name: str) -> None:
    answer = server.http.request("POST", f"{server.url}/?{name}={PERCENT}", body=b"SELECT 42")
    assert answer.data == b"42\n" or answer.headers["X-ClickHouse-Exception-Code"]

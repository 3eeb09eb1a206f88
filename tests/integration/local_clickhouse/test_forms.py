"""Queries in multipart/form-data bodies, and parameters of any size."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import clickhouse_connect
import pytest
from urllib3.filepost import encode_multipart_formdata

if TYPE_CHECKING:
    from collections.abc import Iterator

    import urllib3
    from clickhouse_connect.driver.client import Client

    from tests.integration.local_clickhouse.process import Server

BAD_ARGUMENTS, UNKNOWN_SETTING, READONLY = "36", "115", "164"


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    connected = clickhouse_connect.get_client(host="127.0.0.1", port=server.port)
    yield connected
    connected.close()


def post_form(
    server: Server, fields: dict[str, str | bytes | tuple[str, str]], **options: str
) -> urllib3.BaseHTTPResponse:
    body, content_type = encode_multipart_formdata(fields)
    return server.request("POST", body, {"Content-Type": content_type}, "/", raw=False, **options)


@pytest.mark.parametrize("form", [True, False])
def test_a_text_of_100_kb_comes_back_as_it_was_sent(client: Client, form: bool) -> None:  # noqa: FBT001
    client.form_encode_query_params = form  # type: ignore[attr-defined]
    text = ("ü 'quoted' \\ tab\t line\n\r\n--" * 4096)[:100_000]
    assert client.query("SELECT {x:String}", parameters={"x": text}).first_row == (text,)
    assert client.raw_query("SELECT length({x:String})", parameters={"x": "y" * 100_000}) == b"100000\n"


def test_an_array_of_2000_elements_is_a_parameter(client: Client) -> None:
    ids = [f"user-{number}" for number in range(2000)]
    query = "SELECT length({ids:Array(String)}), has({ids:Array(String)}, 'user-1999'), {ids:Array(String)}[1]"
    assert client.query(query, parameters={"ids": ids}).first_row == (2000, 1, "user-0")


def test_empty_results_with_a_form_have_their_columns(client: Client) -> None:
    result = client.query("SELECT {x:String} AS a LIMIT 0", parameters={"x": "y" * 20_000})
    assert (result.column_names, result.result_rows) == (("a",), [])


def test_fields_of_a_form_are_read_like_parameters_of_the_url(server: Server) -> None:
    fields = {"query": "SELECT {x:String}, {y:UInt8}, getSetting('max_block_size')", "param_x": "a&b=c"}
    answer = post_form(
        server, {**fields, "max_block_size": "7", "default_format": "CSV", "query_id": "mine"}, param_y="2"
    )
    assert (answer.status, answer.data) == (200, b'"a&b=c",2,7\n')
    assert answer.headers["X-ClickHouse-Query-Id"] == "mine"


def test_the_query_may_stand_in_the_url(server: Server) -> None:
    assert post_form(server, {"param_x": "3"}, query="SELECT {x:UInt8}").data == b"3\n"
    assert post_form(server, {"query": ", 2"}, query="SELECT 1").data == b"1\t2\n"


def test_an_insert_may_bring_its_data_in_a_form(server: Server) -> None:
    server.sql("CREATE OR REPLACE TABLE formed (a Int32, b String) ENGINE = Memory")
    rows = "\r\n".join(f"{number},x" for number in range(50_000))
    assert post_form(server, {"query": f"INSERT INTO formed FORMAT CSV\n{rows}"}).status == 200
    assert server.sql("SELECT count(), sum(a), any(b) FROM formed") == "50000\t1249975000\tx"


def test_a_compressed_form_is_read(server: Server) -> None:
    body, content_type = encode_multipart_formdata({"query": "SELECT {x:UInt8}", "param_x": "5"})
    headers = {"Content-Type": content_type, "Content-Encoding": "gzip"}
    assert server.request(body=gzip.compress(body), headers=headers).data == b"5\n"


def test_a_get_with_a_form_reads_only(server: Server) -> None:
    body, content_type = encode_multipart_formdata({"query": "CREATE TABLE no (a Int8) ENGINE = Memory"})
    answer = server.request("GET", body, {"Content-Type": content_type}, max_threads="1")
    assert answer.headers["X-ClickHouse-Exception-Code"] == READONLY


def test_a_field_that_is_no_setting_is_refused(server: Server) -> None:
    answer = post_form(server, {"query": "SELECT 1", "nothing": "1"})
    assert answer.headers["X-ClickHouse-Exception-Code"] == UNKNOWN_SETTING


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"SELECT 1"),
        ("multipart/form-data; boundary=B", b""),
        ("multipart/form-data; boundary=B", b"SELECT 1"),
        ("multipart/form-data; boundary=B", b'--B\r\nContent-Disposition: form-data; name="query"\r\n\r\nSELECT 1'),
        ("multipart/form-data; boundary=B", b'--B\r\nContent-Disposition: form-data; name="\xff"\r\n\r\n1\r\n--B--'),
    ],
    ids=["no boundary", "empty", "no form", "cut off", "a name that is no text"],
)
def test_a_broken_form_is_an_error_of_the_client(server: Server, content_type: str, body: bytes) -> None:
    answer = server.request(body=body, headers={"Content-Type": content_type})
    assert (answer.status, answer.headers["X-ClickHouse-Exception-Code"]) == (400, BAD_ARGUMENTS)
    assert answer.data.startswith(b"Code: 36. DB::Exception: ")


def test_a_urlencoded_body_is_the_query_itself(server: Server) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert server.request(body=b"SELECT 'query=1&a=%20'", headers=headers).data == b"query=1&a=%20\n"


@pytest.mark.parametrize("size", [1_000, 60_000, 400_000])
def test_a_large_parameter_in_the_url_is_read(server: Server, size: int) -> None:
    answer = server.request("GET", query="SELECT length({x:String})", param_x="y" * size)
    assert (answer.status, answer.data) == (200, f"{size}\n".encode())

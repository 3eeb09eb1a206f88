"""Tables that a request brings along in the files of its form."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import clickhouse_connect
import pytest
from clickhouse_connect.driver.external import ExternalData
from urllib3.filepost import encode_multipart_formdata

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import urllib3
    from clickhouse_connect.driver.client import Client

    from tests.integration.local_clickhouse.process import Server

FILMS = b"1,Solaris\n2,Stalker\n"


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    connected = clickhouse_connect.get_client(host="127.0.0.1", port=server.port)
    yield connected
    connected.close()


@pytest.fixture(autouse=True)
def nothing_is_left(server: Server) -> Iterator[None]:
    yield
    assert list((server.data_dir / "incoming").iterdir()) == []


def post(server: Server, parts: dict[str, bytes | tuple[str, bytes]], **options: str) -> urllib3.BaseHTTPResponse:
    body, content_type = encode_multipart_formdata(parts)
    return server.request("POST", body, {"Content-Type": content_type}, "/", raw=False, **options)


@pytest.mark.parametrize("form", [True, False])
def test_table_of_the_client_library_is_read(client: Client, form: bool) -> None:  # noqa: FBT001
    client.form_encode_query_params = form  # type: ignore[attr-defined]
    table = ExternalData(file_name="films.csv", fmt="CSV", structure=["id UInt32", "title String"], data=FILMS)
    table.add_file(file_name="seen.tsv", types=["UInt32", "Decimal(10, 2)"], data=b"2\t1.50\n")
    query = "SELECT title, _2 FROM films JOIN seen ON id = _1 WHERE id > {least:UInt8}"
    [row] = client.query(query, parameters={"least": 1}, external_data=table).result_rows
    assert (row[0], str(row[1])) == ("Stalker", "1.50")


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl")
def test_table_of_curl_is_read(server: Server, tmp_path: Path) -> None:
    file = tmp_path / "films.tsv"
    file.write_bytes(FILMS.replace(b",", b"\t"))
    url = f"{server.url}/?query=SELECT+count(),+max(title)+FROM+films&films_structure=id+UInt32,title+String"
    done = subprocess.run(["curl", "-sS", "-F", f"films=@{file}", url], capture_output=True, check=True)
    assert done.stdout == b"2\tStalker\n"


def test_description_may_stand_in_the_form_behind_the_file(server: Server) -> None:
    parts: dict[str, bytes | tuple[str, bytes]] = {
        "t": ("t", FILMS),
        "t_format": b"CSV",
        "t_types": b"UInt32,Enum8('Solaris' = 1, 'Stalker' = 2)",
    }
    parts["query"] = b"SELECT sum(_1), max(_2) FROM t"
    assert post(server, parts).data == b"3\tStalker\n"


def test_file_without_a_name_is_called_data(server: Server) -> None:
    assert post(server, {"": ("x", b"5\n")}, query="SELECT * FROM _data", _data_types="UInt8").data == b"5\n"


def test_empty_table_has_no_rows(server: Server) -> None:
    assert post(server, {"t": ("t", b"")}, query="SELECT count() FROM t", t_types="UInt8").data == b"0\n"


def test_large_table_is_read(server: Server) -> None:
    rows = b"".join(b"%d\n" % number for number in range(1_000_000))
    answer = post(server, {"t": ("t", rows)}, query="SELECT sum(_1) FROM t", t_types="UInt32")
    assert answer.data == b"499999500000\n"


def test_settings_of_the_request_hold_for_its_tables(server: Server) -> None:
    options = {"t_types": "UInt8,String", "t_format": "CSV", "format_csv_delimiter": ";", "limit": "1"}
    query = "SELECT sum(_1) OVER (), _2 FROM t ORDER BY _1 FORMAT TSV"
    assert post(server, {"t": ("t", b"1;x\n2;y\n")}, query=query, **options).data == b"3\tx\n"


def test_table_may_be_the_source_of_an_insert(server: Server) -> None:
    server.sql("CREATE OR REPLACE TABLE kept (a UInt32) ENGINE = Memory")
    assert (
        post(server, {"t": ("t", b"3\n4\n")}, query="INSERT INTO kept SELECT _1 FROM t", t_types="UInt32").status == 200
    )
    assert server.sql("SELECT sum(a) FROM kept") == "7"


def test_table_is_there_for_its_own_query_only(server: Server) -> None:
    for _ in range(2):
        answer = post(server, {"t": ("t", b"1\n")}, query="SELECT * FROM t", t_types="UInt8", session_id="own")
        assert answer.data == b"1\n"
        assert server.request(body=b"SELECT * FROM t", session_id="own").headers["X-ClickHouse-Exception-Code"] == "60"


def test_table_goes_when_its_query_fails(server: Server) -> None:
    options = {"t_types": "UInt8", "session_id": "failing"}
    assert post(server, {"t": ("t", b"1\n")}, query="SELECT throwIf(_1) FROM t", **options).status == 500
    assert post(server, {"t": ("t", b"x\n")}, query="SELECT * FROM t", **options).status == 400
    assert post(server, {"t": ("t", b"2\n")}, query="SELECT * FROM t", **options).data == b"2\n"


def test_table_goes_when_the_client_leaves(server: Server) -> None:
    body, content_type = encode_multipart_formdata({"t": ("t", b"1\n")})
    headers = {"Content-Type": content_type}
    query = "SELECT number, _1 FROM system.numbers, t"
    answer = server.request(body=body, headers=headers, raw=True, query=query, t_types="UInt8", session_id="left")
    assert answer.read(1 << 20)
    answer.close()
    exists = "EXISTS TEMPORARY TABLE t"
    while (again := server.request(body=exists.encode(), session_id="left")).status != 200:
        assert again.headers["X-ClickHouse-Exception-Code"] == "373"  # until the server sees that the client has left
    assert again.data == b"0\n"


def test_table_of_a_session_is_not_replaced(server: Server) -> None:
    server.sql("CREATE TEMPORARY TABLE mine (a UInt8)", session_id="kept")
    answer = post(server, {"mine": ("t", b"1\n")}, query="SELECT 1", mine_types="UInt8", session_id="kept")
    assert answer.headers["X-ClickHouse-Exception-Code"] == "57"
    assert server.sql("SELECT count() FROM mine", session_id="kept") == "0"


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({}, "36"),
        ({"t_types": "Nothing8"}, "50"),
        ({"t_structure": "a UInt8) AS SELECT (1"}, "62"),
        ({"t_types": "UInt8", "t_format": "Nothing"}, "73"),
        ({"t_types": "UInt8", "other_types": "UInt8"}, "115"),
    ],
)
def test_wrong_description_is_an_error(server: Server, options: dict[str, str], code: str) -> None:
    answer = post(server, {"t": ("t", b"1\n")}, query="SELECT * FROM t", **options)
    assert answer.headers["X-ClickHouse-Exception-Code"] == code, answer.data

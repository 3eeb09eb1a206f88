"""The clients that the project uses: clickhouse-connect and clickhouse-migrations."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from typing import TYPE_CHECKING

import clickhouse_connect
import pytest
from clickhouse_connect.driver.exceptions import DatabaseError, StreamFailureError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from clickhouse_connect.driver.client import Client

    from tests.integration.local_clickhouse.process import Server


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    connected = clickhouse_connect.get_client(host="127.0.0.1", port=server.port, username="any")
    yield connected
    connected.close()


def test_rows_go_in_and_come_back_with_their_types(client: Client) -> None:
    columns = """id UUID, n Nullable(Int64), l LowCardinality(String), a Array(String), t DateTime64(3, 'UTC'),
        m Map(String, UInt8), j JSON"""
    client.command(f"CREATE OR REPLACE TABLE typed ({columns}) ENGINE = MergeTree ORDER BY id")
    moment = dt.datetime(2024, 2, 29, 23, 59, 59, 123000, tzinfo=dt.UTC)
    row = ["018f0000-0000-7000-8000-000000000001", None, "x", ["a", "b"], moment, {"k": 1}, {"k": {"z": 5}}]
    summary = client.insert("typed", [row], column_names=["id", "n", "l", "a", "t", "m", "j"])
    assert summary.written_rows == 1
    [back] = client.query("SELECT * FROM typed").result_rows
    assert [str(back[0]), *back[1:4], back[5]] == [row[0], None, "x", ["a", "b"], {"k": 1}]
    assert back[4].replace(tzinfo=dt.UTC) == moment
    assert client.command("SELECT j.k.z FROM typed") in {5, "5"}


@pytest.mark.parametrize("compression", ["lz4", "zstd", "gzip", False])
def test_every_compression_of_the_client_works(server: Server, compression: str | bool) -> None:  # noqa: FBT001
    with clickhouse_connect.get_client(host="127.0.0.1", port=server.port, compress=compression) as client:
        client.command("CREATE OR REPLACE TABLE packed (n UInt32) ENGINE = Memory")
        client.insert("packed", [[n] for n in range(100_000)], column_names=["n"])
        assert client.query("SELECT sum(n) FROM packed").first_row == (4999950000,)
        assert len(client.query("SELECT n FROM packed").result_rows) == 100_000


def test_parameters_and_settings(client: Client) -> None:
    query = "SELECT {a:String}, {b:Array(Int32)}, {c:DateTime('UTC')}, getSetting('max_block_size')"
    values = {"a": "it's\ta \\ 'quote'\n", "b": [1, 2], "c": dt.datetime(2024, 1, 2, 3, 4, 5, tzinfo=dt.UTC)}
    result = client.query(query, parameters=values, settings={"max_block_size": 99}).first_row
    assert result is not None
    assert (result[0], result[1], result[3]) == (values["a"], [1, 2], 99)


def test_blocks_are_streamed(client: Client) -> None:
    with client.query_row_block_stream("SELECT number FROM numbers(500000)") as blocks:
        sizes = [len(block) for block in blocks]
    assert sum(sizes) == 500_000
    assert len(sizes) > 1


def test_error_behind_the_first_blocks_is_raised_with_its_text(client: Client) -> None:
    query = "SELECT number, throwIf(number = 3000000) FROM numbers(4000000) SETTINGS max_block_size = 65536"
    with client.query_row_block_stream(query) as blocks, pytest.raises(StreamFailureError, match=r"Code: 395\."):
        for _ in blocks:
            pass


def test_session_of_the_client_keeps_temporary_tables(client: Client) -> None:
    client.command("CREATE TEMPORARY TABLE mine (a Int32)")
    client.insert("mine", [[1], [2]], column_names=["a"])
    assert client.command("SELECT sum(a) FROM mine") == 3


def test_errors_have_their_code(client: Client) -> None:
    with pytest.raises(DatabaseError, match="code: 60"):
        client.query("SELECT * FROM nothing")
    with pytest.raises(DatabaseError, match="code: 62"):
        client.command("CREATE TABLE")


def test_raw_queries_and_inserts(client: Client) -> None:
    client.command("CREATE OR REPLACE TABLE raw (a Int32, b String) ENGINE = Memory")
    client.raw_insert("raw", column_names=["a", "b"], insert_block=b"1,x\n2,y\n", fmt="CSV")
    assert client.raw_query("SELECT * FROM raw ORDER BY a", fmt="CSV") == b'1,"x"\n2,"y"\n'


def test_migrations_are_applied_once(server: Server, tmp_path: Path) -> None:
    (tmp_path / "0001_films.sql").write_text(
        "CREATE TABLE IF NOT EXISTS films (id UInt32) ENGINE = MergeTree ORDER BY id;\n"
    )
    second = "ALTER TABLE films ADD COLUMN IF NOT EXISTS title String;\nINSERT INTO films VALUES (1, 'one; two');\n"
    (tmp_path / "0002_title.sql").write_text(second)
    options = [
        "--driver",
        "clickhouse-connect",
        "--db-host",
        "127.0.0.1",
        "--db-port",
        str(server.port),
        "--db-name",
        "cinema",
    ]
    program = "import sys; from clickhouse_migrations.command_line import main; sys.exit(main())"
    command = [sys.executable, "-c", program, *options, "--migrations-dir", str(tmp_path), "--multi-statement"]
    for _ in range(2):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    assert server.sql("SELECT * FROM cinema.films") == "1\tone; two"
    assert server.sql("SELECT count() FROM cinema.schema_versions") == "2"

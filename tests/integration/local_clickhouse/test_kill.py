"""KILL QUERY by the query_id that a client chose."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
import urllib3

from tests.support.stack import eventually

if TYPE_CHECKING:
    from tests.integration.local_clickhouse.process import Server

MIB = 1 << 20
CANCELLED = "394"


class Running:
    """A request in a thread of its own, and its answer."""

    def __init__(self, server: Server, query: str, **options: str) -> None:
        self._server = server
        self._thread = threading.Thread(target=self._run, args=(query, options))
        self._thread.start()
        shown = (
            f"SELECT count() FROM system.processes WHERE endsWith(Settings['log_comment'], '={options['query_id']}')"
        )
        eventually(lambda: server.sql(shown) == "1", within_s=10)

    def _run(self, query: str, options: dict[str, str]) -> None:
        self.answer = self._server.request("POST", query.encode(), None, "/", raw=False, **options)

    def ended(self) -> urllib3.BaseHTTPResponse:
        self._thread.join(10)
        return self.answer


@pytest.mark.parametrize(
    "query",
    [
        "SELECT count() FROM system.numbers",
        "INSERT INTO nowhere SELECT number FROM system.numbers",
        "CREATE TABLE filled ENGINE = Null AS SELECT number FROM system.numbers",
    ],
)
@pytest.mark.parametrize("mode", ["", " ASYNC", " SYNC"])
def test_query_is_killed_by_the_id_of_its_client(server: Server, query: str, mode: str) -> None:
    server.sql("CREATE OR REPLACE TABLE nowhere (number UInt64) ENGINE = Null")
    server.sql("DROP TABLE IF EXISTS filled")
    running = Running(server, query, query_id="mine", log_comment="of the client")
    other = Running(server, "SELECT sleep(1), 'other'", query_id="other")
    assert server.sql("KILL QUERY WHERE query_id = 'mine'" + mode).count("\n") == 0
    answer = running.ended()
    assert answer.headers["X-ClickHouse-Exception-Code"] == CANCELLED
    assert answer.headers["X-ClickHouse-Query-Id"] == "mine"
    assert other.ended().data == b"0\tother\n"


@pytest.mark.parametrize(
    ("kill", "options"),
    [
        ("KILL QUERY WHERE query_id = {id:String}", {"param_id": "chosen"}),
        ("kill query where query_id in ('none', 'chosen') format JSON", {}),
        ("KILL QUERY WHERE user = 'default' AND query LIKE '%numbers%' AND query NOT LIKE 'KILL%'", {}),
    ],
)
def test_kill_finds_it_by_any_condition(server: Server, kill: str, options: dict[str, str]) -> None:
    running = Running(server, "SELECT count() FROM system.numbers", query_id="chosen")
    server.sql(kill, **options)
    assert running.ended().headers["X-ClickHouse-Exception-Code"] == CANCELLED


def test_query_of_a_session_is_killed_and_the_session_lives(server: Server) -> None:
    server.sql("SET max_block_size = 11", session_id="a")
    running = Running(server, "SELECT count() FROM system.numbers", query_id="in-session", session_id="a")
    server.sql("KILL QUERY WHERE query_id = 'in-session' SYNC")
    assert running.ended().headers["X-ClickHouse-Exception-Code"] == CANCELLED
    assert server.sql("SELECT getSetting('max_block_size')", session_id="a") == "11"


def test_stream_that_is_killed_ends_with_an_error(server: Server) -> None:
    answer = server.request(body=b"SELECT number FROM system.numbers", raw=True, query_id="stream")
    chunks = answer.stream(MIB)
    last = [next(chunks)]
    server.sql("KILL QUERY WHERE query_id = 'stream'")

    def read_all() -> None:
        for chunk in chunks:
            last[0] = (last[0] + chunk)[-2000:]

    with pytest.raises(urllib3.exceptions.ProtocolError):
        read_all()
    answer.close()
    assert b"Code: 394. DB::Exception: Query was cancelled" in last[0]


def test_kill_of_nothing_is_no_error(server: Server) -> None:
    assert server.sql("KILL QUERY WHERE query_id = 'nothing' SYNC") == ""


def test_readonly_session_still_answers(server: Server) -> None:
    server.sql("SET readonly = 1", session_id="r")
    assert server.sql("SELECT 1", session_id="r") == "1"

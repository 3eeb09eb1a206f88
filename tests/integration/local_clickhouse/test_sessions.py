from __future__ import annotations

import contextlib
import http.client
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.integration.local_clickhouse.process import Server


def test_session_keeps_settings_database_and_temporary_tables(server: Server) -> None:
    server.sql("SET max_block_size = 11", session_id="a")
    server.sql("CREATE TEMPORARY TABLE mine (a Int32)", session_id="a")
    server.sql("INSERT INTO mine VALUES (5)", session_id="a")
    server.sql("USE system", session_id="a")
    state = "SELECT getSetting('max_block_size'), (SELECT sum(a) FROM mine), currentDatabase()"
    assert server.sql(state, session_id="a") == "11\t5\tsystem"


def test_sessions_do_not_see_each_other(server: Server) -> None:
    server.sql("CREATE TEMPORARY TABLE other (a Int32)", session_id="b")
    assert server.sql("EXISTS TEMPORARY TABLE other", session_id="b") == "1"
    assert server.sql("EXISTS TEMPORARY TABLE other", session_id="c") == "0"
    assert server.sql("EXISTS TEMPORARY TABLE other") == "0"


def test_settings_of_a_request_end_with_it(server: Server) -> None:
    server.sql("SET max_block_size = 11", session_id="d")
    setting = "SELECT getSetting('max_block_size'), getSetting('max_threads') = 1, currentDatabase()"
    once = {"max_block_size": "12", "max_threads": "1", "database": "system"}
    assert server.sql(setting, session_id="d", **once) == "12\t1\tsystem"
    assert server.sql(setting, session_id="d") == "11\t0\tdefault"


def test_session_is_locked_while_a_query_runs_in_it(server: Server) -> None:
    running = threading.Thread(target=server.sql, args=("SELECT sleep(1.5)",), kwargs={"session_id": "e"})
    running.start()
    seen = "SELECT count() FROM system.processes WHERE query LIKE '%sleep(1.5)%' AND query NOT LIKE '%processes%'"
    while server.sql(seen) != "1":
        assert running.is_alive()
    response = server.request(body=b"SELECT 1", session_id="e")
    assert response.headers["X-ClickHouse-Exception-Code"] == "373"
    assert b"SESSION_IS_LOCKED" in response.data
    running.join()
    assert server.sql("SELECT 1", session_id="e") == "1"


def test_session_is_free_as_soon_as_its_answer_is_there(server: Server) -> None:
    # Requests of one connection wait for each other anyway, so there are two.
    with contextlib.ExitStack() as stack:
        connections = [http.client.HTTPConnection("127.0.0.1", server.port) for _ in range(2)]
        for connection in connections:
            stack.callback(connection.close)
        for connection in connections * 250:
            connection.request("POST", "/?session_id=s", "SELECT 1")
            answer = connection.getresponse()
            assert (answer.status, answer.read()) == (200, b"1\n")


def test_session_must_exist_when_the_client_says_so(server: Server) -> None:
    response = server.request(body=b"SELECT 1", session_id="never", session_check="1")
    assert response.headers["X-ClickHouse-Exception-Code"] == "372"
    server.sql("SELECT 1", session_id="f")
    assert server.sql("SELECT 1", session_id="f", session_check="1") == "1"


def test_session_ends_after_its_timeout(server: Server) -> None:
    server.sql("SELECT 1", session_id="g", session_timeout="0")
    response = server.request(body=b"SELECT 1", session_id="g", session_check="1")
    assert response.headers["X-ClickHouse-Exception-Code"] == "372"


def test_timeout_of_a_session_has_a_limit(server: Server) -> None:
    for timeout in ("3601", "soon"):
        response = server.request(body=b"SELECT 1", session_id="h", session_timeout=timeout)
        assert response.headers["X-ClickHouse-Exception-Code"] == "374"


def test_failed_query_leaves_the_session_usable(server: Server) -> None:
    assert server.request(body=b"SELECT nothing", session_id="i").status == 404
    assert server.request(body=b"SELECT 1", session_id="i", no_such_setting="1").status == 404
    assert server.sql("SELECT 1", session_id="i") == "1"


def test_request_may_be_the_last_of_its_session(server: Server) -> None:
    server.sql("CREATE TEMPORARY TABLE kept (a Int32)", session_id="j")
    assert server.sql("EXISTS TEMPORARY TABLE kept", session_id="j", close_session="1") == "1"
    response = server.request(body=b"SELECT 1", session_id="j", session_check="1")
    assert response.headers["X-ClickHouse-Exception-Code"] == "372"
    assert server.sql("EXISTS TEMPORARY TABLE kept", session_id="j", close_session="1") == "0"


def test_session_that_a_request_holds_is_ended_by_nobody_else(server: Server) -> None:
    server.sql("CREATE TEMPORARY TABLE kept (a Int32)", session_id="k")
    running = threading.Thread(target=server.sql, args=("SELECT sleep(1.5), 'holds'",), kwargs={"session_id": "k"})
    running.start()
    seen = "SELECT count() FROM system.processes WHERE query LIKE '%holds%' AND query NOT LIKE '%processes%'"
    while server.sql(seen) != "1":
        assert running.is_alive()
    response = server.request(body=b"SELECT 1", session_id="k", close_session="1")
    assert response.headers["X-ClickHouse-Exception-Code"] == "373"
    running.join()
    assert server.sql("EXISTS TEMPORARY TABLE kept", session_id="k") == "1"


@pytest.mark.parametrize("query", [b"SELECT 1", b"SELECT number FROM numbers(300000)", b"SELECT nothing", b"SELEC"])
def test_session_that_many_clients_use_and_end_ends_nothing_else(server: Server, query: bytes) -> None:
    def ask(number: int) -> str | None:
        ends = {"close_session": "1"} if number % 2 else {}
        answer = server.request("POST", query, None, "/", raw=False, session_id="shared", **ends)
        return answer.headers.get("X-ClickHouse-Exception-Code")

    with ThreadPoolExecutor(8) as pool:
        codes = set(pool.map(ask, range(400)))
    assert codes <= {None, "373", "47", "62"}
    assert server.sql("SELECT 1", session_id="shared", close_session="1") == "1"
    assert server.process.poll() is None

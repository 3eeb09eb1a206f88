"""Slow clients, and clients that do not read or have gone, take nobody else's place."""

from __future__ import annotations

import contextlib
import resource
import socket
import threading
import time
from typing import TYPE_CHECKING

import clickhouse_connect
import pytest
from clickhouse_connect import common

from common.clickhouse import CLIENT, name_client
from tests.integration.local_clickhouse.process import Server
from tests.support.stack import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAUSE = threading.Event()
PLACES = 60
TOO_MANY = "202"
SLEEPING = "SELECT sleepEachRow(2), '{}' FROM numbers(60) SETTINGS max_block_size = 1 FORMAT Null"
OWN = {"User-Agent": f"{CLIENT} test/1"}
RUNNING = "SELECT count() FROM system.processes WHERE query LIKE '%{}%' AND query NOT LIKE '%system.processes%'"


@contextlib.contextmanager
def connections(server: Server, count: int, request: bytes) -> Iterator[list[socket.socket]]:
    """Clients that have sent something and read nothing."""
    with contextlib.ExitStack() as stack:
        opened = []
        for _ in range(count):
            opened.append(stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=60)))
            opened[-1].sendall(request)
        yield opened


@contextlib.contextmanager
def all_places_taken(server: Server, query: str) -> Iterator[list[socket.socket]]:
    """The clients who have them."""
    with contextlib.ExitStack() as stack:
        clients: list[socket.socket] = []

        def taken() -> bool:
            clients.extend(stack.enter_context(connections(server, 10, post(query))))
            return len(clients) >= PLACES and code(server, b"SELECT 1") == TOO_MANY

        eventually(taken, within_s=60)
        yield clients


def post(query: str) -> bytes:
    return f"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(query)}\r\n\r\n{query}".encode()


def code(server: Server, query: bytes, headers: dict[str, str] | None = None) -> str | None:
    return server.request(body=query, headers=headers).headers.get("X-ClickHouse-Exception-Code")


def assert_answers_others(server: Server) -> None:
    """What always has a place: a ping at once, the stack's own, and the hands of a DBA."""
    began = time.monotonic()
    assert server.request("GET", path="/ping").data == b"Ok.\n"
    assert time.monotonic() - began < 1
    assert code(server, b"SELECT 1", OWN) is None
    assert code(server, b"SELECT query FROM system.processes") is None
    assert code(server, b"SHOW PROCESSLIST") is None


def test_one_query_too_many_is_refused_at_once(server: Server) -> None:
    with all_places_taken(server, SLEEPING.format("slow")) as slow:
        began = time.monotonic()
        answer = server.request(body=b"SELECT 1")
        assert (answer.status, answer.headers["X-ClickHouse-Exception-Code"]) == (500, TOO_MANY)
        assert answer.data.startswith(b"Code: 202. DB::Exception: Too many simultaneous queries. Maximum: 60. ")
        assert code(server, b"INSERT INTO nowhere VALUES (1)") == TOO_MANY
        assert time.monotonic() - began < 2
        assert_answers_others(server)
        server.sql("KILL QUERY WHERE query LIKE '%slow%' AND query NOT LIKE '%KILL%' SYNC")
        answers = [client.recv(4096) for client in slow]
        assert sum(b"Exception-Code: 394" in answer for answer in answers) == PLACES
    eventually(lambda: code(server, b"SELECT 1") is None, within_s=5)


def test_answers_that_nobody_reads_lock_nothing_and_end(server: Server) -> None:
    with all_places_taken(server, "SELECT number, 'unread' FROM system.numbers") as unread:
        assert_answers_others(server)
        eventually(lambda: server.sql(RUNNING.format("unread")) == "0", within_s=60)
        assert code(server, b"SELECT 1") is None
        with contextlib.suppress(ConnectionError):  # closed, after what was on its way
            while unread[0].recv(1 << 20):
                pass


def test_client_that_reads_slowly_keeps_its_answer(server: Server) -> None:
    with connections(server, 1, post("SELECT repeat('x', 1000) FROM numbers(40000)")) as [client]:
        size = len(client.recv(1000))
        for _ in range(8):
            PAUSE.wait(0.2)
            size += len(client.recv(1 << 16))
        while not (last := client.recv(1 << 20)).endswith(b"0\r\n\r\n"):
            size += len(last)
        assert size + len(last) > 40_000_000


@pytest.mark.parametrize("query", ["SELECT count(), 'gone' FROM system.numbers", SLEEPING.format("gone")])
def test_query_whose_client_has_gone_is_cancelled(server: Server, query: str) -> None:
    with connections(server, 5, post(query)):
        eventually(lambda: server.sql(RUNNING.format("gone")) == "5", within_s=10)
    eventually(lambda: server.sql(RUNNING.format("gone")) == "0", within_s=6)


def test_what_writes_goes_on_without_its_client(server: Server) -> None:
    server.sql("CREATE TABLE written (a UInt64) ENGINE = Memory")
    insert = "INSERT INTO written SELECT number + sleepEachRow(1) FROM numbers(3) SETTINGS max_block_size = 1"
    with connections(server, 1, post(insert)):
        eventually(lambda: server.sql(RUNNING.format("INTO written")) == "1", within_s=10)
    eventually(lambda: server.sql("SELECT count() FROM written") == "3", within_s=10)


def test_client_that_has_closed_only_its_own_side_gets_a_short_answer(server: Server) -> None:
    with connections(server, 1, post("SELECT 42")) as [client]:
        client.shutdown(socket.SHUT_WR)
        client.settimeout(10)
        answer = client.recv(4096)
        while not answer.endswith(b"\r\n\r\n42\n"):
            answer += client.recv(4096) or b"(closed)"
            assert not answer.endswith(b"(closed)"), answer


def test_the_projects_own_clients_name_themselves(server: Server) -> None:
    before = common.get_setting("product_name")
    try:
        name_client()
        with all_places_taken(server, SLEEPING.format("other clients")):
            client = clickhouse_connect.get_client(host="127.0.0.1", port=server.port)
            assert client.command("SELECT 42") == 42
            client.close()
    finally:
        common.set_setting("product_name", before)


@pytest.mark.parametrize("path", ["/ping", "/", "/replicas_status", "/nothing", "/?query=SELECT+1", "/?query=SELEC"])
def test_head_has_the_headers_of_get_and_no_body(server: Server, path: str) -> None:
    ping = "GET /ping HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    request = f"HEAD {path} HTTP/1.1\r\nHost: localhost\r\n\r\n{ping}"
    with connections(server, 1, request.encode()) as [client]:
        everything = b"".join(iter(lambda: client.recv(4096), b""))
    head, _, rest = everything.partition(b"\r\n\r\n")
    assert b"Content-Length: 0" not in head
    assert rest.startswith(b"HTTP/1.1 200 OK\r\n")
    assert rest.endswith(b"\r\n\r\nOk.\n")


def test_idle_connections_make_room_for_others(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(before[0], min(before[1], 4096)), before[1]))
    server = Server(tmp_path)
    try:
        with connections(server, 1500, b"GET /pi"):
            assert server.request("GET", path="/ping").data == b"Ok.\n"
            assert_answers_others(server)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
        assert server.stop() == 0

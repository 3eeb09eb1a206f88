"""Requests that a browser sends for a page from elsewhere are answered with 403, and nothing of them is done."""

from __future__ import annotations

import contextlib
import http.client
import socket
from typing import TYPE_CHECKING

import pytest

from tests.integration.local_clickhouse.process import Server

if TYPE_CHECKING:
    from pathlib import Path

ELSEWHERE = (
    {"Host": "rebound.example.com"},
    {"Host": "rebound.example.com:8123"},
    {"Host": ""},
    {"Origin": "https://example.com"},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "same-origin", "Origin": "http://example.com"},
)


def ask(server: Server, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> tuple[int, bytes]:
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)) as connection:
        connection.putrequest(method, path, skip_host="Host" in headers)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            connection.putheader(name, value)
        connection.endheaders(body)
        answer = connection.getresponse()
        assert not [name for name in answer.headers if name.lower().startswith("access-control-")]
        return answer.status, answer.read()


@pytest.mark.parametrize("headers", ELSEWHERE, ids=str)
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE"])
@pytest.mark.parametrize("path", ["/?query=SELECT+42", "/ping", "/nothing"])
def test_page_from_elsewhere_gets_nothing(server: Server, headers: dict[str, str], method: str, path: str) -> None:
    status, text = ask(server, method, path, headers)
    assert status == 403
    assert text.startswith(b"Code: 497. DB::Exception: ") or (method == "HEAD" and text == b"")
    assert b"42" not in text


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_form_of_a_page_changes_nothing(server: Server, content_type: str) -> None:
    headers = {"Origin": "https://example.com", "Sec-Fetch-Site": "cross-site", "Content-Type": content_type}
    status, _ = ask(server, "POST", "/", headers, b"CREATE DATABASE taken")
    assert status == 403
    assert server.sql("EXISTS DATABASE taken") == "0"


@pytest.mark.parametrize("expect", ["", "Expect: 100-continue\r\n"])
def test_page_is_turned_away_before_it_sends_its_body(server: Server, expect: str) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        lines = (
            f"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: http://a.example\r\nContent-Length: 1000000000\r\n{expect}"
        )
        connection.sendall(lines.encode() + b"\r\n")
        assert connection.recv(1000).startswith(b"HTTP/1.1 403 Forbidden\r\n")


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "localhost"},
        {"Host": "[::1]:8123"},
        {"Host": "127.9.9.9:80"},
        {"Origin": "http://localhost:3000"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "http://127.0.0.1:8123"},
    ],
    ids=str,
)
def test_this_machine_is_answered(server: Server, headers: dict[str, str]) -> None:
    assert ask(server, "POST", "/", headers, b"SELECT 42") == (200, b"42\n")


def test_origin_can_be_allowed_by_a_variable(tmp_path: Path) -> None:
    server = Server(tmp_path, UGC_CLICKHOUSE_ORIGINS="http://grafana.local:3000, app://desktop")
    for origin in ("http://grafana.local:3000", "app://desktop"):
        headers = {"Origin": origin, "Sec-Fetch-Site": "cross-site"}
        assert ask(server, "POST", "/", headers, b"SELECT 42") == (200, b"42\n")
    assert ask(server, "POST", "/", {"Origin": "http://example.com"}, b"SELECT 42")[0] == 403
    assert ask(server, "POST", "/", {"Origin": "app://desktop", "Host": "desktop"}, b"SELECT 42")[0] == 403
    assert server.stop() == 0

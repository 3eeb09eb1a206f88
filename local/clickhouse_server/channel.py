"""One connection of a client: waitress's, with a door before the body, and an eye on clients that go or do not read."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.task import WSGITask
from waitress.utilities import Error

from local.clickhouse_server.errors import ACCESS_DENIED, ClickHouseError

if TYPE_CHECKING:
    from local.clickhouse_server.access.door import Door


def install(server: Any, door: Door) -> None:
    """Let the server make its connections of this class. To be called before it accepts any."""
    server.channel_class = Channel
    server.adj.door = door


class _RefusedError(Error):  # type: ignore[misc]
    """The answer to a request that the door turns away, as ClickHouse writes errors."""

    def __init__(self, refusal: str, *, has_body: bool) -> None:
        super().__init__(refusal)
        self._error = ClickHouseError(ACCESS_DENIED, refusal)
        self._has_body = has_body

    def to_response(self, ident: str | None = None) -> tuple[str, list[tuple[str, str]], bytes]:  # noqa: ARG002
        headers = [
            ("Content-Type", "text/plain; charset=UTF-8"),
            ("X-ClickHouse-Exception-Code", str(self._error.code)),
        ]
        return self._error.status, headers, self._error.encode() + b"\n" if self._has_body else b""


class _Request(HTTPRequestParser):  # type: ignore[misc]
    def received(self, data: bytes) -> int:
        consumed: int = super().received(data)
        if self.headers_finished and self.body_bytes_received == 0 and not self.error and not self.empty:
            self._pass_door(self.adj.door)
        return consumed

    def _pass_door(self, door: Door) -> None:
        refusal = door.refusal(self.headers, self.proxy_netloc)
        if refusal is not None:
            self.error = _RefusedError(refusal, has_body=self.command != "HEAD")
            self.expect_continue = False
            self.completed = True


class _Task(WSGITask):  # type: ignore[misc]
    def build_response_header(self) -> bytes:
        header: bytes = super().build_response_header()
        # waitress closes the connection behind an answer without a length; the end of the last chunk is one as well.
        closes = self.request.headers.get("CONNECTION", "").lower() == "close" or self.request.command == "HEAD"
        if self.chunked_response and not closes:
            self.close_on_finish = False
            header = header.replace(b"\r\nConnection: close\r\n", b"\r\n")
        # It also writes names of headers in a way of its own.
        return header.replace(b"\r\nX-Clickhouse-", b"\r\nX-ClickHouse-")


class Channel(HTTPChannel):  # type: ignore[misc]
    parser_class = _Request
    task_class = _Task
    _sent = 0
    _waiting_for: tuple[int, float] | None = None

    def check_client_disconnected(self) -> bool:
        """Whether the client has closed the connection; waitress itself looks only between requests."""
        try:
            return not self.socket.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True

    def send(self, data: bytes, do_close: bool = True) -> int:  # noqa: FBT001, FBT002 - waitress's own signature
        sent: int = super().send(data, do_close=do_close)
        self._sent += sent
        return sent

    def takes_nothing(self, now: float, patience_s: float) -> bool:
        """Whether there was something to send for all that time, and the client took nothing of it."""
        if not self.total_outbufs_len:
            self._waiting_for = None
        elif self._waiting_for is None or self._waiting_for[0] != self._sent:
            self._waiting_for = (self._sent, now)
        return self._waiting_for is not None and now - self._waiting_for[1] > patience_s

    def is_idle(self) -> bool:
        """Whether no request is being answered."""
        return not self.requests and not self.total_outbufs_len

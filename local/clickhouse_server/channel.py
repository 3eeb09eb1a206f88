"""One connection of a client: waitress's, with a door before the body of a request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.utilities import Error

from local.clickhouse_server.errors import ACCESS_DENIED, ClickHouseError

if TYPE_CHECKING:
    from local.clickhouse_server.access.door import Door


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
        return self._error.status, headers, f"{self._error}\n".encode() if self._has_body else b""


def channel_class(door: Door) -> type[HTTPChannel]:
    """The class of a server's connections."""

    class Request(HTTPRequestParser):  # type: ignore[misc]
        def received(self, data: bytes) -> int:
            consumed: int = super().received(data)
            if self.headers_finished and self.body_bytes_received == 0 and not self.error and not self.empty:
                self._pass_door()
            return consumed

        def _pass_door(self) -> None:
            refusal = door.refusal(self.headers, self.proxy_netloc)
            if refusal is not None:
                self.error = _RefusedError(refusal, has_body=self.command != "HEAD")
                self.expect_continue = False
                self.completed = True

    class Channel(HTTPChannel):  # type: ignore[misc]
        parser_class: Any = Request

    return Channel

"""Answers to requests that never reach the application. It decides what they say, so that all errors look the same."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    EarlyAnswer = Callable[[int, str | None], tuple[list[tuple[bytes, bytes]], bytes]]


def early_answer_of(app: object) -> EarlyAnswer:
    """The application's own `early_answer(status, origin)`, which returns headers and body; or else an empty answer."""
    own: EarlyAnswer | None = getattr(app, "early_answer", None)
    return own or _bare


def _bare(_status: int, _origin: str | None) -> tuple[list[tuple[bytes, bytes]], bytes]:
    return [(b"content-length", b"0"), (b"connection", b"close")], b""


def write_early(answer: EarlyAnswer, status: int, origin: str | None, date: bytes) -> bytes:
    """The answer as it is sent; the connection is closed after it. `date` is the line with the Date header."""
    headers, body = answer(status, origin)
    first = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n".encode()
    return b"".join((first, date, *(b"%b: %b\r\n" % header for header in headers), b"\r\n", body))

"""Reads a request's body within its limit, whatever its headers promise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from api.pipeline.limits import MAX_BODY_BYTES
from api.pipeline.rejections import Reason, RejectionError
from api.pipeline.timing import Step, timed
from api.server.decompression import ENCODINGS, DamagedBodyError, OversizedBodyError, decompress, is_known

if TYPE_CHECKING:
    from api.server.request import ApiRequest

_ACCEPTED: Final = ("application/json", "text/plain")
_CHUNK: Final = 64 * 1024


class UnsupportedBodyError(Exception):
    """A body in a media type, character set or encoding that is not supported; the message names those that are."""


class BodyTooLargeError(Exception):
    """A body over its limit; `was_read` when that showed only after reading that much of it."""

    def __init__(self, *, was_read: bool) -> None:
        super().__init__(was_read)
        self.was_read = was_read


class ClientGoneError(Exception):
    """The connection ended before the body did, or the rest of the body cannot be read."""


async def read_body(request: ApiRequest, limit: int = MAX_BODY_BYTES) -> bytes:
    """The whole body, unpacked; at most `limit` bytes, both before and after unpacking.

    Raises `UnsupportedBodyError`, `BodyTooLargeError`, `ClientGoneError`, `api.server.deadlines.SlowBodyError`, or a
    `RejectionError` when it cannot be unpacked.
    """
    if request.content_type != "application/json":
        _check_type(request.content_type)
    encoding = _encoding(request)
    timings = request.context.timings
    with timed(timings, Step.RECEIVE):
        body = await receive(request, limit)
    if encoding is None:
        return body
    with timed(timings, Step.UNPACK):
        return unpack(encoding, body, limit)


async def receive(request: ApiRequest, limit: int) -> bytes:
    """The body as it was sent."""
    promised = request.content_length
    if promised is None:
        return await _receive_unknown(request, limit)
    if promised > limit:
        # It is not read: the server makes sure that a client that is still writing gets the answer.
        raise BodyTooLargeError(was_read=False)
    body = await request.stream.read()
    if len(body) < promised:
        raise ClientGoneError
    return body


def unpack(encoding: str, packed: bytes, limit: int) -> bytes:
    """The body as it was before its sender compressed it."""
    try:
        return decompress(encoding, packed, limit)
    except OversizedBodyError as error:
        raise BodyTooLargeError(was_read=True) from error
    except DamagedBodyError as error:
        detail = f"expected a body in the Content-Encoding {encoding}, got bytes that are not, or not all of them"
        raise RejectionError(Reason.DAMAGED_BODY, "$", detail) from error


async def _receive_unknown(request: ApiRequest, limit: int) -> bytes:
    """A body whose length is unknown: never holds much more than the limit."""
    parts: list[bytes] = []
    size = 0
    while chunk := await request.stream.read(_CHUNK):
        size += len(chunk)
        if size > limit:
            raise BodyTooLargeError(was_read=True)
        parts.append(chunk)
    return b"".join(parts)


def _encoding(request: ApiRequest) -> str | None:
    """The Content-Encoding, if the body has one."""
    encoding = request.get_header("Content-Encoding")
    if encoding is None:
        return None
    encoding = encoding.strip().lower()
    if encoding in ("identity", ""):
        return None
    if not is_known(encoding):
        raise UnsupportedBodyError(f"Content-Encoding {encoding[:40]} is not one of {', '.join(ENCODINGS)}.")
    return encoding


def _check_type(content_type: str | None) -> None:
    if content_type is None:
        raise UnsupportedBodyError("Content-Type is missing; expected application/json or text/plain.")
    media_type, _, parameters = content_type.partition(";")
    if media_type.strip().lower() not in _ACCEPTED:
        raise UnsupportedBodyError(f"Content-Type {media_type.strip()[:80]} is not one of {', '.join(_ACCEPTED)}.")
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset" and value.strip().strip('"').lower() not in ("utf-8", "utf8", "us-ascii"):
            raise UnsupportedBodyError("Only the character set UTF-8 is supported.")

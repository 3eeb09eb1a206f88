"""Reads a request's body within its limit, whatever its headers promise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from api.pipeline.limits import MAX_BODY_BYTES
from api.pipeline.rejections import Reason, RejectionError
from api.resources.problems import BodyTooLargeError, ClientGoneError, UnsupportedBodyError
from api.server.decompression import ENCODINGS, DamagedBodyError, OversizedBodyError, is_known, unpack

if TYPE_CHECKING:
    from falcon.asgi import Request

_ACCEPTED: Final = ("application/json", "text/plain")
_CHUNK: Final = 64 * 1024
# Of a body that is too large, this much is read and thrown away: a client that is still writing when the connection
# closes would not see the answer.
_DISCARDED: Final = 8 * MAX_BODY_BYTES


async def read_body(request: Request, limit: int = MAX_BODY_BYTES) -> bytes:
    """The whole body, unpacked, at most `limit` bytes of it before and after.

    Raises `UnsupportedBodyError`, `BodyTooLargeError`, `ClientGoneError`, `api.server.deadlines.SlowBodyError`, or a
    `RejectionError` when it cannot be unpacked.
    """
    if request.content_type != "application/json":
        _check_type(request.content_type)
    encoding = request.get_header("Content-Encoding")
    if encoding is None:
        return await _read(request, limit)
    encoding = encoding.strip().lower()
    if encoding in ("identity", ""):
        return await _read(request, limit)
    if not is_known(encoding):
        raise UnsupportedBodyError(f"Content-Encoding {encoding[:40]} is not one of {', '.join(ENCODINGS)}.")
    packed = await _read(request, limit)
    try:
        return unpack(encoding, packed, limit)
    except OversizedBodyError as error:
        raise BodyTooLargeError from error
    except DamagedBodyError as error:
        detail = f"expected a body in the Content-Encoding {encoding}, got bytes that are not, or not all of them"
        raise RejectionError(Reason.DAMAGED_BODY, "$", detail) from error


async def _read(request: Request, limit: int) -> bytes:
    promised = request.content_length
    if promised is None or promised > limit:
        return await _read_unknown(request, limit)
    body = await request.stream.read()
    if len(body) < promised:
        raise ClientGoneError
    return body


async def _read_unknown(request: Request, limit: int) -> bytes:
    """A body of unknown length, or of one that is known to be too large: never holds more than the limit."""
    parts: list[bytes] = []
    size = 0
    while chunk := await request.stream.read(_CHUNK):
        size += len(chunk)
        if size <= limit:
            parts.append(chunk)
        else:
            parts.clear()
        if size > _DISCARDED:
            break
    if size > limit or (request.content_length or 0) > limit:
        raise BodyTooLargeError
    return b"".join(parts)


def _check_type(content_type: str | None) -> None:
    if content_type is None:
        raise UnsupportedBodyError("Content-Type is missing; expected application/json or text/plain.")
    media_type, _, parameters = content_type.partition(";")
    if media_type.strip().lower() not in _ACCEPTED:
        raise UnsupportedBodyError(f"Content-Type {media_type.strip()[:80]} is not one of {', '.join(_ACCEPTED)}.")
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset" and value.strip().strip('"').lower() not in ("utf-8", "utf8", "us-ascii"):
            raise UnsupportedBodyError("Only the character set UTF-8 is read.")

"""Decompresses bodies within a limit: a decompression bomb is never unpacked."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final

import brotli  # type: ignore[import-untyped]
import zstandard

if TYPE_CHECKING:
    from collections.abc import Callable

_GZIP: Final = 16 + zlib.MAX_WBITS
_ZLIB: Final = zlib.MAX_WBITS
_RAW: Final = -zlib.MAX_WBITS
_MAX_MEMBERS: Final = 16
"""More, and tiny ones, would cost more than they hold."""

_ZSTD_WINDOW: Final = 8 * 1024 * 1024
"""The window that every decoder of HTTP bodies must support (RFC 9659); a frame that asks for more is refused."""


class DamagedBodyError(Exception):
    """The data is not in its encoding, ends too early, or goes on after its end."""


class OversizedBodyError(Exception):
    """More would come out than is allowed."""


def _inflate(data: bytes, limit: int, kind: int) -> bytes:
    unpacker = zlib.decompressobj(kind)
    unpacked = unpacker.decompress(data, limit + 1)
    if len(unpacked) > limit:
        raise OversizedBodyError
    if not unpacker.eof or unpacker.unused_data:
        raise DamagedBodyError
    return unpacked


def _gunzip(data: bytes, limit: int) -> bytes:
    """One member, or several one after the other, as some senders append them."""
    parts: list[bytes] = []
    room = limit
    while data or not parts:
        unpacker = zlib.decompressobj(_GZIP)
        part = unpacker.decompress(data, room + 1)
        if len(part) > room:
            raise OversizedBodyError
        if not unpacker.eof or len(parts) >= _MAX_MEMBERS:
            raise DamagedBodyError
        parts.append(part)
        room -= len(part)
        data = unpacker.unused_data
    return b"".join(parts)


def _undeflate(data: bytes, limit: int) -> bytes:
    """`deflate` means the zlib format; some senders leave out its two-byte header."""
    has_header = len(data) > 1 and data[0] & 0x0F == zlib.DEFLATED and not int.from_bytes(data[:2], "big") % 31
    return _inflate(data, limit, _ZLIB if has_header else _RAW)


def _unbrotli(data: bytes, limit: int) -> bytes:
    unpacker = brotli.Decompressor()
    unpacked = bytearray(unpacker.process(data, output_buffer_limit=limit + 1))
    while len(unpacked) <= limit and not unpacker.is_finished():
        part = unpacker.process(b"", output_buffer_limit=limit + 1)
        if not part:
            raise DamagedBodyError
        unpacked += part
    if len(unpacked) > limit:
        raise OversizedBodyError
    return bytes(unpacked)


def _unzstd(data: bytes, limit: int) -> bytes:
    unpacker = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
    with unpacker.stream_reader(data, read_across_frames=False) as stream:
        parts: list[bytes] = []
        size = 0
        while size <= limit and (part := stream.read(min(limit + 1 - size, 65_536))):
            parts.append(part)
            size += len(part)
    if size > limit:
        raise OversizedBodyError
    _check_frame_end(data)
    return b"".join(parts)


def _check_frame_end(data: bytes) -> None:
    """Raise for a frame that is cut off, or followed by another: the reader stops there without an error."""
    unpacker = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW).decompressobj()
    unpacker.decompress(data)
    if not unpacker.eof or unpacker.unused_data:
        raise DamagedBodyError


_UNPACKERS: Final[dict[str, Callable[[bytes, int], bytes]]] = {
    "gzip": _gunzip,
    "x-gzip": _gunzip,
    "deflate": _undeflate,
    "br": _unbrotli,
    "zstd": _unzstd,
}
ENCODINGS: Final = ("gzip", "deflate", "br", "zstd")


def is_known(encoding: str) -> bool:
    """Whether bodies in this content encoding, in lower case, can be read."""
    return encoding in _UNPACKERS


def decompress(encoding: str, data: bytes, limit: int) -> bytes:
    """The body as it was before its sender compressed it. Never holds much more than `limit` bytes of it.

    Raises `OversizedBodyError` over the limit and `DamagedBodyError` for what cannot be unpacked.
    """
    try:
        return _UNPACKERS[encoding](data, limit)
    except (zlib.error, brotli.error, zstandard.ZstdError) as error:
        raise DamagedBodyError from error

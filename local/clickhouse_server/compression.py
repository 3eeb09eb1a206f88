"""Content encodings in both directions."""

from __future__ import annotations

import io
import re
import zlib
from typing import TYPE_CHECKING, Final, Protocol

import brotli  # type: ignore[import-untyped]
import lz4.block  # type: ignore[import-untyped]
import lz4.frame  # type: ignore[import-untyped]
import zstandard

from local.clickhouse_server.errors import CANNOT_DECOMPRESS, UNKNOWN_COMPRESSION_METHOD, ClickHouseError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from typing_extensions import Buffer

_CHUNK: Final = 1 << 18
# ClickHouse's own order of preference when a client accepts several.
_PREFERENCE: Final = ("br", "lz4", "zstd", "gzip", "deflate")


class _Reader(Protocol):
    def read(self, size: int, /) -> bytes: ...


class Encoder(Protocol):
    """One response body: any number of `compress`, then one `flush`. What they return goes out in that order.

    After `sync` everything up to there can be unpacked.
    """

    def compress(self, data: bytes, /) -> bytes: ...
    def sync(self) -> bytes: ...
    def flush(self) -> bytes: ...


def decoded(
    source: _Reader, encoding: str, then: Callable[[io.BufferedReader], Iterator[bytes]] | None = None
) -> Iterator[bytes]:
    """The plain bytes of a body, piece by piece. `then` undoes what is packed inside of the encoding.

    Raises ClickHouseError while it is read, when the encoding is unknown or the body is broken.
    """
    name = encoding.strip().lower()
    pieces = iter(lambda: source.read(_CHUNK), b"")
    try:
        plain = _DECODERS[name](pieces)
    except KeyError:
        raise ClickHouseError(UNKNOWN_COMPRESSION_METHOD, f"Unknown compression method: {encoding}.") from None
    try:
        yield from then(as_file(plain)) if then else plain
    except (zlib.error, brotli.error, zstandard.ZstdError, lz4.block.LZ4BlockError, RuntimeError, EOFError) as error:
        raise ClickHouseError(CANNOT_DECOMPRESS, f"The request body is not valid {name or 'data'}: {error}.") from error


def chosen_encoding(accepted: str) -> str:
    """The encoding of a response for an Accept-Encoding header, or '' for none."""
    offered: dict[str, float] = {}
    for part in accepted.lower().split(","):
        name, _, parameters = part.partition(";")
        quality = re.search(r"q\s*=\s*([0-9.]+)", parameters)
        offered[name.strip()] = float(quality.group(1)) if quality else 1.0
    return next((name for name in _PREFERENCE if offered.get(name, 0) > 0), "")


def encoder(encoding: str, level: int) -> Encoder:
    """`level` is ClickHouse's `http_zlib_compression_level` (3 by default), for the encodings that share the scale."""
    if encoding in {"gzip", "deflate"}:
        return _Zlib(min(level, 9), 31 if encoding == "gzip" else 15)
    if encoding == "zstd":
        return _Zstd(level)
    return _Brotli(level) if encoding == "br" else _Lz4()


class _Zlib:
    def __init__(self, level: int, wbits: int) -> None:
        self._compressor = zlib.compressobj(level, wbits=wbits)
        self.compress = self._compressor.compress
        self.flush = self._compressor.flush

    def sync(self) -> bytes:
        return self._compressor.flush(zlib.Z_SYNC_FLUSH)


class _Zstd:
    def __init__(self, level: int) -> None:
        self._compressor = zstandard.ZstdCompressor(level=level).compressobj()
        self.compress = self._compressor.compress
        self.flush = self._compressor.flush

    def sync(self) -> bytes:
        return self._compressor.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)


class _Brotli:
    def __init__(self, level: int) -> None:
        self._compressor = brotli.Compressor(quality=min(level, 11))

    def compress(self, data: bytes) -> bytes:
        return bytes(self._compressor.process(data))

    def sync(self) -> bytes:
        return bytes(self._compressor.flush())

    def flush(self) -> bytes:
        return bytes(self._compressor.finish())


class _Lz4:
    def __init__(self) -> None:
        self._compressor = lz4.frame.LZ4FrameCompressor(auto_flush=True)
        self._start = self._compressor.begin()

    def compress(self, data: bytes) -> bytes:
        start, self._start = self._start, b""
        return bytes(start + self._compressor.compress(data))

    def sync(self) -> bytes:
        return b""

    def flush(self) -> bytes:
        start, self._start = self._start, b""
        return bytes(start + self._compressor.flush())


def _plain(pieces: Iterator[bytes]) -> Iterator[bytes]:
    return pieces


def _zlib(wbits: int) -> Callable[[Iterator[bytes]], Iterator[bytes]]:
    def decode(pieces: Iterator[bytes]) -> Iterator[bytes]:
        inflate = zlib.decompressobj(wbits)
        for piece in pieces:
            rest = piece
            while rest:
                yield inflate.decompress(rest, _CHUNK)
                rest = inflate.unconsumed_tail
                if inflate.eof and inflate.unused_data:  # concatenated gzip members
                    rest, inflate = inflate.unused_data, zlib.decompressobj(wbits)
        yield inflate.flush()
        if not inflate.eof:
            raise EOFError("it ends too early")

    return decode


def _brotli(pieces: Iterator[bytes]) -> Iterator[bytes]:
    decompressor = brotli.Decompressor()
    for piece in pieces:
        yield decompressor.process(piece)
    if not decompressor.is_finished():
        raise EOFError("it ends too early")


class _Pull(io.RawIOBase):
    """A file over an iterator, for decompressors that pull."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, target: Buffer) -> int:
        buffer = memoryview(target)
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = piece
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size


def as_file(pieces: Iterator[bytes]) -> io.BufferedReader:
    """What an iterator gives, to be read in pieces of any size."""
    return io.BufferedReader(_Pull(pieces), _CHUNK)


def _zstd(pieces: Iterator[bytes]) -> Iterator[bytes]:
    frame = zstandard.ZstdDecompressor().decompressobj()
    for piece in pieces:
        rest = piece
        while rest:
            if frame.eof:  # concatenated frames
                frame = zstandard.ZstdDecompressor().decompressobj()
            yield frame.decompress(rest)
            rest = frame.unused_data if frame.eof else b""
    if not frame.eof:
        raise EOFError("it ends too early")


def _lz4(pieces: Iterator[bytes]) -> Iterator[bytes]:
    with lz4.frame.LZ4FrameFile(as_file(pieces)) as reader:
        yield from iter(lambda: reader.read(_CHUNK), b"")


_DECODERS: Final[dict[str, Callable[[Iterator[bytes]], Iterator[bytes]]]] = {
    "": _plain,
    "identity": _plain,
    "gzip": _zlib(31),
    "x-gzip": _zlib(31),
    "deflate": _zlib(15),
    "br": _brotli,
    "zstd": _zstd,
    "lz4": _lz4,
}

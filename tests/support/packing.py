"""Bodies packed as senders pack them, and such as become far larger than they are."""

from __future__ import annotations

import gzip
import zlib
from typing import TYPE_CHECKING, Final

import brotli  # type: ignore[import-untyped]
import zstandard

if TYPE_CHECKING:
    from collections.abc import Callable

PACKERS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "gzip": lambda data: gzip.compress(data, mtime=0),
    "deflate": zlib.compress,
    "br": lambda data: brotli.compress(data, quality=1),
    "zstd": zstandard.ZstdCompressor().compress,
}
_MIB: Final = 1024 * 1024


def bomb(encoding: str, mebibytes: int) -> bytes:
    """Zeros, packed piece by piece: making a bomb needs no more memory than the bomb has."""
    packer, finish = _streams()[encoding]
    return b"".join(packer(bytes(_MIB)) for _ in range(mebibytes)) + finish()


def _streams() -> dict[str, tuple[Callable[[bytes], bytes], Callable[[], bytes]]]:
    gzipped, deflated = zlib.compressobj(wbits=31), zlib.compressobj()
    brotlied, zstandarded = brotli.Compressor(quality=1), zstandard.ZstdCompressor().compressobj()
    return {
        "gzip": (gzipped.compress, gzipped.flush),
        "deflate": (deflated.compress, deflated.flush),
        "br": (brotlied.process, brotlied.finish),
        "zstd": (zstandarded.compress, zstandarded.flush),
    }

"""The same fuzzer over a decoder with a fault planted in it, to see that it finds what it is to find.

The fault is the first argument: `python -m tests.fuzz.planted crash --seconds 60`.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Final

# The order matters: this one has the code that it imports report its coverage.
from tests.fuzz.decoder import fuzz  # isort: skip
from api.pipeline import decoding
from api.pipeline.rejections import Reason, RejectionError
from api.server.decompression import DamagedBodyError, decompress
from tests.fuzz.inputs import read_input
from tests.fuzz.oracle import check

_kept: Final[list[bytes]] = []
_MIB: Final = 1024 * 1024


def _is_rare(data: bytes) -> bool:
    """Whether this is an event that names a key twice: none of the inputs to begin with does."""
    try:
        decoding.decode_event(data[1:], {})
    except RejectionError as rejection:
        return rejection.reason is Reason.DUPLICATE_KEY
    return False


def _crash(data: bytes) -> None:
    check(data)
    if _is_rare(data):
        raise KeyError


def _hoard(data: bytes) -> None:
    check(data)
    _kept.append(bytes([len(_kept) % 255 + 1]) * _MIB)


def _unpack_all(data: bytes) -> None:
    check(data)
    _, encoding, packed = read_input(data)
    if encoding is not None:
        with suppress(DamagedBodyError):
            decompress(encoding, packed, sys.maxsize // 2)


def _hang(data: bytes) -> None:
    check(data)
    while _is_rare(data):
        pass


if __name__ == "__main__":
    faults = {"crash": _crash, "hoard": _hoard, "bomb": _unpack_all, "hang": _hang}
    fuzz(faults[sys.argv.pop(1)])

"""ClickHouse's errors: code, text and the HTTP status that ClickHouse itself gives them."""

from __future__ import annotations

import re
from typing import Final

ENGINE_VERSION: Final = "26.1.2.1"

# What this server raises itself; everything else comes out of the engine with its own code.
BAD_ARGUMENTS: Final = ("BAD_ARGUMENTS", 36)
CHECKSUM_DOESNT_MATCH: Final = ("CHECKSUM_DOESNT_MATCH", 40)
NOT_IMPLEMENTED: Final = ("NOT_IMPLEMENTED", 48)
SYNTAX_ERROR: Final = ("SYNTAX_ERROR", 62)
UNKNOWN_FORMAT: Final = ("UNKNOWN_FORMAT", 73)
UNKNOWN_SETTING: Final = ("UNKNOWN_SETTING", 115)
READONLY: Final = ("READONLY", 164)
TOO_MANY_SIMULTANEOUS_QUERIES: Final = ("TOO_MANY_SIMULTANEOUS_QUERIES", 202)
CANNOT_DECOMPRESS: Final = ("CANNOT_DECOMPRESS", 271)
ZLIB_INFLATE_FAILED: Final = ("ZLIB_INFLATE_FAILED", 354)
INTO_OUTFILE_NOT_ALLOWED: Final = ("INTO_OUTFILE_NOT_ALLOWED", 358)
SESSION_NOT_FOUND: Final = ("SESSION_NOT_FOUND", 372)
SESSION_IS_LOCKED: Final = ("SESSION_IS_LOCKED", 373)
INVALID_SESSION_TIMEOUT: Final = ("INVALID_SESSION_TIMEOUT", 374)
UNKNOWN_COMPRESSION_METHOD: Final = ("UNKNOWN_COMPRESSION_METHOD", 89)
QUERY_WAS_CANCELLED: Final = ("QUERY_WAS_CANCELLED", 394)
ACCESS_DENIED: Final = ("ACCESS_DENIED", 497)
UNKNOWN_EXCEPTION: Final = ("UNKNOWN_EXCEPTION", 1002)

_STATUS_OF_CODES: Final[dict[str, tuple[int, ...]]] = {
    "401 Unauthorized": (194,),
    "403 Forbidden": (192, 193, 497, 512, 516),
    # Syntax, types and values that do not parse.
    "400 Bad Request": (
        *(6, 8, 15, 25, 26, 27, 36, 37, 38, 41, 44, 53, 62, 72, 117, 123),
        *(167, 168, 223, 321, 376, 427, 441, 675, 676),
    ),
    # Unknown tables, databases, columns, functions, types, formats, settings.
    "404 Not Found": (46, 47, 50, 56, 60, 63, 73, 78, 81, 115, 152, 336, 511),
    "408 Request Timeout": (159,),
    "411 Length Required": (381,),
    "413 Request Entity Too Large": (229,),
    "501 Not Implemented": (48,),
    "503 Service Unavailable": (76, 209, 439),
}
_STATUS: Final = {code: status for status, codes in _STATUS_OF_CODES.items() for code in codes}

_CODE = re.compile(r"Code: (\d+)\. DB::\w*Exception: ")
_NESTED_HEAD = re.compile(r"Code: (\d+)\. DB::Exception: (?=Code: \1\. DB::Exception: )")
_NESTED_TAIL = re.compile(r"( \([A-Z0-9_]+\)) \(version [^()]*\)\. \([A-Z0-9_]+\)$")


class ClickHouseError(Exception):
    """An error as ClickHouse reports it: `code` is its number, `str()` the text of the body without the line end."""

    def __init__(self, kind: tuple[str, int], message: str) -> None:
        name, self.code = kind
        super().__init__(f"Code: {self.code}. DB::Exception: {message} ({name}) (version {ENGINE_VERSION})")

    @classmethod
    def of_engine(cls, raised: BaseException) -> ClickHouseError:
        """Read the text of an exception that the engine threw; one without a code gets UNKNOWN_EXCEPTION."""
        text = str(raised).strip()
        # An error that quotes bytes which are not UTF-8 arrives as a failure to decode it.
        for broken in (raised, raised.__cause__):
            if isinstance(broken, UnicodeDecodeError):
                text = broken.object.decode("utf-8", "surrogateescape").strip()
        found = _CODE.search(text)
        if found is None:
            return cls(UNKNOWN_EXCEPTION, text or type(raised).__name__)
        text = text[found.start() :]
        # The engine wraps what crossed its own client boundary: "Code: 27. … Code: 27. … (X) (version). (X)".
        while nested := _NESTED_HEAD.match(text):
            text = _NESTED_TAIL.sub(r"\1", text[nested.end() :])
        error = cls.__new__(cls)
        error.code = int(found.group(1))
        Exception.__init__(error, f"{text} (version {ENGINE_VERSION})")
        return error

    def encode(self) -> bytes:
        """The text as it was sent to the engine, byte for byte."""
        return str(self).encode("utf-8", "surrogateescape")

    @property
    def status(self) -> str:
        return _STATUS.get(self.code, "500 Internal Server Error")

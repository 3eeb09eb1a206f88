"""The head of a request: its limits, its content, and the rules of HTTP/1.1 that the parser does not check.

The parser refuses malformed lines, ambiguous lengths and encodings, and lines that do not end in CR LF. None of that is
checked here, so the result must not be used before the parser has accepted the same bytes.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    Headers = list[tuple[bytes, bytes]]

MAX_LINE: Final = 8190
"""The request line, and each header but `Cookie`."""
MAX_COOKIE: Final = 16 * 1024
"""A line of `Cookie`: a site's own cookies travel with what its pages send."""
MAX_HEADERS: Final = 64
MAX_HEAD: Final = 32 * 1024
"""The request line and all headers."""

MAX_DIGITS: Final = 19
"""Of a Content-Length; the parser refuses what does not fit into 64 bits."""

_is_host: Final = lru_cache(256)(re.compile(rb"[A-Za-z0-9._~!$&'()*+,;=%:\[\]-]*").fullmatch)
_ORIGIN: Final = re.compile(rb"\r\norigin:[ \t]*([^\r\n]*?)[ \t]*\r\n", re.IGNORECASE)
_UPGRADE: Final = re.compile(rb"\r\nupgrade:[^\r\n]*", re.IGNORECASE)
_VERSIONS: Final = {b"HTTP/1.1": "1.1", b"HTTP/1.0": "1.0"}


class RefusedError(Exception):
    """A request that is answered before the application sees it."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Request(msgspec.Struct, frozen=True):
    """The content of a head."""

    method: str
    version: str
    path: bytes
    query: bytes
    headers: list[tuple[bytes, bytes]]
    """With names in lower case."""
    length: int | None
    """Of the body; None for one that comes in chunks."""
    expects: bool
    """The client waits for a 100 before it sends its body."""
    keep_alive: bool
    upgrade: bool
    """The client would rather speak another protocol."""


def check_pending(head: bytes | bytearray) -> None:
    """Refuse a head that is too long already, although it has not ended. Raises `RefusedError`."""
    if len(head) <= MAX_LINE:
        return
    if head.find(b"\n", 0, MAX_LINE + 2) < 0:
        raise RefusedError(414)
    line = head[head.rfind(b"\n") + 1 :]
    if len(head) > MAX_HEAD or len(line) > _most(bytes(line[:7])):
        raise RefusedError(431)


def read_head(head: bytes) -> Request:
    """Read a whole head. Raises `RefusedError`."""
    first, *lines = head[:-4].split(b"\r\n")
    if len(head) > MAX_LINE:
        _check_size(head, first, lines)
    if len(lines) > MAX_HEADERS:
        raise RefusedError(431)
    method, target, version = _read_first(first)
    headers = [(name.lower(), value.strip()) for name, _, value in [line.partition(b":") for line in lines]]
    given = dict(headers)
    if len(given) < len(headers) or b"host" not in given or not _is_host(given[b"host"]):
        _check_host(version, headers)
    if method == b"CONNECT":
        raise RefusedError(405)
    path, _, query = target.partition(b"?")
    if path[:1] != b"/" or b"#" in target:
        path, query = _split(target)
    upgrade = b"upgrade" in given
    if upgrade:
        _check_upgrade(headers)
    expects = b"expect" in given and version == "1.1"
    if expects and given[b"expect"].lower() != b"100-continue":
        raise RefusedError(417)
    length: int | None
    if b"transfer-encoding" in given:
        # Other codings are not supported, and HTTP/1.0 has none.
        if _all_of(headers, b"transfer-encoding") != b"chunked" or version == "1.0":
            raise RefusedError(400)
        length = None
    else:
        length = _length(given.get(b"content-length", b"0"))
        expects = expects and length > 0
    keep_alive = version == "1.1" and (b"connection" not in given or b"close" not in _all_of(headers, b"connection"))
    return Request(method.decode("latin-1"), version, path, query, headers, length, expects, keep_alive, upgrade)


def _read_first(line: bytes) -> tuple[bytes, bytes, str]:
    try:
        method, target, version = line.split(b" ")
    except ValueError:
        raise RefusedError(400) from None
    if version not in _VERSIONS:
        raise RefusedError(426 if version.startswith(b"HTTP/") else 400)
    return method, target, _VERSIONS[version]


def _length(digits: bytes) -> int:
    return int(digits) if digits.isdigit() and len(digits) <= MAX_DIGITS else 0


def _check_upgrade(headers: Headers) -> None:
    """Refuse a WebSocket handshake; requests for any other protocol may be ignored (RFC 9110, 7.8)."""
    if b"websocket" in _all_of(headers, b"upgrade") and b"upgrade" in _all_of(headers, b"connection"):
        raise RefusedError(426)


def _all_of(headers: Headers, wanted: bytes) -> bytes:
    """All values of a header that is a list, in lower case."""
    return b",".join(value for name, value in headers if name == wanted).lower()


def _check_size(head: bytes, first: bytes, lines: list[bytes]) -> None:
    if len(first) > MAX_LINE:
        raise RefusedError(414)
    if len(head) > MAX_HEAD or any(len(line) > _most(line[:7]) for line in lines):
        raise RefusedError(431)


def _most(begin: bytes) -> int:
    return MAX_COOKIE if begin.lower() == b"cookie:" else MAX_LINE


def _check_host(version: str, headers: Headers) -> None:
    hosts = [value for name, value in headers if name == b"host"]
    if len(hosts) > 1 or (not hosts and version == "1.1") or not all(map(_is_host, hosts)):
        raise RefusedError(400)


def _split(target: bytes) -> tuple[bytes, bytes]:
    """Path and query of a target that is not a plain path."""
    if target == b"*":
        return target, b""
    scheme, found, rest = target.partition(b"://")
    if not found or not scheme or b"#" in target:
        raise RefusedError(400)
    # A whole URL, as clients send it to proxies.
    host = re.split(rb"[/?]", rest, maxsplit=1)[0]
    path, _, query = rest[len(host) :].partition(b"?")
    return path or b"/", query


def without_upgrade(head: bytes) -> bytes:
    """Return the head without its Upgrade header, after which the parser would not read the body."""
    return _UPGRADE.sub(b"", head)


def find_origin(head: bytes | bytearray) -> str | None:
    """Return the Origin in a head that could not be read completely."""
    found = _ORIGIN.search(head)
    return found[1].decode("latin-1") if found else None


def as_sent(text: str) -> str:
    """A header as it was sent: as UTF-8 if its bytes are that, else as Latin-1, which is how Falcon gives it."""
    if text.isascii():
        return text
    try:
        return text.encode("latin-1").decode()
    except UnicodeDecodeError:
        return text

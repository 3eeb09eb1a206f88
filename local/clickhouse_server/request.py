"""What a client asked for, taken out of the URL, the headers and the body."""

from __future__ import annotations

import functools
import io
import re
import secrets
import string
import uuid
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

import msgspec

from common.clickhouse import CLIENT
from local.clickhouse_server.compression import as_file, decoded
from local.clickhouse_server.engine import as_bytes, checked_format
from local.clickhouse_server.errors import SYNTAX_ERROR, ClickHouseError
from local.clickhouse_server.external_tables import ExternalTable, described
from local.clickhouse_server.forms import is_form, read_form
from local.clickhouse_server.native_blocks import unpacked
from local.clickhouse_server.native_protocol import checked_revision

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from local.clickhouse_server.forms import Readable

HEAD_SIZE: Final = 1 << 18  # ClickHouse's max_query_size: an INSERT's FORMAT or VALUES stands before this
_MAX_QUERY_SIZE: Final = 64 << 20
_TAG_SIZE: Final = 16
_GLANCE: Final = 4096
_LOOKS_AFTER_OTHERS: Final = re.compile(rb"\A\s*(KILL\s|SHOW\s+PROCESSLIST)|\bsystem\.processes\b", re.IGNORECASE)
_QUERY_ID: Final = re.compile(r"[\x21-\x7e]{1,256}")

# Parameters of the URL or a form that are no settings.
_TRANSPORT: Final = frozenset(
    {
        *("query", "query_id", "database", "default_format", "user", "password", "quota_key", "role"),
        *("session_id", "session_timeout", "session_check", "close_session"),
        *("compress", "decompress", "stacktrace", "wait_end_of_query", "buffer_size", "client_protocol_version"),
    }
)


class Request(msgspec.Struct, frozen=True):
    """One request. `settings` and `params` (`param_x` without its prefix) hold values as text.

    `exception_tag` is random: what marks an error in the middle of the answer cannot be among its data.
    """

    method: str
    options: dict[str, str]
    settings: dict[str, str]
    params: dict[str, str]
    headers: dict[str, str]
    body: Any
    client_gone: Callable[[], bool]
    exception_tag: str
    tables: list[ExternalTable] = []

    @property
    def query_id(self) -> str:
        return self.options["query_id"]

    @property
    def database(self) -> str:
        return self.options.get("database") or self.headers.get("HTTP_X_CLICKHOUSE_DATABASE", "")

    @property
    def default_format(self) -> str:
        """Raises ClickHouseError for what is no format."""
        name = self.options.get("default_format") or self.headers.get("HTTP_X_CLICKHOUSE_FORMAT", "")
        return checked_format(name) if name else ""

    @property
    def revision(self) -> int:
        """Of the protocol that a result in Native is written for. Raises ClickHouseError for one that is not spoken."""
        return checked_revision(self.options.get("client_protocol_version", ""))

    @property
    def is_own(self) -> bool:
        """Whether the request is of the project's own programs; they say so, and nothing but a place hangs on it."""
        return self.headers.get("HTTP_USER_AGENT", "").startswith(CLIENT + " ")

    @property
    def looks_after_others(self) -> bool:
        """Whether the query lists what runs, or ends some of it: as in a server, that is not one too many."""
        if self.headers.get("HTTP_CONTENT_ENCODING") or is_form(self.headers.get("CONTENT_TYPE", "")):
            return False
        start = self.body.read(_GLANCE)
        self.body.seek(0)
        return _LOOKS_AFTER_OTHERS.search(as_bytes(self.options.get("query", "")) + start) is not None

    @property
    def reads_only(self) -> bool:
        return self.method in {"GET", "HEAD"}

    def flag(self, name: str) -> bool:
        """Whether an option or a setting is on."""
        value = self.options.get(name) or self.settings.get(name, "0")
        return value.lower() not in {"", "0", "false"}

    def with_form(self, save: Callable[[Readable], str]) -> Request:
        """The request with the fields of its form among its parameters, and its tables; itself when it brings no form.

        `save` puts the content of a file on disk and returns its path. Raises ClickHouseError.
        """
        content_type = self.headers.get("CONTENT_TYPE", "")
        if not is_form(content_type):
            return self
        form = read_form(as_file(self._plain_body()), content_type, save)
        options, settings, params = _sorted(form.fields)
        query = self.options.get("query", "") + options.get("query", "")
        tables, settings = described(form.files, {**self.settings, **settings})
        return msgspec.structs.replace(
            self,
            options={**self.options, **options, "query": query},
            settings=settings,
            params={**self.params, **params},
            headers={name: value for name, value in self.headers.items() if name != "HTTP_CONTENT_ENCODING"},
            body=io.BytesIO(),
            tables=tables,
        )

    def input(self) -> Input:
        """The text of the URL's query and the decoded body, as one stream."""
        return Input(self.options.get("query", "").encode("utf-8", "surrogateescape"), self._plain_body())

    def _plain_body(self) -> Iterator[bytes]:
        unpack = None
        if self.flag("decompress"):
            verify = not self.flag("http_native_compression_disable_checksumming_on_decompress")
            unpack = functools.partial(unpacked, verify=verify)
        return decoded(self.body, self.headers.get("HTTP_CONTENT_ENCODING", ""), unpack)


class Input:
    """The statement and the data behind it; `head` is read at once, the rest is left in the stream."""

    def __init__(self, query: bytes, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        collected = io.BytesIO()
        collected.write(query + b"\n" if query else b"")
        while collected.tell() < HEAD_SIZE and (piece := next(pieces, None)) is not None:
            collected.write(piece)
        self.head = collected.getvalue()

    def read_all(self) -> bytes:
        """All of it, for a statement without data. Raises ClickHouseError over 64 MiB."""
        collected = bytearray(self.head)
        for piece in self._pieces:
            collected += piece
            if len(collected) > _MAX_QUERY_SIZE:
                raise ClickHouseError(SYNTAX_ERROR, f"Syntax error: Max query size exceeded ({_MAX_QUERY_SIZE} bytes).")
        return bytes(collected)

    def data(self, start: int) -> Iterator[bytes]:
        """What follows the first `start` bytes."""
        yield self.head[start:]
        yield from self._pieces


def read_request(environ: Mapping[str, Any]) -> Request:
    """Sort the URL's parameters of a WSGI request."""
    url = environ.get("QUERY_STRING", "")
    options, settings, params = _sorted(parse_qsl(url, keep_blank_values=True, errors="surrogateescape"))
    options.setdefault("query_id", str(uuid.uuid4()))
    headers = {
        name: _as_sent(value) for name, value in environ.items() if name.startswith("HTTP_") or name == "CONTENT_TYPE"
    }
    tag = "".join(secrets.choice(string.ascii_lowercase) for _ in range(_TAG_SIZE))
    gone = environ["waitress.client_disconnected"]
    return Request(environ["REQUEST_METHOD"], options, settings, params, headers, environ["wsgi.input"], gone, tag)


def _as_sent(text: str) -> str:
    """Text that WSGI read as Latin-1: UTF-8, and other bytes as surrogates."""
    return text.encode("latin-1").decode("utf-8", "surrogateescape")


def _sorted(pairs: Iterable[tuple[str, str]]) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    """Options, settings, and parameters of the query. A query id that no header can hold is left out."""
    options: dict[str, str] = {}
    settings: dict[str, str] = {}
    params: dict[str, str] = {}
    for name, value in pairs:
        if name.startswith("param_"):
            params[name.removeprefix("param_")] = value
        elif name not in _TRANSPORT:
            settings[name] = value
        elif name != "query_id" or _QUERY_ID.fullmatch(value):
            options[name] = value
    return options, settings, params

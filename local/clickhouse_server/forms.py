"""multipart/form-data bodies: their fields stand beside the parameters of the URL.

An application/x-www-form-urlencoded body is no form here: ClickHouse reads it as the text of the query, because that
is the type that curl names for everything it sends with --data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from falcon import parse_header
from falcon.media.multipart import BodyPart, MultipartForm, MultipartParseError, MultipartParseOptions

from local.clickhouse_server.errors import BAD_ARGUMENTS, NOT_IMPLEMENTED, ClickHouseError

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAX_FIELDS: Final = 10_000
_MAX_SIZE: Final = 64 << 20
_ANY_LENGTH: Final = 1 << 62  # the body ends itself


def is_form(content_type: str) -> bool:
    return content_type.lower().startswith("multipart/form-data")


def form_fields(body: Any, content_type: str) -> Iterator[tuple[str, str]]:
    """Names and values, in their order; bytes that are not UTF-8 become surrogates. `body` has `read(size)`.

    Raises ClickHouseError for a broken form, one over 64 MiB, and one that brings a table along.
    """
    options = MultipartParseOptions()
    options.max_body_part_count = _MAX_FIELDS
    boundary = parse_header(content_type)[1].get("boundary", "").encode("latin-1", "replace")
    if not boundary:
        raise ClickHouseError(BAD_ARGUMENTS, "The multipart/form-data body has no boundary in its Content-Type.")
    left = _MAX_SIZE
    try:
        for part in MultipartForm(body, boundary, _ANY_LENGTH, options):
            value = _value(part, left)
            left -= len(value)
            yield part.name or "", value.decode("utf-8", "surrogateescape")
    except MultipartParseError as error:
        message = f"The multipart/form-data body is broken: {error.description}."
        raise ClickHouseError(BAD_ARGUMENTS, message) from error
    except UnicodeDecodeError as error:
        raise ClickHouseError(BAD_ARGUMENTS, "A name in the multipart/form-data body is not UTF-8.") from error


def _value(part: BodyPart, limit: int) -> bytes:
    # ClickHouse tells a table from a field by its file name.
    if part.filename is not None or not part.name:
        message = (
            f"External table '{part.name or '_data'}' is not supported by the embedded server: "
            "fill a temporary table in a session instead."
        )
        raise ClickHouseError(NOT_IMPLEMENTED, message)
    value = part.stream.read(limit + 1)
    if len(value) > limit:
        raise ClickHouseError(BAD_ARGUMENTS, f"The multipart/form-data body is over {_MAX_SIZE} bytes.")
    return value

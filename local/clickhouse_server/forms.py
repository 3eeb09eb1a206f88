"""multipart/form-data bodies: their fields stand beside the parameters of the URL, and their files are tables.

An application/x-www-form-urlencoded body is no form here: ClickHouse reads it as the text of the query, because that
is the type that curl names for everything it sends with --data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from falcon import parse_header
from falcon.media.multipart import MultipartForm, MultipartParseError, MultipartParseOptions

from local.clickhouse_server.errors import BAD_ARGUMENTS, ClickHouseError

if TYPE_CHECKING:
    from collections.abc import Callable

_MAX_PARTS: Final = 10_000
_MAX_SIZE: Final = 64 << 20
_ANY_LENGTH: Final = 1 << 62  # the body ends itself


class Readable(Protocol):
    def read(self, size: int | None = ..., /) -> bytes: ...


class FormFile(NamedTuple):
    name: str
    path: str


class Form(NamedTuple):
    """Names and values in their order, bytes that are not UTF-8 as surrogates; files where they were saved."""

    fields: list[tuple[str, str]]
    files: list[FormFile]


def is_form(content_type: str) -> bool:
    return content_type.lower().startswith("multipart/form-data")


def read_form(body: Readable, content_type: str, save: Callable[[Readable], str]) -> Form:
    """Read all of it. `save` takes the content of a file, which may be of any size, and returns its path.

    Raises ClickHouseError for a broken form, and one whose fields are over 64 MiB.
    """
    options = MultipartParseOptions()
    options.max_body_part_count = _MAX_PARTS
    boundary = parse_header(content_type)[1].get("boundary", "").encode("latin-1", "replace")
    if not boundary:
        raise ClickHouseError(BAD_ARGUMENTS, "The multipart/form-data body has no boundary in its Content-Type.")
    form = Form([], [])
    left = _MAX_SIZE
    try:
        for part in MultipartForm(body, boundary, _ANY_LENGTH, options):
            # ClickHouse tells a table from a field by its file name.
            if part.filename is not None or not part.name:
                form.files.append(FormFile(part.name or "", save(part.stream)))
                continue
            value = part.stream.read(left + 1)
            left -= len(value)
            if left < 0:
                raise ClickHouseError(BAD_ARGUMENTS, f"The fields of the form are over {_MAX_SIZE} bytes.")
            form.fields.append((part.name, value.decode("utf-8", "surrogateescape")))
    except MultipartParseError as error:
        message = f"The multipart/form-data body is broken: {error.description}."
        raise ClickHouseError(BAD_ARGUMENTS, message) from error
    except UnicodeDecodeError as error:
        raise ClickHouseError(BAD_ARGUMENTS, "A name in the multipart/form-data body is not UTF-8.") from error
    return form

"""The environment, read once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import msgspec

from clickhouse.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

URL_VARIABLE = "UGC_CLICKHOUSE_URL"
PORT_VARIABLE = "UGC_CLICKHOUSE_PORT"


class Settings(msgspec.Struct, frozen=True):
    """Where ClickHouse is, and which brokers its queue reads from (unchecked; only `migrate` needs them)."""

    url: str
    kafka_bootstrap: str | None = None

    @property
    def shown_url(self) -> str:
        """The URL without the password, for messages."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.hostname}:{parts.port or (8443 if parts.scheme == 'https' else 8123)}"


class _Environment(msgspec.Struct, frozen=True):
    url: str | None = msgspec.field(default=None, name=URL_VARIABLE)
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = msgspec.field(default=8123, name=PORT_VARIABLE)
    kafka_bootstrap: str | None = msgspec.field(default=None, name="UGC_KAFKA_BOOTSTRAP")


def read_settings(environ: Mapping[str, str]) -> Settings:
    """UsageError names the variable and its value, except for a URL, which may hold a password."""
    given = {name: value for name, value in environ.items() if name.startswith("UGC_") and value}
    try:
        environment = msgspec.convert(given, _Environment, strict=False)
    except msgspec.ValidationError as error:
        raise UsageError(f"{PORT_VARIABLE}={given.get(PORT_VARIABLE)}: expected an integer from 1 to 65535") from error
    url = environment.url or f"http://127.0.0.1:{environment.port}"
    return Settings(url=checked_url(url), kafka_bootstrap=environment.kafka_bootstrap)


def checked_url(url: str) -> str:
    """The URL itself when it is http(s)://[user:password@]host[:port], else UsageError."""
    try:
        parts = urlsplit(url)
        valid = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        valid = False
    if not valid:
        raise UsageError(f"{URL_VARIABLE}: expected http://user:password@host:8123 (https for TLS)")
    return url

"""The environment, read once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated
from urllib.parse import unquote, urlsplit

from msgspec import Meta, Struct, field

from clickhouse.connection.errors import UsageError
from clickhouse.connection.literals import quoted
from common.environment import Address, HttpUrl, Port, SettingsError, reachable, read
from common.kafka import KafkaEnvironment, KafkaSecurity

if TYPE_CHECKING:
    from collections.abc import Mapping

URL_VARIABLE = "UGC_CLICKHOUSE_URL"
_MASK = "***"
# A day is counted again only while all of its rows are there, landed and typed, so late events need some weeks.
# No term is longer than 50 years: a TTL that ends after 2106 wraps around, and all rows would be deleted at once.
PayloadTerm = Annotated[int, Meta(ge=37, le=18_250, description="an integer from 37 to 18250")]
TypedTerm = Annotated[int, Meta(ge=2, le=600, description="an integer from 2 to 600")]
ErrorsTerm = Annotated[int, Meta(ge=1, le=18_250, description="an integer from 1 to 18250")]


class Retention(Struct, frozen=True, kw_only=True):
    """How long rows are kept; what migrations write into TTL clauses."""

    payload_days: int = 90
    typed_months: int = 25
    errors_days: int = 30

    def variables(self) -> dict[str, str]:
        """What the placeholders of migrations stand for."""
        return {
            "UGC_RETENTION_PAYLOAD_DAYS": str(self.payload_days),
            "UGC_RETENTION_TYPED_MONTHS": str(self.typed_months),
            "UGC_RETENTION_ERRORS_DAYS": str(self.errors_days),
        }


class Settings(Struct, frozen=True):
    """Where ClickHouse is, and which brokers its queue reads from (`migrate` needs them, other commands may)."""

    url: str
    kafka_bootstrap: str | None = None
    security: KafkaSecurity = KafkaSecurity()
    kafka_port: int = 9092
    api_url: str = "http://127.0.0.1:9001"
    retention: Retention = Retention()

    @property
    def shown_url(self) -> str:
        """The URL without the password, for messages."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.hostname}:{parts.port or (8443 if parts.scheme == 'https' else 8123)}"

    @property
    def brokers(self) -> str:
        """Kafka as this machine reaches it: the configured addresses, else the embedded broker's."""
        return self.kafka_bootstrap or f"127.0.0.1:{self.kafka_port}"

    def masked(self, text: str) -> str:
        """The text with every secret of these settings replaced."""
        password = urlsplit(self.url).password
        secrets = {self.security.password, self.security.key_password, password, unquote(password or "")} - {None, ""}
        for secret in sorted((each for each in secrets if each), key=len, reverse=True):
            text = text.replace(quoted(secret), f"'{_MASK}'").replace(secret, _MASK)
        return text


class Environment(KafkaEnvironment, frozen=True, kw_only=True):
    url: HttpUrl | None = field(default=None, name=URL_VARIABLE)
    port: Port = field(default=8123, name="UGC_CLICKHOUSE_PORT")
    api_host: Address = field(default="127.0.0.1", name="UGC_API_HOST")
    api_port: Port = field(default=9001, name="UGC_API_PORT")
    payload_days: PayloadTerm = field(default=90, name="UGC_RETENTION_PAYLOAD_DAYS")
    typed_months: TypedTerm = field(default=25, name="UGC_RETENTION_TYPED_MONTHS")
    errors_days: ErrorsTerm = field(default=30, name="UGC_RETENTION_ERRORS_DAYS")


def read_settings(environ: Mapping[str, str]) -> Settings:
    """UsageError names the variable and its value, except where that may hold a password."""
    try:
        given = read(Environment, environ)
    except SettingsError as error:
        if str(error).startswith(URL_VARIABLE):
            checked_url("")
        raise UsageError(str(error)) from error
    return Settings(
        url=checked_url(given.url or f"http://127.0.0.1:{given.port}"),
        kafka_bootstrap=given.kafka_bootstrap,
        security=given.security,
        kafka_port=given.kafka_port,
        api_url=f"http://{reachable(given.api_host)}:{given.api_port}",
        retention=Retention(
            payload_days=given.payload_days, typed_months=given.typed_months, errors_days=given.errors_days
        ),
    )


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

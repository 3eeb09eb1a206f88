"""How Kafka is entered: the API's own variables, as settings of the queue's engine and of our Kafka client.

The engine has no settings for certificates: a ClickHouse server reads their files from its configuration
(`<kafka><ssl_ca_location>` and so on), see docs/operations.md.
"""

from __future__ import annotations

import re

from msgspec import Struct

from clickhouse.connection.errors import UsageError

MASK = "***"
_BROKER_LIST = re.compile(r"kafka_broker_list\s*=\s*'[^']*'")
_CREATES_KAFKA_TABLE = re.compile(r"^\s*CREATE\s+TABLE\b.*\bENGINE\s*=\s*Kafka\b", re.DOTALL | re.IGNORECASE)


class KafkaSecurity(Struct, frozen=True, kw_only=True):
    """What a client needs to be let in; everything unset means an open broker."""

    protocol: str | None = None
    mechanism: str | None = None
    username: str | None = None
    password: str | None = None
    ca_location: str | None = None
    certificate_location: str | None = None
    key_location: str | None = None
    key_password: str | None = None

    def engine_settings(self) -> dict[str, str]:
        """Return the settings of ENGINE = Kafka, in the order in which they are written; {} for an open broker."""
        if self.protocol in {None, "PLAINTEXT"}:
            return {}
        settings = {
            "kafka_security_protocol": (self.protocol or "").lower(),
            "kafka_sasl_mechanism": self.mechanism,
            "kafka_sasl_username": self.username,
            "kafka_sasl_password": self.password,
        }
        return {name: value for name, value in settings.items() if value}

    def client_options(self) -> dict[str, str]:
        """Return the same as librdkafka's options."""
        options = {
            "security.protocol": self.protocol,
            "sasl.mechanism": self.mechanism,
            "sasl.username": self.username,
            "sasl.password": self.password,
            "ssl.ca.location": self.ca_location,
            "ssl.certificate.location": self.certificate_location,
            "ssl.key.location": self.key_location,
            "ssl.key.password": self.key_password,
        }
        return {name: value for name, value in options.items() if value}

    def check(self) -> None:
        """Raise UsageError when the parts do not fit together."""
        sasl = (self.protocol or "").startswith("SASL_")
        if sasl and not (self.username and self.password):
            raise UsageError(
                f"UGC_KAFKA_SECURITY_PROTOCOL={self.protocol} needs UGC_KAFKA_SASL_USERNAME and UGC_KAFKA_SASL_PASSWORD"
            )
        if self.username and not sasl:
            raise UsageError(
                "UGC_KAFKA_SASL_USERNAME is set, but UGC_KAFKA_SECURITY_PROTOCOL is not SASL_PLAINTEXT or SASL_SSL"
            )


def secured(statement: str, code: str, security: KafkaSecurity) -> str:
    """A statement that creates a Kafka table, with the security settings after its brokers; any other as it is.

    `code` is the statement without comments and texts (`sqlfile.code`), by which it is recognised.
    """
    settings = security.engine_settings()
    if not settings or not _CREATES_KAFKA_TABLE.search(code):
        return statement
    added = "".join(f",\n    {name} = {quoted(value)}" for name, value in settings.items())
    return _BROKER_LIST.sub(lambda brokers: brokers[0] + added, statement, count=1)


def quoted(text: str) -> str:
    """A value as a literal of ClickHouse's SQL; for DDL, where the server binds no parameters."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"

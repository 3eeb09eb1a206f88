"""How Kafka is entered: the API's own variables, as settings of the queue's engine and of our Kafka client.

The engine has no settings for certificates: a ClickHouse server reads their files from its configuration
(`<kafka><ssl_ca_location>` and so on), see docs/operations.md.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from clickhouse.connection.literals import quoted

if TYPE_CHECKING:
    from common.kafka import KafkaSecurity

_BROKER_LIST = re.compile(r"kafka_broker_list\s*=\s*'[^']*'")
_CREATES_KAFKA_TABLE = re.compile(r"^\s*CREATE\s+TABLE\b.*\bENGINE\s*=\s*Kafka\b", re.DOTALL | re.IGNORECASE)


def engine_settings(security: KafkaSecurity) -> dict[str, str]:
    """Return the settings of ENGINE = Kafka, in the order in which they are written; {} for an open broker."""
    if security.protocol == "PLAINTEXT":
        return {}
    settings = {
        "kafka_security_protocol": security.protocol.lower(),
        "kafka_sasl_mechanism": security.mechanism,
        "kafka_sasl_username": security.username,
        "kafka_sasl_password": security.password,
    }
    return {name: value for name, value in settings.items() if value}


def secured(statement: str, code: str, security: KafkaSecurity) -> str:
    """A statement that creates a Kafka table, with the security settings after its brokers; any other as it is.

    `code` is the statement without comments and texts (`sqlfile.code`), by which it is recognised.
    """
    settings = engine_settings(security)
    if not settings or not _CREATES_KAFKA_TABLE.search(code):
        return statement
    added = "".join(f",\n    {name} = {quoted(value)}" for name, value in settings.items())
    return _BROKER_LIST.sub(lambda brokers: brokers[0] + added, statement, count=1)

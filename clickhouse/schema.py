"""The schema of a server as text: what `dump` prints and `check` compares."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from clickhouse.client import rows

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

_BROKERS = re.compile(r"(kafka_broker_list = )'[^']*'")


def dump(client: Client) -> str:
    """Every object of `ugc` and `analytics` as SQL that makes it again, the queue last; the broker is `${…}` again."""
    found = rows(
        client,
        """
        SELECT formatQuery(create_table_query) AS ddl
        FROM system.tables
        WHERE database IN ('ugc', 'analytics') AND name != 'schema_versions' AND name NOT LIKE '.inner%'
        ORDER BY
            database = 'analytics',
            engine = 'Kafka',
            engine = 'MaterializedView',
            name
        """,
    )
    statements = [_BROKERS.sub(r"\1'${UGC_KAFKA_BOOTSTRAP}'", row["ddl"]) for row in found]
    return "".join(f"{statement};\n\n" for statement in statements)

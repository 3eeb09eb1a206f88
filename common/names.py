"""Names that the parts share: in Kafka, and in ClickHouse. SQL files write them out; Python takes them from here."""

from __future__ import annotations

from typing import Final

TOPIC: Final = "ugc.events"
"""The Kafka topic of the events."""

GROUP: Final = "ugc_clickhouse"
"""The consumer group of ClickHouse's queue."""

DATABASE: Final = "ugc"
"""What is stored: the queue, the landing table, the typed tables, the rollups."""

ANALYTICS: Final = "analytics"
"""The database of the views, which is all that analysts are granted."""

QUEUE: Final = "ugc.events_queue"
"""The Kafka engine table."""

LANDING: Final = "ugc.events"
"""The landing table. By chance it is called like the topic."""

ERRORS: Final = "ugc.events_errors"
"""What could not become an event, with its raw bytes."""

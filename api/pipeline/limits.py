"""The limits of the contract that more than one module needs, with their units."""

from __future__ import annotations

from typing import Final

MAX_EVENT_BYTES: Final = 64 * 1024
"""One event as JSON, as it was sent."""

MAX_BODY_BYTES: Final = 1024 * 1024
"""One request body."""

MAX_BATCH_EVENTS: Final = 500
MAX_PROPERTIES: Final = 64
"""Keys at the top level of `custom.properties`."""

MAX_PROPERTIES_BYTES: Final = 16 * 1024
"""`custom.properties` as compact JSON."""

MAX_PROPERTIES_DEPTH: Final = 32
"""Levels of nesting: deeper objects cost every reader of the table, and no web page needs them."""

MAX_USER_AGENT: Final = 512
"""Characters; the rest is cut off."""

MAX_MESSAGE_BYTES: Final = 900_000
"""One Kafka message. Brokers refuse more than 1 MiB by default, and a request grows by what the service adds."""

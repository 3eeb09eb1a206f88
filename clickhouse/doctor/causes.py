"""Why an event did not get further, as far as the parts themselves can tell, and which command comes next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from clickhouse.connection.client import one_line, rows
from clickhouse.queue import consumer
from common.names import QUEUE
from common.topic import KafkaUnavailableError, Topic

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from clickhouse.connection.errors import OperationError
    from clickhouse.connection.settings import Settings

_DRIFT = "python -m clickhouse status --drift"
_FROZEN_S = 60
_CLIENT_ERROR, _SERVER_ERROR = 400, 500
_SHOWN = 300
_CONSUMER = """
SELECT
    dateDiff('second', max(last_poll_time), now()) AS silent_s,
    min(notEmpty(assignments.topic)) AS joined,
    arrayElement(argMax(exceptions.text, last_poll_time), -1) AS error
FROM system.kafka_consumers
WHERE database = 'ugc' AND table = 'events_queue'
"""


class Cause(Struct, frozen=True):
    """What is wrong, in words; `next_command` is what to run; `is_broker` when the API only passes on the broker's."""

    what: str
    next_command: str
    is_broker: bool = False


def of_silent_api(url: str, error: Exception) -> Cause:
    return Cause(
        f"no API answers at {url}: {one_line(error)[:_SHOWN]}",
        "./run_app.sh (or `docker compose up api`); UGC_API_HOST and UGC_API_PORT, or --api URL, say where it is",
    )


def of_refusal(settings: Settings, status: int, body: str) -> Cause:
    """An answer that is not 202."""
    shown = " ".join(body.split())[:_SHOWN]
    if status >= _SERVER_ERROR:
        try:
            Topic(settings.brokers, settings.security).ends()
        except KafkaUnavailableError as error:
            return Cause(f"the API answered {status} because {error}", "docker compose ps kafka", is_broker=True)
        return Cause(
            f"the API answered {status}, though the broker at {settings.brokers} answers: {shown}",
            "look at the API's log",
        )
    advice = {
        401: "give --write-key, one of UGC_WRITE_KEYS",
        403: "give --write-key, one of UGC_WRITE_KEYS",
        404: "is it the API that listens there? --api URL",
        429: "too many requests from this address (UGC_RATE_LIMIT): try again in a moment",
    }
    return Cause(f"the API refused the event with {status}: {shown}", advice.get(status, "is it of the same version?"))


def of_broker(settings: Settings) -> Cause:
    try:
        Topic(settings.brokers, settings.security).ends()
    except KafkaUnavailableError as error:
        return Cause(str(error), "docker compose ps kafka")
    return Cause(
        f"the API acknowledged, but the topic at {settings.brokers} has not grown: the API writes to another broker",
        "compare UGC_KAFKA_BOOTSTRAP of the API with this one",
    )


def of_silent_clickhouse(error: OperationError) -> Cause:
    return Cause(str(error), "docker compose ps clickhouse, then its log; events wait in Kafka meanwhile")


def of_consumer(client: Client, settings: Settings) -> Cause:
    """The topic has the event, the group has not read it."""
    if not consumer.is_attached(client):
        if consumer.is_detached(client):
            return Cause(f"{QUEUE} is detached (paused)", "python -m clickhouse resume")
        return Cause(f"{QUEUE} is missing", "python -m clickhouse migrate")
    missing = _missing_views(client, "events_mv", "events_errors_mv")
    if missing:
        return Cause(f"{' and '.join(missing)} missing: the queue is not read without its MVs", _DRIFT)
    found = rows(
        client,
        _CONSUMER,
    )[0]
    error = one_line_of(found["error"])
    if not found["joined"]:
        reads = client.query(
            "SELECT extract(create_table_query, 'kafka_broker_list = \\'([^\\']*)') FROM system.tables "
            "WHERE database = 'ugc' AND name = 'events_queue'"
        ).result_rows[0][0]
        return Cause(
            f"the consumer has not joined its group: it reads from {reads}, the topic is at {settings.brokers}"
            + (f"; it says: {error}" if error else ""),
            "python -m clickhouse migrate (creates the queue again when UGC_KAFKA_BOOTSTRAP has changed)",
        )
    if found["silent_s"] > _FROZEN_S:
        return Cause(
            f"the consumer has not asked for messages for {found['silent_s']} s: it hangs", "restart ClickHouse"
        )
    return Cause(
        f"the consumer is behind{f'; it says: {error}' if error else ''}", "python -m clickhouse doctor --within 60"
    )


def of_landing(client: Client, event_id: str) -> Cause:
    """The group has read the event, the landing table does not have it."""
    missing = _missing_views(client, "events_mv")
    if missing:
        return Cause(
            f"{missing[0]} is missing: what was read in the meantime did not land",
            f"{_DRIFT}, run its SQL, then python -m clickhouse replay --from TIME",
        )
    refused = rows(client, "SELECT error FROM ugc.events_errors WHERE position(raw, {id:String}) > 0", id=event_id)
    if refused:
        return Cause(f"ClickHouse refused it: {refused[0]['error'][:_SHOWN]}", "python -m clickhouse errors list")
    return Cause("the consumer has read it, but it is in no table", "python -m clickhouse replay --from TIME")


def of_typed(client: Client, _event_id: str) -> Cause:
    missing = _missing_views(client, "custom_events_mv")
    if missing:
        return Cause(
            f"{missing[0]} is missing: events land and their typed rows are not written",
            f"{_DRIFT}, run its SQL, then python -m clickhouse reconcile --repair",
        )
    return Cause("it landed, but is not in ugc.custom_events", "python -m clickhouse reconcile --repair")


def of_view(client: Client, _event_id: str) -> Cause:
    there = rows(client, "SELECT 1 FROM system.tables WHERE database = 'analytics' AND name = 'custom_events'")
    what = "does not show it" if there else "is missing"
    return Cause(f"analytics.custom_events {what}", "python -m clickhouse views --apply --all")


def one_line_of(text: str | None) -> str:
    """The first line of what librdkafka said, without the stack that ClickHouse adds."""
    return (text or "").split("\n")[0].strip()[:_SHOWN]


def _missing_views(client: Client, *names: str) -> list[str]:
    there = {row["name"] for row in rows(client, "SELECT name FROM system.tables WHERE database = 'ugc'")}
    return [f"ugc.{name}" for name in names if name not in there]

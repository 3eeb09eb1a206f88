"""`pause` and `resume`: the consumer taken out of its group and put back; a pause survives restarts of the server."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from clickhouse.connection.client import connected, execute
from clickhouse.connection.errors import OperationError
from clickhouse.queue import consumer
from common.names import QUEUE
from common.topic import KafkaUnavailableError, Topic

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clickhouse_connect.driver.client import Client

    from clickhouse.connection.settings import Settings

_DETACH, _ATTACH = f"DETACH TABLE {QUEUE}", f"ATTACH TABLE {QUEUE}"


def pause(client: Client, *, join_s: float, force: bool = False) -> str:
    """Detach the queue, for good until `resume`; what was done.

    The consumer gets `join_s` seconds to join its group first (`consumer` says why); OperationError when it does not,
    unless `force`.
    """
    if consumer.is_detached(client):
        return f"{QUEUE} is paused already"
    if not consumer.is_attached(client):
        raise OperationError(f"there is no {QUEUE}: `python -m clickhouse migrate` creates it")
    if not consumer.wait_until_assigned(client, join_s) and not force:
        raise OperationError(
            f"the consumer has not joined its group within {join_s:g} s, and one that leaves before that may keep "
            "the next one out. Is Kafka up (`python -m clickhouse doctor`)? Try again, or pause it anyway with --force"
        )
    # PERMANENTLY: a restart of the server must not start it again
    execute(client, f"{_DETACH} PERMANENTLY")
    return f"{QUEUE} is paused: events wait in Kafka, for as long as Kafka keeps them"


def resume(client: Client, settings: Settings, *, join_s: float) -> str:
    """Attach the queue and say how far behind it was."""
    try:
        lag = f"{Topic(settings.brokers, settings.security).behind():,} messages behind"
    except KafkaUnavailableError as error:
        lag = f"how far behind is unknown: {error}"
    if consumer.is_attached(client):
        done = f"{QUEUE} is not paused"
    elif consumer.is_detached(client):
        execute(client, _ATTACH)
        done = f"{QUEUE} consumes again"
    else:
        raise OperationError(f"there is no {QUEUE}: `python -m clickhouse migrate` creates it")
    joined = (
        "" if consumer.wait_until_assigned(client, join_s) else f", it has not joined its group within {join_s:g} s"
    )
    return f"{done}: {lag}{joined}"


@contextmanager
def briefly(settings: Settings) -> Iterator[None]:
    """Nothing is consumed while the block lasts, and what the consumer had begun is written before it.

    A queue that is not there, or paused, is left as it is. Not for good: a restart of the server ends it.
    """
    with connected(settings) as client:
        reads = consumer.is_attached(client)
        if reads:
            consumer.let_the_consumer_join(client)
            execute(client, _DETACH)
        try:
            yield
        finally:
            if reads:
                execute(client, _ATTACH)

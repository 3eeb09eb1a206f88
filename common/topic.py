"""The topic of the events through Kafka's admin protocol: created, deleted, compared with what was read of it.

Every method raises `KafkaUnavailableError` when no broker answers or one refuses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

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

from common.kafka import KafkaSecurity
from common.names import GROUP, TOPIC

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

CALL_TIMEOUT_S: Final = 5.0
# Shorter, so that librdkafka ends a request before we stop waiting for it: one that outlives us can crash the process.
REQUEST_TIMEOUT_S: Final = 4.0
FLUSH_TIMEOUT_S: Final = 60.0


class KafkaUnavailableError(Exception):
    """No broker answered, or it refused; the text says which one and why."""


class Topic:
    """One topic at one cluster, and the groups that read it."""

    def __init__(
        self,
        brokers: str,
        security: KafkaSecurity | None = None,
        *,
        partitions: int = -1,
        replication_factor: int = -1,
    ) -> None:
        """Nothing is asked of the broker yet. `create` makes so many partitions and copies; -1 leaves it to the broker.

        Raises `KafkaUnavailableError` when `security` cannot be used, as when a certificate's file is missing.
        """
        self._brokers = brokers
        self._partition_count = partitions
        self._replication_factor = replication_factor
        # librdkafka's own log lines would only repeat what the errors say
        self._connection: dict[str, str | int | float | bool] = {
            "bootstrap.servers": brokers,
            "log_level": 0,
            **(security or KafkaSecurity()).client_options(),
        }
        try:
            # The client is kept: its futures die with it.
            self._admin = AdminClient({**self._connection, "socket.timeout.ms": 5000})
        except KafkaException as error:
            raise self._unavailable(error) from error

    # The topic

    def broker_answers(self) -> bool:
        try:
            self._admin.list_topics(timeout=0.5)
        except KafkaException:
            return False
        return True

    def create(self) -> None:
        """Create the topic unless it is there."""
        topic = NewTopic(TOPIC, self._partition_count, self._replication_factor)
        future = self._admin.create_topics([topic], request_timeout=REQUEST_TIMEOUT_S)[TOPIC]
        self._result(future, but=KafkaError.TOPIC_ALREADY_EXISTS)

    def delete(self) -> None:
        """Delete the topic with all its messages."""
        self._result(self._admin.delete_topics([TOPIC], request_timeout=REQUEST_TIMEOUT_S)[TOPIC])

    def partitions(self) -> list[int]:
        try:
            topic = self._admin.list_topics(TOPIC, timeout=CALL_TIMEOUT_S).topics[TOPIC]
        except KafkaException as error:
            raise self._unavailable(error) from error
        if topic.error is not None or not topic.partitions:
            reason = f": {topic.error.str()}" if topic.error is not None else ""
            raise KafkaUnavailableError(f"Kafka at {self._brokers} has no topic {TOPIC}{reason}")
        return sorted(topic.partitions)

    def ends(self) -> dict[int, int]:
        """Return the offset after the last message, by partition; the embedded broker counts a batch as one message."""
        return self._offsets(OffsetSpec.latest())  # type: ignore[no-untyped-call]

    def beginnings(self) -> dict[int, int]:
        """Return the offset of the oldest message that is kept, by partition."""
        return self._offsets(OffsetSpec.earliest())  # type: ignore[no-untyped-call]

    def at(self, milliseconds: int) -> dict[int, int]:
        """Return the offset of the first message produced at that time (epoch ms) or later, by partition."""
        found = self._offsets(OffsetSpec.for_timestamp(milliseconds))
        ends = self.ends()
        return {partition: offset if offset >= 0 else ends[partition] for partition, offset in found.items()}

    # Groups that read it

    def committed(self, group: str = GROUP) -> dict[int, int]:
        """Return where a group continues, by partition; below 0 where it never committed."""
        wanted = [TopicPartition(TOPIC, partition) for partition in self.partitions()]
        futures = self._admin.list_consumer_group_offsets(
            [ConsumerGroupTopicPartitions(group, wanted)], request_timeout=REQUEST_TIMEOUT_S
        )
        return {where.partition: where.offset for where in self._result(futures[group]).topic_partitions}

    def behind(self, group: str = GROUP) -> int:
        """Return how many messages a group has not read yet."""
        committed, beginnings = self.committed(group), self.beginnings()
        # the ends are asked for last, so that what arrives in between counts as unread
        return sum(end - max(committed.get(part, -1), beginnings.get(part, 0)) for part, end in self.ends().items())

    def unread(self, ends: Mapping[int, int], group: str = GROUP) -> dict[int, range]:
        """Return the offsets before these ends that a group has not committed, by partition; empty when none."""
        committed = self.committed(group)
        starts = {partition: max(committed.get(partition, 0), 0) for partition in ends}
        return {partition: range(starts[partition], end) for partition, end in ends.items() if end > starts[partition]}

    def set_group(self, group: str, offsets: dict[int, int]) -> None:
        """Let a group that has no member continue from these offsets."""
        consumer = Consumer({**self._connection, "group.id": group, "enable.auto.commit": False})
        try:
            wanted = [TopicPartition(TOPIC, partition, offset) for partition, offset in offsets.items()]
            consumer.commit(offsets=wanted, asynchronous=False)
        except KafkaException as error:
            raise self._unavailable(error) from error
        finally:
            consumer.close()

    def forget_group(self, group: str = GROUP) -> bool:
        """Delete a group with its offsets, so that it starts at the first message; False while it has a member."""
        future = self._admin.delete_consumer_groups([group], request_timeout=REQUEST_TIMEOUT_S)[group]
        try:
            future.result(CALL_TIMEOUT_S)
        except KafkaException as error:
            if error.args[0].code() == KafkaError.NON_EMPTY_GROUP:
                return False
            if error.args[0].code() != KafkaError.GROUP_ID_NOT_FOUND:
                raise self._unavailable(error) from error
        except TimeoutError as error:
            raise self._unavailable(error) from error
        return True

    # Messages

    def fence(self) -> dict[int, int]:
        """Put an empty message at the end of each partition, which ClickHouse skips, and return their offsets.

        Everything acknowledged before has a lower offset. `ends` cannot tell that at the embedded broker: there it is
        too low by all but one message of the last batch.
        """
        ends: dict[int, int] = {}

        def delivered(error: KafkaError | None, message: Any) -> None:
            if error is None:
                ends[message.partition()] = message.offset()

        producer = Producer({**self._connection, "acks": "all"})
        partitions = self.partitions()
        for partition in partitions:
            producer.produce(TOPIC, b"", partition=partition, on_delivery=delivered)
        producer.flush(CALL_TIMEOUT_S)
        if len(ends) < len(partitions):
            raise KafkaUnavailableError(f"Kafka at {self._brokers}: no acknowledgement within {CALL_TIMEOUT_S:.0f} s")
        return ends

    def read(self, offsets: dict[int, range]) -> Iterator[bytes]:
        """Yield the messages at these offsets, without joining ClickHouse's consumer group."""
        consumer = Consumer({**self._connection, "group.id": f"{GROUP}_leftovers", "enable.auto.commit": False})
        try:
            consumer.assign([TopicPartition(TOPIC, partition, wanted.start) for partition, wanted in offsets.items()])
            missing = {partition: wanted.stop for partition, wanted in offsets.items()}
            while missing:
                message = consumer.poll(CALL_TIMEOUT_S)
                if message is None:
                    raise KafkaUnavailableError(f"Kafka at {self._brokers}: no message within {CALL_TIMEOUT_S:.0f} s")
                failure = message.error()
                if failure:
                    raise KafkaUnavailableError(f"Kafka at {self._brokers}: {failure.str()}")
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
        """Produce messages and wait for every acknowledgement; returns how many."""
        producer = Producer({**self._connection, "acks": "all", "compression.type": "lz4", "linger.ms": 5})
        failures: list[str] = []

        def delivered(error: KafkaError | None, _message: Any) -> None:
            if error is not None:
                failures.append(error.str())

        count = 0
        for message in messages:
            while True:
                try:
                    producer.produce(TOPIC, message, on_delivery=delivered)
                    break
                except BufferError:
                    # Its queue is full: continue as soon as the broker has taken some.
                    producer.poll(0.1)
            count += 1
            producer.poll(0)
        if producer.flush(FLUSH_TIMEOUT_S) or failures:
            reason = failures[0] if failures else f"not every message was acknowledged within {FLUSH_TIMEOUT_S:.0f} s"
            raise KafkaUnavailableError(f"Kafka at {self._brokers}: {reason}")
        return count

    def _offsets(self, spec: Any) -> dict[int, int]:
        wanted = {TopicPartition(TOPIC, partition): spec for partition in self.partitions()}
        futures = self._admin.list_offsets(
            wanted, isolation_level=IsolationLevel.READ_UNCOMMITTED, request_timeout=REQUEST_TIMEOUT_S
        )
        return {where.partition: self._result(future).offset for where, future in futures.items()}

    def _result(self, future: Any, *, but: int | None = None) -> Any:
        """What an answer holds; None when the broker refused with the error `but`, which is expected."""
        try:
            return future.result(CALL_TIMEOUT_S)
        except KafkaException as error:
            if error.args[0].code() == but:
                return None
            raise self._unavailable(error) from error
        except TimeoutError as error:
            raise self._unavailable(error) from error

    def _unavailable(self, error: Exception) -> KafkaUnavailableError:
        is_kafkas = isinstance(error, KafkaException)
        reason = error.args[0].str() if is_kafkas else f"no answer within {CALL_TIMEOUT_S:.0f} s"
        return KafkaUnavailableError(f"Kafka at {self._brokers}: {reason}")

"""Kafka, as far as operations need it: where the topic ends, where a group is, where to begin reading again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from confluent_kafka import (
    Consumer,
    ConsumerGroupTopicPartitions,
    IsolationLevel,
    KafkaError,
    KafkaException,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]

from clickhouse.connection.errors import OperationError

if TYPE_CHECKING:
    from clickhouse.connection.settings import Settings

TOPIC = "ugc.events"
GROUP = "ugc_clickhouse"
_TIMEOUT_S = 5.0


class KafkaUnavailableError(OperationError):
    """No broker answered, or it refused; the text says where and what to do."""


class Topic:
    """The topic of the events. Every method raises KafkaUnavailableError."""

    def __init__(self, settings: Settings) -> None:
        self._brokers = settings.brokers
        self._options: dict[str, Any] = {
            "bootstrap.servers": settings.brokers,
            "log_level": 0,
            "socket.timeout.ms": int(_TIMEOUT_S * 1000),
            **settings.security.client_options(),
        }
        try:
            self._admin = AdminClient(self._options)
        except KafkaException as error:
            raise self._unavailable(error) from error

    def partitions(self) -> list[int]:
        try:
            topic = self._admin.list_topics(TOPIC, timeout=_TIMEOUT_S).topics[TOPIC]
        except KafkaException as error:
            raise self._unavailable(error) from error
        if topic.error is not None:
            raise KafkaUnavailableError(f"the broker at {self._brokers} has no topic {TOPIC}: {topic.error.str()}")
        return sorted(topic.partitions)

    def ends(self) -> dict[int, int]:
        """Return the offset after the last message, by partition."""
        return self._offsets(OffsetSpec.latest())  # type: ignore[no-untyped-call]

    def beginnings(self) -> dict[int, int]:
        """Return the offset of the oldest message that is kept, by partition."""
        return self._offsets(OffsetSpec.earliest())  # type: ignore[no-untyped-call]

    def at(self, milliseconds: int) -> dict[int, int]:
        """Return the offset of the first message produced at that time (epoch ms) or later, by partition."""
        found = self._offsets(OffsetSpec.for_timestamp(milliseconds))
        ends = self.ends()
        return {partition: offset if offset >= 0 else ends[partition] for partition, offset in found.items()}

    def committed(self, group: str = GROUP) -> dict[int, int]:
        """Return where a group goes on, by partition; -1 or lower where it never committed."""
        wanted = [TopicPartition(TOPIC, partition) for partition in self.partitions()]
        futures = self._admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group, wanted)])
        return {where.partition: where.offset for where in self._result(futures[group]).topic_partitions}

    def behind(self, group: str = GROUP) -> int:
        """Return how many messages a group has not read yet."""
        committed, beginnings = self.committed(group), self.beginnings()
        # the ends are asked for last, so that what arrives in between counts as unread
        return sum(end - max(committed.get(part, -1), beginnings.get(part, 0)) for part, end in self.ends().items())

    def set_group(self, group: str, offsets: dict[int, int]) -> None:
        """Let a group that has no member go on from these offsets."""
        consumer = Consumer({**self._options, "group.id": group, "enable.auto.commit": False})
        try:
            wanted = [TopicPartition(TOPIC, partition, offset) for partition, offset in offsets.items()]
            consumer.commit(offsets=wanted, asynchronous=False)
        except KafkaException as error:
            raise self._unavailable(error) from error
        finally:
            consumer.close()

    def forget_group(self, group: str) -> bool:
        """Delete a group; False while it still has a member."""
        try:
            self._admin.delete_consumer_groups([group])[group].result(_TIMEOUT_S)
        except KafkaException as error:
            if error.args[0].code() == KafkaError.NON_EMPTY_GROUP:
                return False
            if error.args[0].code() != KafkaError.GROUP_ID_NOT_FOUND:
                raise self._unavailable(error) from error
        return True

    def _offsets(self, spec: Any) -> dict[int, int]:
        wanted = {TopicPartition(TOPIC, partition): spec for partition in self.partitions()}
        futures = self._admin.list_offsets(wanted, isolation_level=IsolationLevel.READ_UNCOMMITTED)
        return {where.partition: self._result(future).offset for where, future in futures.items()}

    def _result(self, future: Any) -> Any:
        try:
            return future.result(_TIMEOUT_S * 2)
        except (KafkaException, TimeoutError) as error:
            raise self._unavailable(error) from error

    def _unavailable(self, error: Exception) -> KafkaUnavailableError:
        reason = error.args[0].str() if isinstance(error, KafkaException) else "no answer in time"
        return KafkaUnavailableError(
            f"Kafka at {self._brokers} did not do it: {reason}. Start it, or correct UGC_KAFKA_BOOTSTRAP "
            "(and UGC_KAFKA_SECURITY_PROTOCOL, UGC_KAFKA_SASL_…)"
        )

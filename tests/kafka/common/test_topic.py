"""tests/integration/common/test_topic.py on Apache Kafka, and what the embedded broker does in another way.

That one creates a topic that is asked about, and deletes a group that has members.
"""

from __future__ import annotations

import pytest
from confluent_kafka import Consumer

from common.names import TOPIC
from common.topic import KafkaUnavailableError, Topic
from common.waiting import wait_until
from tests.integration.common.test_topic import *  # noqa: F403


def test_a_missing_topic_is_named(address: str) -> None:
    with pytest.raises(KafkaUnavailableError, match=f"{address} has no topic {TOPIC}"):
        Topic(address).partitions()


def test_a_group_with_a_member_cannot_be_forgotten(topic: Topic, address: str) -> None:
    consumer = Consumer({"bootstrap.servers": address, "group.id": "reading", "log_level": 0})
    try:
        consumer.subscribe([TOPIC])
        assert wait_until(lambda: consumer.poll(0.1) or consumer.assignment(), 30)
        assert not topic.forget_group("reading")
    finally:
        consumer.close()

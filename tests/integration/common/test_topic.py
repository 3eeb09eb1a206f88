"""The topic and the groups that read it, at a broker of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from common.names import GROUP
from common.topic import KafkaUnavailableError, Topic
from common.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MESSAGES = [b"one", b"two\nlines", b"\x00\xff"]


def answered(ask: Callable[[], Any]) -> Any:
    """The answer; None when the brokers do not know yet what was just changed."""
    try:
        return ask()
    except KafkaUnavailableError:
        return None


def settled(topic: Topic) -> None:
    """Wait until the topic is there and empty: Apache Kafka tells its brokers of changes a moment later."""
    assert wait_until(lambda: answered(topic.ends) == {0: 0}, 20)


@pytest.fixture
def topic(address: str) -> Iterator[Topic]:
    """An empty topic that nobody has read yet."""
    made = Topic(address, partitions=1, replication_factor=1)
    made.create()
    settled(made)
    yield made
    made.delete()
    assert wait_until(lambda: answered(made.forget_group), 20)


def test_a_topic_is_created_once_and_empty_again_after_it_was_deleted(topic: Topic) -> None:
    topic.create()
    topic.write(MESSAGES)
    topic.delete()
    topic.create()
    settled(topic)
    assert topic.partitions() == [0]
    assert topic.ends() == {0: 0}


def test_what_was_written_before_a_fence_is_unread_and_can_be_read(topic: Topic) -> None:
    assert topic.write(MESSAGES) == len(MESSAGES)
    fence = topic.fence()
    topic.write([b"behind it"])
    assert topic.unread(fence) == {0: range(len(MESSAGES))}
    assert list(topic.read(topic.unread(fence))) == MESSAGES


def test_a_group_continues_where_it_was_put(topic: Topic) -> None:
    topic.write(MESSAGES)
    fence = topic.fence()
    assert topic.committed()[0] < 0
    topic.set_group(GROUP, {0: 2})
    assert topic.committed() == {0: 2}
    assert topic.unread(fence) == {0: range(2, len(MESSAGES))}
    assert topic.behind() == topic.ends()[0] - 2
    topic.set_group(GROUP, fence)
    assert topic.unread(fence) == {}


def test_a_group_that_was_forgotten_starts_at_the_first_message(topic: Topic) -> None:
    topic.write(MESSAGES)
    topic.set_group(GROUP, {0: 2})
    assert topic.forget_group()
    assert topic.committed()[0] < 0
    assert topic.forget_group(), "there is nothing left to forget"


def test_a_broker_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("common.topic.CALL_TIMEOUT_S", 0.3)
    monkeypatch.setattr("common.topic.REQUEST_TIMEOUT_S", 0.2)
    nobody = Topic("127.0.0.1:1")
    assert not nobody.broker_answers()
    for ask in (nobody.ends, nobody.committed, nobody.create, nobody.delete, nobody.forget_group):
        with pytest.raises(KafkaUnavailableError, match=r"Kafka at 127\.0\.0\.1:1: "):
            ask()

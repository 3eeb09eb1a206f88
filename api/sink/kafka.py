"""The sink that is a Kafka topic, on librdkafka's idempotent producer.

One thread a process polls the producer. Delivery reports arrive in that thread and are carried to the event loop with
one wake-up for all that have come in. The same thread asks the broker for metadata now and then, so that readiness is
a look at a number, and makes a new producer when the old one can no longer deliver.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final

from confluent_kafka import KafkaError, KafkaException, Producer

from api.sink.interface import CLOSE_WAIT_S, SinkError, SinkFullError, SinkRefusedError, SinkUnavailableError
from common.names import TOPIC

if TYPE_CHECKING:
    from collections.abc import Mapping

    from confluent_kafka import Message

ANY_PARTITION: Final = -1
DELIVERY_TIMEOUT_S: Final = 5.0
ACK_WAIT_S: Final = 6.0
"""How long a request waits: longer than the producer's own deadline, so that the producer reports first."""

_POLL_S: Final = 0.1
_PROBE_EVERY_S: Final = 0.5
_PROBE_TIMEOUT_S: Final = 0.5
_READY_FOR_S: Final = 3.0
_REBUILD_EVERY_S: Final = 1.0
_STUCK_AFTER_S: Final = 2.0
"""A broker that answers questions and acknowledges nothing for this long no longer knows this producer.

Seen with a broker that lost its memory in a quick restart: librdkafka keeps raising its epoch and reports nothing.
"""

_PERMANENT: Final = frozenset({KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.INVALID_MSG, KafkaError.INVALID_RECORD})
# The broker and the producer disagree about what was sent before, for example because the broker forgot its producers.
_LOST_TRACK: Final = frozenset(
    {
        KafkaError._FATAL,  # noqa: SLF001 - librdkafka's local codes begin with an underscore
        KafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER,
        KafkaError.DUPLICATE_SEQUENCE_NUMBER,
        KafkaError.UNKNOWN_PRODUCER_ID,
        KafkaError.INVALID_PRODUCER_EPOCH,
        KafkaError.PRODUCER_FENCED,
        KafkaError.INVALID_PRODUCER_ID_MAPPING,
    }
)

_log = logging.getLogger(__name__)
_library_log = logging.getLogger("librdkafka")


class KafkaSink:
    """See `api.sink.interface.Sink`. Can be made in any process, but must be started after the fork."""

    def __init__(
        self,
        brokers: str,
        topic: str = TOPIC,
        *,
        security: Mapping[str, str] | None = None,
        delivery_timeout_s: float = DELIVERY_TIMEOUT_S,
        ack_wait_s: float = ACK_WAIT_S,
        partition: int = ANY_PARTITION,
    ) -> None:
        """`delivery_timeout_s` must be shorter than `ack_wait_s`; both in seconds.

        `security` are librdkafka's settings for TLS and SASL. `partition` is the only one to write to; by default the
        client chooses.
        """
        self._partition = partition
        self._topic = topic
        self._ack_wait_s = ack_wait_s
        self._config: dict[str, str | int | float | bool] = {
            "bootstrap.servers": brokers,
            "client.id": "ugc-api",
            "acks": "all",
            "enable.idempotence": True,
            "compression.type": "lz4",
            "linger.ms": 2,
            "delivery.timeout.ms": int(delivery_timeout_s * 1000),
            "request.timeout.ms": int(delivery_timeout_s * 1000),
            "queue.buffering.max.kbytes": 64 * 1024,
            "message.max.bytes": 1_000_000,
            "allow.auto.create.topics": False,
            # Reconnect within a second of the broker's return, not within ten.
            "reconnect.backoff.ms": 50,
            "reconnect.backoff.max.ms": 1000,
            "socket.connection.setup.timeout.ms": 3000,
            "topic.metadata.refresh.fast.interval.ms": 100,
            "topic.metadata.propagation.max.ms": 2000,
            "log.connection.close": False,
            **(security or {}),
        }
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._producer: Producer | None = None
        self._pending: set[asyncio.Future[None]] = set()
        self._reports: deque[tuple[asyncio.Future[None], KafkaError | None]] = deque()
        self._closing = threading.Event()
        self._answered_at = float("-inf")
        self._probed_at = float("-inf")
        self._rebuilt_at = float("-inf")
        self._lost_track = False
        self._seen_ready = True
        self._failing = False
        self._started_at = self._progress_at = time.monotonic()

    async def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        # librdkafka logs every attempt to connect, dozens a second; `_watch` logs the same once.
        _library_log.disabled = True
        self._started_at = self._progress_at = time.monotonic()
        self._producer = self._new_producer()
        self._thread = threading.Thread(target=self._run, name="kafka-poll", daemon=True)
        self._thread.start()

    async def send(self, value: bytes, key: bytes | None = None) -> None:
        producer, loop = self._producer, self._loop
        if producer is None or loop is None or self._closing.is_set():
            raise SinkUnavailableError("the sink is not running")
        delivered: asyncio.Future[None] = loop.create_future()
        try:
            producer.produce(self._topic, value, key, self._partition, partial(self._reported, delivered))
        except BufferError as error:
            raise SinkFullError("the queue to the broker is full") from error
        except KafkaException as error:
            self._failed(error.args[0])
            raise _wrap(error.args[0]) from error
        self._pending.add(delivered)
        delivered.add_done_callback(self._pending.discard)
        try:
            async with asyncio.timeout(self._ack_wait_s):
                await delivered
        except TimeoutError as error:
            raise SinkUnavailableError("no acknowledgement in time") from error

    async def flush(self, timeout_s: float) -> None:
        if self._pending:
            await asyncio.wait(tuple(self._pending), timeout=timeout_s)

    async def close(self, wait_s: float = CLOSE_WAIT_S) -> None:
        """Wait at most `wait_s` seconds for messages in flight; those that are left fail as unavailable."""
        if self._thread is None or self._loop is None:
            return
        await self.flush(wait_s)
        self._closing.set()
        await self._loop.run_in_executor(None, self._thread.join)
        self._deliver_reports()
        self._thread = None

    def ready(self) -> bool:
        return time.monotonic() - self._answered_at < _READY_FOR_S

    # Called in the polling thread.

    def _run(self) -> None:
        while not self._closing.is_set():
            self._turn()
        self._retire(self._producer)

    def _turn(self) -> None:
        producer = self._producer
        if producer is None:
            raise RuntimeError("the sink was not started")
        self._poll(producer)
        now = time.monotonic()
        self._watch(producer, now)
        if self._lost_track and now - self._rebuilt_at >= _REBUILD_EVERY_S:
            _log.warning("the broker lost track of this producer: starting a new one")
            self._rebuilt_at = self._progress_at = now
            self._failing = False
            self._producer = self._new_producer()
            self._retire(producer)
            self._lost_track = False
        elif now - max(self._probed_at, self._answered_at) >= _PROBE_EVERY_S:
            self._probed_at = now
            self._probe(producer)

    def _watch(self, producer: Producer, now: float) -> None:
        """Notice when the broker comes or goes, and when it answers without acknowledging anything."""
        ready = self.ready()
        if ready and not self._seen_ready:
            # Messages that waited for the broker to return were not ignored by it.
            self._progress_at = now
        if ready != self._seen_ready and now - self._started_at >= _READY_FOR_S:
            self._seen_ready = ready
            _log.warning("the broker answers" if ready else "the broker does not answer")
        if not len(producer) and not self._failing:
            self._progress_at = now
        if self._answered_at - self._progress_at >= _STUCK_AFTER_S:
            self._lost_track = True

    def _probe(self, producer: Producer) -> None:
        """Ask the broker for the topic. Delivery reports tell the same, so this runs only when there are none."""
        with suppress(KafkaException):
            topic = producer.list_topics(self._topic, timeout=_PROBE_TIMEOUT_S).topics.get(self._topic)
            if topic is not None and topic.error is None:
                self._answered_at = time.monotonic()

    def _retire(self, producer: Producer | None) -> None:
        """Fail what this producer still holds, so that nobody waits for it."""
        if producer is None:
            return
        producer.purge()
        deadline = time.monotonic() + 1.0
        while len(producer) and time.monotonic() < deadline:
            self._poll(producer)
        self._carry_reports()

    def _poll(self, producer: Producer) -> None:
        """Serve the reports that have arrived, or wait a moment for one."""
        try:
            producer.poll(_POLL_S)
        except KafkaException as error:
            # A fatal error is raised here once, as well; the reports still arrive.
            self._failed(error.args[0])
        self._carry_reports()

    def _reported(self, delivered: asyncio.Future[None], error: KafkaError | None, _message: Message) -> None:
        if error is None:
            self._answered_at = self._progress_at = time.monotonic()
            self._failing = False
        elif error.code() not in _PERMANENT:
            self._failing = True
            self._failed(error)
        self._reports.append((delivered, error))

    def _carry_reports(self) -> None:
        if self._reports and self._loop is not None:
            # In a closed loop, nobody is left waiting.
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._deliver_reports)

    def _failed(self, error: KafkaError) -> None:
        if error.fatal() or error.code() in _LOST_TRACK:
            self._lost_track = True

    def _new_producer(self) -> Producer:
        return Producer({**self._config, "error_cb": self._failed}, logger=_library_log)

    # Called in the event loop.

    def _deliver_reports(self) -> None:
        while self._reports:
            delivered, error = self._reports.popleft()
            if delivered.done():
                continue
            if error is None:
                delivered.set_result(None)
            else:
                delivered.set_exception(_wrap(error))


def _wrap(error: KafkaError) -> SinkError:
    if error.code() == KafkaError._QUEUE_FULL:  # noqa: SLF001
        return SinkFullError("the queue to the broker is full")
    if error.code() in _PERMANENT:
        return SinkRefusedError(_name(error))
    return SinkUnavailableError(_name(error))


def _name(error: KafkaError) -> str:
    """The error's name, without its text: a broker may quote what it was sent."""
    return str(error.name())

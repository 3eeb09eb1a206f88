"""The embedded stack: broker, ClickHouse and API as child processes, started, watched and stopped in the flow's order.

    start   broker → topic → ClickHouse → migrations → API
    stop    API → what is left is consumed → ClickHouse → broker

Each part that is configured from outside (`UGC_KAFKA_BOOTSTRAP`, `UGC_CLICKHOUSE_URL`) is used and never started.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING

import urllib3

from common.kafka import BOOTSTRAP_VARIABLE
from common.names import TOPIC
from common.topic import KafkaUnavailableError, Topic
from local import broker
from local.consumer import ConsumerUnavailableError, Queue
from local.consumer_watch import ConsumerWatch
from local.gate import GateBusyError, Keeper
from local.leftovers import Leftovers
from local.memory import BrokerMemory
from local.ports import why_unavailable
from local.process import Child, StartError

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from local.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
TICK_S = 0.1
START_TIMEOUT_S = 60.0
DRAIN_TIMEOUT_S = 4.0
DETACH_TIMEOUT_S = 5.0
# More deaths of one child than this within this time, and the stack gives up: starting it again does not help.
DEATHS, DEATHS_WITHIN_S = 5, 60.0


class Stack:
    """The parts of one stack, in one data folder."""

    def __init__(self, settings: Settings, *, say: Callable[[str], None]) -> None:
        self._settings = settings
        self._say = say
        self._folder = settings.folder
        self._lock: IO[bytes] | None = None
        self._deaths: dict[str, list[float]] = {}
        self._leftovers = Leftovers(self._folder / "leftovers.messages")
        environment = {
            **os.environ,
            BOOTSTRAP_VARIABLE: settings.service.brokers,
            "UGC_CLICKHOUSE_URL": settings.clickhouse,
            "UGC_DATA_DIR": str(self._folder),
        }
        self._environment = environment
        self._broker = (
            self._child("broker", broker.command("127.0.0.1", settings.service.kafka_port))
            if settings.own_broker
            else None
        )
        self._clickhouse = (
            self._python(
                "clickhouse",
                *("-m", "local", "clickhouse"),
                *("--port", str(settings.clickhouse_port), "--data-dir", str(self._folder / "clickhouse")),
                # A killed consumer's partitions are free again sooner than Apache Kafka allows.
                *(("--kafka-session-timeout-ms", "2000") if settings.own_broker else ()),
            )
            if settings.own_clickhouse
            else None
        )
        # With a broker of its own the API runs behind the gate; with a real one it runs as in production.
        self._api = self._python("api", "-m", *(("local", "api") if self._broker else ("api",)))
        self._topic: Topic | None = None
        self._queue = Queue(settings.clickhouse)
        self._keeper: Keeper | None = None
        self._memory: BrokerMemory | None = None
        self._consumer: ConsumerWatch | None = None
        # Detached for a restart of the broker, and not yet attached again.
        self._queue_is_out = False

    def start(self) -> None:
        """Bring everything up, ready for requests. Raises StartError with one line that says what to do."""
        self._claim_folder()
        self._check_login()
        self._check_ports()
        self._topic = (
            Topic(self._settings.service.brokers, partitions=self._settings.partitions, replication_factor=1)
            if self._broker
            else Topic(self._settings.service.brokers, self._settings.service.security)
        )
        self._keeper = Keeper(self._folder / "gate")
        self._memory = BrokerMemory(self._topic, self._queue, self._keeper, say=self._say)
        if self._broker:
            self._start_broker(self._broker, self._topic)
            self._say(f"broker ready on {self._settings.service.brokers}")
        else:
            self._ensure_topic(self._topic)
        if self._clickhouse:
            self._clickhouse.start()
            self._clickhouse.wait_until(self._clickhouse_answers, START_TIMEOUT_S)
            self._say(f"ClickHouse ready on {self._settings.clickhouse}")
            self._consumer = ConsumerWatch(
                self._queue, self._clickhouse, self._topic, own=self._broker is not None, say=self._say
            )
        self._migrate()
        self._api.start()
        self._api.wait_until(self._api_ready, START_TIMEOUT_S)

    def supervise(self, stop: threading.Event) -> None:
        """Keep everything up until `stop` is set. Raises StartError when a part dies again and again."""
        while not stop.wait(TICK_S):
            if self._broker and not self._broker.running():
                self._restart_broker(self._broker)
            if self._clickhouse and not self._clickhouse.running():
                self._note_death(self._clickhouse)
                self._clickhouse.start()
            if not self._api.running():
                self._note_death(self._api)
                self._api.start()
            if self._broker and self._memory and self._topic:
                self._look_after_broker(self._broker, self._memory, self._topic)
            if self._consumer:
                self._consumer.check()

    def stop(self) -> None:
        """Stop in the order of the flow; nothing that was acknowledged is lost."""
        if not self._api.stop(timeout_s=7.0):
            self._say("the API did not finish in time; clients may send again what it had not acknowledged")
        if self._broker and self._broker.running() and self._topic:
            self._keep_unconsumed(self._topic)
        if self._clickhouse and not self._clickhouse.stop(timeout_s=5.0):
            self._say("ClickHouse did not stop in time and was killed; its tables are safe")
        if self._broker:
            self._broker.stop(timeout_s=1.0)
        if self._keeper:
            self._keeper.close()
        if self._lock:
            self._lock.close()

    # Starting

    def _child(self, name: str, command: list[str]) -> Child:
        return Child(name, command, environment=self._environment, log=self._folder / "logs" / f"{name}.log")

    def _python(self, name: str, *arguments: str) -> Child:
        return self._child(name, [sys.executable, *arguments])

    def _claim_folder(self) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._lock = (self._folder / "stack.lock").open("ab")
        except OSError as error:
            raise StartError(
                f"the data folder {self._folder} cannot be written ({error.strerror}): "
                "correct its rights, or set UGC_DATA_DIR to another"
            ) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StartError(
                f"another stack runs in {self._folder}: stop it, or set UGC_DATA_DIR (and the ports) for a second one"
            ) from error

    def _check_login(self) -> None:
        mechanism = self._settings.service.security.mechanism or ""
        if self._clickhouse and mechanism.startswith("SCRAM"):
            raise StartError(
                f"the embedded ClickHouse cannot log in with {mechanism}: set UGC_KAFKA_SASL_MECHANISM=PLAIN, "
                "or UGC_CLICKHOUSE_URL to a ClickHouse server"
            )

    def _check_ports(self) -> None:
        wanted = [(self._settings.service.api_host, self._settings.service.api_port, "UGC_API_PORT")]
        if self._broker:
            wanted.append(("127.0.0.1", self._settings.service.kafka_port, "UGC_KAFKA_PORT"))
        if self._clickhouse:
            wanted.append(("127.0.0.1", self._settings.clickhouse_port, "UGC_CLICKHOUSE_PORT"))
        for host, port, variable in wanted:
            if why := why_unavailable(host, port, variable):
                raise StartError(why)

    def _start_broker(self, child: Child, topic: Topic) -> None:
        child.start()
        child.wait_until(topic.broker_answers, START_TIMEOUT_S)
        try:
            topic.create()
            if count := self._leftovers.put_back(topic):
                self._say(f"{count} messages left over from the last stop are in the topic again")
        except KafkaUnavailableError as error:
            child.stop(timeout_s=1.0)
            raise StartError(f"the broker refused a request at its start: {error} (log: {child.log})") from error

    def _ensure_topic(self, topic: Topic) -> None:
        if not topic.broker_answers():
            raise StartError(
                f"no Kafka broker answers at {self._settings.service.brokers}: start it, or correct "
                "UGC_KAFKA_BOOTSTRAP (unset it for the embedded broker)"
            )
        try:
            topic.create()
        except KafkaUnavailableError as error:
            raise StartError(f"topic {TOPIC} is missing and cannot be created: {error}") from error

    def _migrate(self) -> None:
        command = [sys.executable, "-m", "clickhouse", "migrate"]
        done = subprocess.run(command, env=self._environment, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            said = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()]
            raise StartError(f"the migrations failed: {said[0] if said else 'no message'}")

    def _clickhouse_answers(self) -> bool:
        return _answers(f"{self._settings.clickhouse}/ping")

    def _api_ready(self) -> bool:
        return _answers(f"{self._settings.service.url}/readyz")

    # Watching

    def _note_death(self, child: Child) -> None:
        now = time.monotonic()
        recent = [then for then in self._deaths.get(child.name, []) if now - then < DEATHS_WITHIN_S]
        self._deaths[child.name] = [*recent, now]
        if len(recent) >= DEATHS:
            raise StartError(
                f"{child.name} died {len(recent) + 1} times within {DEATHS_WITHIN_S:.0f} s: "
                f"{child.last_words()} (log: {child.log})"
            )
        self._say(f"{child.name} died and is being restarted")

    def _look_after_broker(self, child: Child, memory: BrokerMemory, topic: Topic) -> None:
        try:
            self._leftovers.drop_when_consumed(topic)
        except KafkaUnavailableError:
            return  # it has just died; the next look starts it again
        if memory.check(child.pid):
            self._leftovers.drop()

    def _keep_unconsumed(self, topic: Topic) -> None:
        try:
            if count := self._leftovers.keep_unconsumed(topic, DRAIN_TIMEOUT_S):
                self._say(f"ClickHouse did not read {count} messages in time; they are kept for the next start")
        except KafkaUnavailableError as error:
            self._say(f"the broker could not be asked what is left in it: {error}")

    def _restart_broker(self, child: Child) -> None:
        """Start an empty broker in the place of a dead one, while the API's workers wait and the consumer is away."""
        self._note_death(child)
        topic, keeper = self._topic, self._keeper
        if not topic or not keeper:
            return
        self._take_consumer_out()
        try:
            with keeper.held(timeout_s=3.0):
                self._start_broker(child, topic)
        except GateBusyError:
            # A worker hangs; the others must not wait for it, and its own requests end with 503.
            self._start_broker(child, topic)
        except StartError as error:
            self._say(f"{error}; trying again")
            return
        try:
            if self._queue_is_out:
                self._queue.attach()
                self._queue_is_out = False
        except ConsumerUnavailableError as error:
            self._say(f"ClickHouse attaches the queue when it starts again: {error}")

    def _take_consumer_out(self) -> None:
        """Detach the queue from a broker that died.

        A commit that the broker did not answer keeps the consumer from ending, for good. It would also be made in the
        new broker, whose first messages would then count as consumed: such a ClickHouse is ended before that one is
        started, and attaches the queue when it is started again.
        """
        try:
            self._queue_is_out = self._queue.detach(DETACH_TIMEOUT_S) or self._queue_is_out
        except ConsumerUnavailableError as error:
            if self._clickhouse is None:
                self._say(f"ClickHouse does not let go of the broker that died, restart it: {error}")
            elif self._clickhouse.running():
                self._say("ClickHouse waits for the broker that died, and is being restarted")
                self._clickhouse.stop(timeout_s=2.0)
                self._queue_is_out = False


def _answers(url: str) -> bool:
    try:
        return urllib3.request("GET", url, timeout=2.0, retries=False).status == 200  # noqa: PLR2004 - HTTP OK
    except urllib3.exceptions.HTTPError:
        return False

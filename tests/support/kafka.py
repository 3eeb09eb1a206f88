"""Apache Kafka, one broker in KRaft mode, as a child process that a test can stop, kill, pause and start again."""

from __future__ import annotations

import base64
import os
import signal
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from tests.support.kafka_tools import class_path, java, make_certificates
from tests.support.stack import eventually, free_ports

if TYPE_CHECKING:
    from pathlib import Path

START_S = 60
STOP_S = 30
# Small and quick to start: these brokers live for seconds and hold some megabytes.
JVM = ("-Xms64m", "-Xmx320m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:CICompilerCount=1")
LOGGING = (
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS",
)
SCRAM = "SCRAM-SHA-512"


class Login(NamedTuple):
    """A user that a secured broker knows from its first start."""

    name: str
    password: str


class KafkaBroker:
    """Listens in the clear at `bootstrap` or, when it has a login, there with TLS and SASL, for clients.

    With a login, it may ask its clients for certificates as well.

    `internal` is the broker's own address, always in the clear.
    """

    def __init__(self, folder: Path, *, login: Login | None = None, asks_for_certificates: bool = False) -> None:
        client, internal, controller = (f"127.0.0.1:{port}" for port in free_ports(3))
        self.bootstrap, self.internal = client, internal
        self.login = login
        self.log = folder / "kafka.log"
        self._folder = folder
        self._command = (java(), *JVM, *LOGGING, "-cp", class_path())
        self._configuration = folder / "server.properties"
        self._process: subprocess.Popen[bytes] | None = None
        properties = {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.voters": f"1@{controller}",
            "listeners": f"CLIENT://{client},INTERNAL://{internal},CONTROLLER://{controller}",
            "advertised.listeners": f"CLIENT://{client},INTERNAL://{internal}",
            "listener.security.protocol.map": "CLIENT:PLAINTEXT,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "inter.broker.listener.name": "INTERNAL",
            "controller.listener.names": "CONTROLLER",
            "log.dirs": str(folder / "data"),
            "auto.create.topics.enable": "false",
            "num.partitions": "2",
            "default.replication.factor": "1",
            "offsets.topic.num.partitions": "1",
            "offsets.topic.replication.factor": "1",
            "transaction.state.log.num.partitions": "1",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "group.initial.rebalance.delay.ms": "0",
            # A killed broker is let in again when its last session is over: after 2 s, not after 9.
            "broker.session.timeout.ms": "2000",
            "broker.heartbeat.interval.ms": "400",
            "controlled.shutdown.max.retries": "1",
        }
        if login:
            certificates = make_certificates(folder / "certificates")
            self.certificates = certificates
            self.authority = certificates.authority
            modules = "org.apache.kafka.common.security"
            plain = f'{modules}.plain.PlainLoginModule required user_{login.name}="{login.password}";'
            properties |= {
                "listener.security.protocol.map": "CLIENT:SASL_SSL,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT",
                "sasl.enabled.mechanisms": f"{SCRAM},PLAIN",
                f"listener.name.client.{SCRAM.lower()}.sasl.jaas.config": f"{modules}.scram.ScramLoginModule required;",
                "listener.name.client.plain.sasl.jaas.config": plain,
                "ssl.keystore.type": "PEM",
                "ssl.keystore.location": str(certificates.broker),
            }
            if asks_for_certificates:
                properties |= {
                    # Without the listener's name it would not hold where there is a login as well.
                    "listener.name.client.ssl.client.auth": "required",
                    "ssl.truststore.type": "PEM",
                    "ssl.truststore.location": str(self.authority),
                }
        folder.mkdir(parents=True, exist_ok=True)
        self._configuration.write_text("".join(f"{name}={value}\n" for name, value in properties.items()))

    def start(self) -> KafkaBroker:
        """Start, for the first time or again with the same data, and return when the broker answers."""
        if not (self._folder / "data").exists():
            self._format()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*self._command, "kafka.Kafka", str(self._configuration)],
                cwd=self._folder,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        admin = AdminClient({"bootstrap.servers": self.internal, "log_level": 0, "reconnect.backoff.max.ms": 200})

        def answers() -> bool:
            assert self.running(), f"the broker ended: {self.log.read_text()}"
            with suppress(KafkaException):
                return bool(admin.list_topics(timeout=0.5).brokers)
            return False

        eventually(answers, within_s=START_S)
        return self

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process is not None
        return self._process

    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """End in order, as an administrator does."""
        if self.running():
            self._signal(signal.SIGTERM)
        self._wait()

    def kill(self) -> None:
        """End at once; what was acknowledged is in files already."""
        if self.running():
            self._signal(signal.SIGKILL)
        self._wait()

    def pause(self) -> None:
        """Leave connections open and answer nothing, like a machine that hangs."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def variables(self, mechanism: str = SCRAM) -> dict[str, str]:
        """Return the service's variables for this broker; `mechanism` is SCRAM-SHA-512 or PLAIN, it knows both."""
        if not self.login:
            return {"UGC_KAFKA_BOOTSTRAP": self.bootstrap}
        return {
            "UGC_KAFKA_BOOTSTRAP": self.bootstrap,
            "UGC_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
            "UGC_KAFKA_SASL_MECHANISM": mechanism,
            "UGC_KAFKA_SASL_USERNAME": self.login.name,
            "UGC_KAFKA_SASL_PASSWORD": self.login.password,
            "UGC_KAFKA_SSL_CA_LOCATION": str(self.authority),
        }

    def _format(self) -> None:
        cluster = base64.urlsafe_b64encode(os.urandom(16)).decode().rstrip("=")
        # In one word, because an id may begin with a dash.
        arguments = ["format", f"--cluster-id={cluster}", "--config", str(self._configuration)]
        if self.login:
            user = f"{SCRAM}=[name={self.login.name},password={self.login.password}]"
            arguments += ["--add-scram", user]
        done = subprocess.run(
            [*self._command, "kafka.tools.StorageTool", *arguments],
            cwd=self._folder,
            capture_output=True,
            text=True,
            timeout=START_S,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def _signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def _wait(self) -> None:
        if self._process is None:
            return
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise

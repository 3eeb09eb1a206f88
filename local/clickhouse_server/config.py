"""The folders of one embedded server, and the configuration file that chDB reads."""

from __future__ import annotations

import fcntl
import os
import shutil
from pathlib import Path
from string import Template
from typing import Final
from xml.sax.saxutils import escape

import msgspec

from local.clickhouse_server.access.user import users_xml

_TEMPLATE: Final = Path(__file__).with_name("config.xml")


class KafkaClient(msgspec.Struct, frozen=True):
    """How Kafka tables talk to brokers, as far as their own settings have no word for it."""

    session_timeout_ms: int = 6000
    """A consumer that was silent for so long is taken for dead. Apache Kafka refuses less than 6,000."""
    ca_location: str | None = None
    """File of the certificates that a broker's is checked with; None: those of the machine."""
    certificate_location: str | None = None
    """File of the certificate by which a broker knows this client, for brokers that ask for one; and of its key."""
    key_location: str | None = None
    key_password: str | None = None

    @property
    def files(self) -> list[str]:
        return [name for name in (self.ca_location, self.certificate_location, self.key_location) if name]

    def as_xml(self) -> dict[str, str]:
        """Return what the template has places for."""
        tls = {
            "ssl_ca_location": self.ca_location,
            "ssl_certificate_location": self.certificate_location,
            "ssl_key_location": self.key_location,
            "ssl_key_password": self.key_password,
        }
        return {
            "session_timeout_ms": str(self.session_timeout_ms),
            # Five beats a session: one lost on the way is no death.
            "heartbeat_interval_ms": str(self.session_timeout_ms // 5),
            "tls": "".join(f"<{name}>{escape(value)}</{name}>" for name, value in tls.items() if value),
        }


class FolderInUseError(Exception):
    """Another process has the data folder."""


class DataFolder(msgspec.Struct, frozen=True):
    """Where a server keeps what it has: the engine's own files, its configuration, and data on their way in."""

    root: Path
    kafka: KafkaClient = KafkaClient()
    may_reach_out: bool = False
    """Whether statements may name files of the machine, other servers and programs."""

    @property
    def engine(self) -> Path:
        return self.root / "engine"

    @property
    def incoming(self) -> Path:
        return self.root / "incoming"

    @property
    def files(self) -> Path:
        """Where names of files begin that are no whole paths: the working directory of the process."""
        return self.root / "user_files"

    @property
    def backups(self) -> Path:
        return self.root / "backups"

    @property
    def scratch(self) -> Path:
        """What the process and its libraries need files for, beside the rest."""
        return self.root / "tmp"

    @property
    def connection_string(self) -> str:
        return f"{self.engine}?config-file={self.root / 'config.xml'}"

    def take(self) -> None:
        """Make the folders and hold them for the life of this process; throw away what a killed one was working on.

        Raises OSError when the folder cannot be written, FolderInUseError when another process has it.
        """
        # The engine starts its background work on dropped tables only when there is a metadata folder to load: without
        # one, on the very first start, DROP TABLE … SYNC would wait for ever and no dropped table would leave the disk.
        (self.engine / "metadata").mkdir(parents=True, exist_ok=True)
        lock = os.open(self.root / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(lock)
            raise FolderInUseError from error
        for working in (self.incoming, self.scratch):
            shutil.rmtree(working, ignore_errors=True)
            working.mkdir()
        self.files.mkdir(exist_ok=True)
        users = self._write("users.xml", users_xml(may_reach_out=self.may_reach_out))
        paths = {"users": users, "user_files": self.files, "backups": self.backups}
        template = Template(_TEMPLATE.read_text(encoding="utf-8"))
        values = {**self.kafka.as_xml(), **{name: escape(str(path)) for name, path in paths.items()}}
        self._write("config.xml", template.substitute(values))

    def _write(self, name: str, text: str) -> Path:
        """Make a file anew that only its owner reads: it may hold the password of a key."""
        path = self.root / name
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8")
        return path

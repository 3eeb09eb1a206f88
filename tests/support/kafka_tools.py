"""What a broker of the tests is made of: a Java, the class path that Maven resolves, certificates made by openssl."""

from __future__ import annotations

import hashlib
import re
import subprocess
from pathlib import Path
from typing import NamedTuple

from tests.support.stack import ROOT
from tests.support.tools import CACHE, ToolMissingError, tool

POM = ROOT / "tests" / "kafka" / "pom.xml"
OLDEST_JAVA = 17
RESOLVE_S = 300


class Certificates(NamedTuple):
    """Of one broker on 127.0.0.1: what clients trust, its own key and certificate in one file, a client's in two."""

    authority: Path
    broker: Path
    client: Path
    client_key: Path


CLIENT_KEY_PASSWORD = "of the client's key"  # noqa: S105 - of a key that lives for a test


def java() -> str:
    """Return the Java to run brokers with. Raises ToolMissingError."""
    found = tool("java", f"install a Java runtime of version {OLDEST_JAVA} or newer")
    said = subprocess.run([found, "-version"], capture_output=True, text=True, check=False).stderr
    version = re.search(r'version "(\d+)', said)
    if version is None or int(version[1]) < OLDEST_JAVA:
        raise ToolMissingError(f"java is older than {OLDEST_JAVA}: install a newer Java runtime ({said.strip()})")
    return found


def class_path() -> str:
    """Return the class path of the broker that pom.xml pins, resolved once for each pom. Raises ToolMissingError."""
    resolved = CACHE / f"kafka-{hashlib.sha256(POM.read_bytes()).hexdigest()[:12]}.classpath"
    if resolved.exists() and all(Path(jar).exists() for jar in resolved.read_text().split(":")):
        return resolved.read_text()
    maven = tool("mvn", "install Maven, which brings the broker's files here")
    CACHE.mkdir(exist_ok=True)
    fresh = resolved.with_suffix(".new")
    done = subprocess.run(
        [maven, "-q", "-B", "-f", str(POM), "dependency:build-classpath", f"-Dmdep.outputFile={fresh}"],
        capture_output=True,
        text=True,
        timeout=RESOLVE_S,
        check=False,
    )
    if done.returncode:
        said = [line for line in done.stdout.splitlines() if "ERROR" in line]
        raise ToolMissingError(f"mvn could not resolve the broker's files: {said[0] if said else done.stderr}")
    fresh.replace(resolved)
    return resolved.read_text()


def openssl() -> str:
    """Return the tool that makes certificates. Raises ToolMissingError."""
    return tool("openssl", "install it, certificates of brokers are made with it")


def redis_server() -> str:
    """Return Redis. Raises ToolMissingError."""
    return tool("redis-server", "install Redis, which keeps rate limits of many processes")


def make_certificates(folder: Path) -> Certificates:
    """Make an authority and a broker's certificate for 127.0.0.1, good for a day. Raises ToolMissingError."""
    new = (openssl(), "req", "-x509", "-newkey", "rsa:2048", "-noenc", "-days", "1")
    folder.mkdir(parents=True)

    def run(*arguments: str) -> None:
        subprocess.run([*new, *arguments], cwd=folder, check=True, capture_output=True)

    run("-subj", "/CN=authority of the tests", "-keyout", "authority.key", "-out", "authority.pem")
    run(
        *("-CA", "authority.pem", "-CAkey", "authority.key", "-subj", "/CN=127.0.0.1"),
        *("-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE"),
        *("-keyout", "broker.key", "-out", "broker.crt"),
    )
    run(
        *("-CA", "authority.pem", "-CAkey", "authority.key", "-subj", "/CN=ugc"),
        *("-addext", "basicConstraints=critical,CA:FALSE", "-keyout", "client.plain.key", "-out", "client.pem"),
    )
    key = ("-in", "client.plain.key", "-out", "client.key", "-aes256", "-passout", f"pass:{CLIENT_KEY_PASSWORD}")
    subprocess.run([openssl(), "pkey", *key], cwd=folder, check=True, capture_output=True)
    both = folder / "broker.pem"
    both.write_text((folder / "broker.key").read_text() + (folder / "broker.crt").read_text())
    return Certificates(folder / "authority.pem", both, folder / "client.pem", folder / "client.key")


if __name__ == "__main__":  # what .ci/run calls, so that no test waits for Maven
    class_path()

"""An embedded broker for the topic."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from common.topic import Topic
from common.waiting import wait_until
from local import broker
from tests.support.stack import free_ports

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    (port,) = free_ports(1)
    command = broker.command("127.0.0.1", port)
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            assert wait_until(Topic(f"127.0.0.1:{port}").broker_answers, 20)
            yield f"127.0.0.1:{port}"
        finally:
            process.kill()

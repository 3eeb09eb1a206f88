"""One service for all tests that speak to it over sockets."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.unit.api.server.process import BODY_WITHIN_S, KEPT_S, running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.unit.api.server.process import Running


@pytest.fixture(scope="session")
def server() -> Iterator[Running]:
    deadlines = {"UGC_BODY_TIMEOUT_SECONDS": BODY_WITHIN_S, "UGC_KEEPALIVE_SECONDS": KEPT_S}
    with running(filed=True, UGC_RATE_LIMIT="off", **deadlines) as started:
        yield started
        process = started.process
        process.terminate()
        assert process.wait(20) == 0
        assert process.stderr is not None
        # Whatever was sent to it, nothing of that was an error of the service.
        assert [line for line in process.stderr.read().splitlines() if json.loads(line)["level"] == "error"] == []

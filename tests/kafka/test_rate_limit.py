"""A limit holds for the whole service: four workers, one client on many connections, with Redis and without."""

from __future__ import annotations

import socket
import subprocess
from collections import deque
from typing import TYPE_CHECKING

import pytest

from local.broker import Topic
from tests.support import kafka_services as services
from tests.support.kafka_load import Load
from tests.support.kafka_tools import need, redis_server
from tests.support.stack import eventually, free_ports

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.kafka import KafkaBroker

LIMIT = 100
OFFERED = 400
MEASURED_S = 5


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Redis of the tests' own, in memory only."""
    need(redis_server)
    (port,) = free_ports(1)
    options = ("--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no")
    folder = tmp_path_factory.mktemp("redis")

    def listens() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    with (folder / "redis.log").open("wb") as log:
        process = subprocess.Popen([redis_server(), *options], cwd=folder, stdout=log, stderr=log)
    try:
        eventually(listens, within_s=10)
        yield f"redis://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def four_workers(folder: Path, kafka: KafkaBroker, storage: str) -> dict[str, str]:
    Topic(kafka.bootstrap).create()
    return {
        **kafka.variables(),
        "UGC_DATA_DIR": str(folder / "data"),
        "UGC_API_WORKERS": "4",
        "UGC_RATE_LIMIT": f"{LIMIT}/second",
        "UGC_RATE_LIMIT_STORAGE": storage,
    }


def fits_into_windows(times: list[float]) -> int:
    """Count how many requests at these times (in seconds) an exact moving window lets through."""
    inside: deque[float] = deque()
    passed = 0
    for at in times:
        while inside and inside[0] <= at - 1:
            inside.popleft()
        if len(inside) < LIMIT:
            inside.append(at)
            passed += 1
    return passed


@pytest.mark.parametrize("storage", ["async+redis", "async+memory"])
def test_a_limit_of_100_a_second_lets_100_a_second_through_over_all_workers(
    request: pytest.FixtureRequest, kafka: KafkaBroker, tmp_path: Path, storage: str
) -> None:
    address = f"async+{request.getfixturevalue('redis')}" if storage == "async+redis" else f"{storage}://"
    with services.api(tmp_path, **four_workers(tmp_path, kafka, address)) as (service, url):
        eventually(lambda: service.answers(f"{url}/readyz"), within_s=20)
        with Load(url, rate=OFFERED, keep_connections=False) as load:
            load.wait_for(LIMIT * (MEASURED_S + 1) + 1)
    assert set(load.outcomes()) == {"202", "429"}
    passed = load.outcomes()["202"]
    asked = sorted(answer.at for answer in load.answers)
    answered = sorted(answer.at + answer.took_s for answer in load.answers)
    # On a busy machine requests come in fits and starts, which do not use the whole limit. The service saw each of them
    # some time between the question and the answer.
    assert passed >= 0.95 * min(fits_into_windows(asked), fits_into_windows(answered))
    assert passed <= LIMIT * (answered[-1] - answered[0] + 1) * 1.05


def test_a_limit_lets_everything_through_while_redis_is_away(kafka: KafkaBroker, tmp_path: Path) -> None:
    (nobody,) = free_ports(1)
    with services.api(tmp_path, **four_workers(tmp_path, kafka, f"async+redis://127.0.0.1:{nobody}")) as (service, url):
        eventually(lambda: service.answers(f"{url}/readyz"), within_s=20)
        with Load(url, rate=OFFERED) as load:
            load.wait_for(3 * OFFERED)
    assert set(load.outcomes()) == {"202"}

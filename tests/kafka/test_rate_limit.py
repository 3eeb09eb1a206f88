"""A limit holds for the whole service: four workers, one client on many connections, with Redis and without."""

from __future__ import annotations

import socket
import subprocess
from bisect import bisect_left
from typing import TYPE_CHECKING

import pytest

from common.topic import Topic
from tests.support import kafka_services as services
from tests.support.kafka_load import Load
from tests.support.kafka_tools import redis_server
from tests.support.stack import eventually, free_ports
from tests.support.tools import need

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.kafka import KafkaBroker
    from tests.support.kafka_load import Answer

LIMIT = 100
OFFERED = 400
MEASURED_S = 5
TRIES = 4


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


def rate(through: list[float]) -> float:
    """Return how many a second, once the first hundred have filled the empty window.

    They come in bursts, so a number is timed, not a time counted. 0 when there are not enough.
    """
    if len(through) <= LIMIT * (MEASURED_S + 1):
        return 0.0
    return LIMIT * MEASURED_S / (through[LIMIT * (MEASURED_S + 1)] - through[LIMIT])


def most_in_a_second(through: list[Answer]) -> int:
    """Return how many were certainly let through within one second, wherever it begins.

    Each was judged between its sending and its answer, so the k-th judgement is between the k-th sending and the
    k-th answer, however long the machine kept either waiting.
    """
    asked = sorted(answer.at for answer in through)
    answered = sorted(answer.at + answer.took_s for answer in through)
    return max(bisect_left(answered, begin + 1.0) - number for number, begin in enumerate(asked))


@pytest.mark.parametrize("storage", ["async+redis", "async+memory"])
def test_a_limit_of_100_a_second_lets_100_a_second_through_over_all_workers(
    request: pytest.FixtureRequest, kafka: KafkaBroker, tmp_path: Path, storage: str
) -> None:
    """Never more, on any machine. Fewer where the machine stands still for a while, so one try has to reach them."""
    address = f"async+{request.getfixturevalue('redis')}" if storage == "async+redis" else f"{storage}://"
    reached: list[float] = []
    with services.api(tmp_path, **four_workers(tmp_path, kafka, address)) as (service, url):
        eventually(lambda: service.answers(f"{url}/readyz"), within_s=20)
        while max(reached, default=0.0) < 0.95 * LIMIT and len(reached) < TRIES:
            with Load(url, rate=OFFERED, keep_connections=False) as load:
                load.wait_for(LIMIT * (MEASURED_S + 1) + 1)
            assert set(load.outcomes()) == {"202", "429"}
            through = [answer for answer in load.answers if answer.status == 202]
            assert most_in_a_second(through) <= 1.05 * LIMIT
            reached.append(rate(sorted(answer.at for answer in through)))
    assert max(reached) >= 0.95 * LIMIT, reached


def test_a_limit_lets_everything_through_while_redis_is_away(kafka: KafkaBroker, tmp_path: Path) -> None:
    (nobody,) = free_ports(1)
    with services.api(tmp_path, **four_workers(tmp_path, kafka, f"async+redis://127.0.0.1:{nobody}")) as (service, url):
        eventually(lambda: service.answers(f"{url}/readyz"), within_s=20)
        with Load(url, rate=OFFERED) as load:
            load.wait_for(3 * OFFERED)
    assert set(load.outcomes()) == {"202"}

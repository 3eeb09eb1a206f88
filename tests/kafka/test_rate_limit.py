"""A limit holds for the whole service: four workers, one client on many connections, with Redis and without."""

from __future__ import annotations

import socket
import subprocess
from typing import TYPE_CHECKING

import pytest

from common.topic import Topic
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


def through_an_exact_window(times: list[float]) -> list[float]:
    """Return which requests at these times (in seconds) an exact moving window lets through."""
    through: list[float] = []
    for at in sorted(times):
        if len(through) < LIMIT or through[-LIMIT] <= at - 1:
            through.append(at)
    return through


def rate(through: list[float]) -> float:
    """Return how many a second, once the first hundred have filled the empty window.

    They come in bursts, so a number is timed, not a time counted. 0 when there are not enough.
    """
    if len(through) <= LIMIT * (MEASURED_S + 1):
        return 0.0
    return LIMIT * MEASURED_S / (through[LIMIT * (MEASURED_S + 1)] - through[LIMIT])


def load_that_could_use_the_limit(url: str) -> Load:
    """Ask until the questions, and the answers, were even enough to use 98 % of an exact window: others say nothing.

    Whether that is so depends on the machine and not on what was let through. AssertionError when it never is.
    """
    for _ in range(TRIES):
        with Load(url, rate=OFFERED, keep_connections=False) as load:
            load.wait_for(LIMIT * (MEASURED_S + 1) + 1)
        asked = [answer.at for answer in load.answers]
        answered = [answer.at + answer.took_s for answer in load.answers]
        if min(rate(through_an_exact_window(times)) for times in (asked, answered)) >= 0.98 * LIMIT:
            return load
    raise AssertionError(f"in {TRIES} tries this machine never sent {OFFERED} requests a second evenly")


@pytest.mark.parametrize("storage", ["async+redis", "async+memory"])
def test_a_limit_of_100_a_second_lets_100_a_second_through_over_all_workers(
    request: pytest.FixtureRequest, kafka: KafkaBroker, tmp_path: Path, storage: str
) -> None:
    address = f"async+{request.getfixturevalue('redis')}" if storage == "async+redis" else f"{storage}://"
    with services.api(tmp_path, **four_workers(tmp_path, kafka, address)) as (service, url):
        eventually(lambda: service.answers(f"{url}/readyz"), within_s=20)
        load = load_that_could_use_the_limit(url)
    assert set(load.outcomes()) == {"202", "429"}
    let_through = sorted(answer.at for answer in load.answers if answer.status == 202)
    assert rate(let_through) == pytest.approx(LIMIT, rel=0.05)


def test_a_limit_lets_everything_through_while_redis_is_away(kafka: KafkaBroker, tmp_path: Path) -> None:
    (nobody,) = free_ports(1)
    with services.api(tmp_path, **four_workers(tmp_path, kafka, f"async+redis://127.0.0.1:{nobody}")) as (service, url):
        eventually(lambda: service.answers(f"{url}/readyz"), within_s=20)
        with Load(url, rate=OFFERED) as load:
            load.wait_for(3 * OFFERED)
    assert set(load.outcomes()) == {"202"}

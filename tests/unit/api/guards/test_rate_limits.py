"""Limits by client: what is counted, what it costs, what is said, and what happens when counting is not possible."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import random
from typing import TYPE_CHECKING, Any

import limits
import pytest
from limits.aio.strategies import MovingWindowRateLimiter

from api.guards.rate_storage import StorageMissingError, open_strategy
from api.guards.shared_windows import SETS, SLICES, WAYS, SharedWindows
from tests.support.packing import PACKERS
from tests.unit.api.conftest import Service

if TYPE_CHECKING:
    from pathlib import Path

CLICK = {"event_type": "click", "user_id": "u1", "element": "movie"}
TOGETHER = 5


def limited(limit: str = "10/hour", **more: str) -> Service:
    return Service(UGC_RATE_LIMIT=limit, **more)


def test_limit_is_reached_and_says_when_there_is_room_again() -> None:
    service = limited()
    for used in range(10):
        answer = service.event(CLICK)
        assert answer.status_code == 202
        assert answer.headers["ratelimit-limit"] == "10"
        assert answer.headers["ratelimit-remaining"] == str(9 - used)
        assert 0 < int(answer.headers["ratelimit-reset"]) <= 3700
    answer = service.event(CLICK)
    assert (answer.status_code, answer.json["type"]) == (429, "urn:ugc:problem:rate-limit")
    assert answer.headers["ratelimit-remaining"] == "0"
    assert 0 < int(answer.headers["retry-after"]) <= 3700
    assert len(service.sink.messages) == 10


def test_batch_costs_as_much_as_it_has_events_good_or_bad() -> None:
    service = limited()
    answer = service.batch([CLICK, {**CLICK, "x": "1"}, CLICK, CLICK])
    assert (answer.status_code, answer.headers["ratelimit-remaining"]) == (207, "6")
    assert service.batch([CLICK] * 6).headers["ratelimit-remaining"] == "0"
    assert service.event(CLICK).status_code == 429
    assert len(service.sink.events()) == 9


def test_batch_that_does_not_fit_is_refused_whole_and_costs_one() -> None:
    service = limited()
    assert service.batch([CLICK] * 7).status_code == 202
    assert service.batch([CLICK] * 4).status_code == 429
    assert len(service.sink.events()) == 7
    assert service.batch([CLICK] * 2).headers["ratelimit-remaining"] == "0"


def test_batch_larger_than_the_limit_passes_when_nothing_else_came() -> None:
    service = limited()
    assert service.batch([CLICK] * 500).status_code == 202
    assert service.event(CLICK).status_code == 429
    service = limited()
    assert service.event(CLICK).status_code == 202
    assert service.batch([CLICK] * 500).status_code == 429


def heavy(size: int) -> bytes:
    """One event in a body of so many bytes; what is more than an event may have is around it."""
    text = json.dumps({"events": [CLICK]}).encode()
    return text + b" " * (size - len(text))


@pytest.mark.parametrize(("size", "cost"), [(100, 1), (16_384, 1), (16_385, 2), (200_000, 13), (1_048_576, 64)])
@pytest.mark.parametrize("encoding", [None, *PACKERS])
def test_body_costs_at_least_one_for_each_16_kib_that_come_out_of_it(
    encoding: str | None, size: int, cost: int
) -> None:
    service = limited("100/hour")
    body = PACKERS[encoding](heavy(size)) if encoding else heavy(size)
    headers = {"Content-Encoding": encoding} if encoding else {}
    answer = service.post("/api/v1/events/batch", body, **headers)
    assert (answer.status_code, answer.headers["ratelimit-remaining"]) == (202, str(100 - cost))


def test_weight_counts_towards_the_events() -> None:
    service = limited("100/hour")
    body = json.dumps({"events": [{**CLICK, "page_url": "/" + "a" * 1000}] * 40}).encode()
    assert 2 * 16_384 < len(body) < 3 * 16_384
    assert service.post("/api/v1/events/batch", body).headers["ratelimit-remaining"] == "60"


@pytest.mark.parametrize("path", ["/api/v1/events", "/api/v1/events/batch"])
@pytest.mark.parametrize("encoding", PACKERS)
def test_body_that_is_refused_for_what_comes_out_of_it_costs_as_much(path: str, encoding: str) -> None:
    pack = PACKERS[encoding]
    for body, cost in (
        (pack(b"[" * 1_000_000), 62),
        (pack(b" " * 2_000_000), 64),
        (pack(random.Random(1).randbytes(500_000))[:-4], 64),
    ):
        service = limited("100/hour")
        answer = service.post(path, body, Content_Encoding=encoding)
        assert answer.status_code in {400, 413}
        assert answer.headers["ratelimit-remaining"] == str(100 - cost)


def test_body_that_does_not_fit_is_not_even_decoded() -> None:
    service = limited("70/hour")
    assert service.post("/api/v1/events/batch", b"[" * 1_000_000).status_code == 400
    refused = service.post("/api/v1/events/batch", b"[" * 1_000_000)
    assert (refused.status_code, refused.headers["ratelimit-remaining"]) == (429, "7")
    assert service.batch([CLICK] * 7).status_code == 202


def test_body_that_is_not_read_weighs_nothing() -> None:
    answer = limited("100/hour").post("/api/v1/events", heavy(2_000_000))
    assert (answer.status_code, answer.headers["ratelimit-remaining"]) == (413, "99")


def test_bad_requests_and_wrong_keys_cost_one() -> None:
    service = limited("2/hour", UGC_WRITE_KEYS="key-of-test")
    assert service.post("/api/v1/events", "{", X_Write_Key="key-of-test").status_code == 400
    assert service.event(CLICK, X_Write_Key="wrong").status_code == 401
    assert service.event(CLICK, X_Write_Key="key-of-test").status_code == 429


def test_monitoring_is_not_counted() -> None:
    service = limited("1/hour")
    for path in ("/healthz", "/readyz", "/metrics") * 2:
        assert service.client.simulate_get(path).status_code == 200
    assert service.event(CLICK).status_code == 202


def test_tightest_of_several_limits_is_the_one_that_is_told() -> None:
    service = limited("3/hour;100/day")
    assert service.event(CLICK).headers["ratelimit-limit"] == "3"
    assert service.event(CLICK).status_code == 202
    assert service.event(CLICK).status_code == 202
    assert service.event(CLICK).headers["ratelimit-limit"] == "3"


def _from(service: Service, address: str) -> int:
    status: int = service.event(CLICK, X_Forwarded_For=address).status_code
    return status


def test_clients_are_told_apart_behind_trusted_proxies_and_by_64_bits_of_ipv6() -> None:
    service = limited("1/hour", UGC_TRUSTED_PROXIES="127.0.0.0/8")
    assert _from(service, "203.0.113.1") == 202
    assert _from(service, "203.0.113.2") == 202
    assert _from(service, "203.0.113.1") == 429
    assert _from(service, "2001:db8:1:2::1") == 202
    assert _from(service, "2001:db8:1:2:ffff::1") == 429
    assert _from(service, "2001:db8:1:3::1") == 202
    assert _from(service, "::ffff:203.0.113.1") == 429, "an IPv4 address stays one"


def test_forwarded_addresses_of_strangers_do_not_help_them() -> None:
    service = limited("1/hour")
    assert _from(service, "203.0.113.1") == 202
    assert _from(service, "203.0.113.2") == 429


def test_off_means_no_limit_and_no_headers() -> None:
    service = limited("off")
    for _ in range(150):
        answer = service.event(CLICK)
        assert answer.status_code == 202
    assert "ratelimit-limit" not in answer.headers


def test_storage_that_is_away_lets_everything_through_and_counts_it() -> None:
    service = limited("1/hour", UGC_RATE_LIMIT_STORAGE="redis://127.0.0.1:1")
    for _ in range(3):
        assert service.event(CLICK).status_code == 202
    text = service.client.simulate_get("/metrics").text
    assert "ugc_rate_limiter_uncounted_requests_total 3.0" in text
    assert "ugc_rate_limiter_works 0.0" in text


@pytest.mark.parametrize(
    ("storage", "library"),
    [("async+memcached://h:1", "memcachio"), ("async+mongodb://h:1", "motor"), ("async+valkey://h:1", "valkey")],
)
def test_storage_whose_library_is_not_installed_is_named_at_the_start(storage: str, library: str) -> None:
    with pytest.raises(StorageMissingError, match=rf"needs the Python library {library}"):
        open_strategy(storage, None)


# The storage that workers share.


class Clock:
    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


def hits(storage: SharedWindows, count: int, key: str = "k", limit: str = "10/minute") -> int:
    """How many of so many attempts pass."""
    item = limits.parse(limit)
    strategy = MovingWindowRateLimiter(storage)

    async def attempt() -> int:
        return sum([await strategy.hit(item, key) for _ in range(count)])

    return asyncio.run(attempt())


def test_window_moves_and_never_lets_too_much_through() -> None:
    clock = Clock()
    storage = SharedWindows(clock=clock)
    passed: list[float] = []
    for _ in range(600):
        clock.now += 0.7
        passed += [clock.now] * hits(storage, 1)
    for start in passed:
        assert sum(start <= moment < start + 60 for moment in passed) <= 10
    assert len(passed) >= 600 * 0.7 / 60 * 10 * 0.96, "and hardly less than the limit"


@pytest.mark.parametrize("pause", [60 + 60 / SLICES, 3600, -3600])
def test_window_is_empty_after_its_time_and_after_a_clock_was_set_back(pause: float) -> None:
    clock = Clock()
    storage = SharedWindows(clock=clock)
    assert hits(storage, 20) == 10
    clock.now += pause
    assert hits(storage, 20) == 10


def test_more_clients_than_fit_cost_the_oldest_their_windows_and_nobody_an_error() -> None:
    clock = Clock()
    storage = SharedWindows(clock=clock)
    for client in range(SETS * WAYS // 16):
        assert hits(storage, 1, f"c{client}", "1/hour") == 1
    assert hits(storage, 1, "c0", "1/hour") == 0


def _hit_in_a_process(file: Path, count: int, start: Any, results: Any) -> None:
    storage = SharedWindows(file)
    start.wait()
    results.put(hits(storage, count, limit="1000/hour"))


def test_workers_share_one_window(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    results: Any = context.Queue()
    start = context.Event()
    workers = [
        context.Process(target=_hit_in_a_process, args=(tmp_path / "windows", 400, start, results))
        for _ in range(TOGETHER)
    ]
    for worker in workers:
        worker.start()
    start.set()
    passed = [results.get(timeout=60) for _ in workers]
    for worker in workers:
        worker.join(timeout=60)
    assert sum(passed) == 1000

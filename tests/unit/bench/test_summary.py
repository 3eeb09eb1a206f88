"""The arithmetic of the figures."""

from __future__ import annotations

import pytest
from rich.console import Console

from bench.traffic.audience import Encoded
from bench.traffic.latency import Latencies
from bench.traffic.summary import Tally, as_table


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def _events(count: int) -> list[Encoded]:
    return [Encoded(f"id{number}", "click", b"{}") for number in range(count)]


def test_percentiles_are_right_within_one_percent() -> None:
    latencies = Latencies()
    for milliseconds in range(1, 10_001):
        latencies.add(milliseconds)
    for percent in (50, 95, 99):
        assert latencies.percentile(percent) == pytest.approx(100 * percent, rel=0.011)
    assert latencies.percentile(100) == latencies.longest_ms == 10_000


def test_no_latency_has_no_percentile() -> None:
    assert Latencies().percentile(50) is None


def test_rates_count_what_was_acknowledged() -> None:
    clock = Clock()
    tally = Tally(clock)
    for _ in range(4):
        tally.sent(5, 2_000_000)
        clock.now += 0.5
        tally.accepted(_events(5), 0.25)
    figures = tally.summary(interrupted=False)
    assert (figures.seconds, figures.requests_per_second, figures.events_per_second) == (2.0, 2.0, 10.0)
    assert figures.megabytes_per_second == 4.0
    assert figures.latency_ms.p50 == pytest.approx(250, rel=0.011)
    assert figures.acknowledged_by_type["click"] == 20


def test_longest_pause_is_between_acknowledgements() -> None:
    clock = Clock()
    tally = Tally(clock)
    for pause in (0.1, 3.0, 0.2):
        clock.now += pause
        tally.accepted(_events(1), 0.1)
    clock.now += 9
    assert tally.summary(interrupted=False).longest_pause_s == 3.0
    assert tally.summary(interrupted=True).longest_pause_s == 9.0


def test_the_table_of_a_run_without_answers_can_be_printed() -> None:
    console = Console(record=True, file=None, quiet=True)
    console.print(as_table(Tally(Clock()).summary(interrupted=True)))

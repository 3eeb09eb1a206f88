"""What is counted, over all workers: each writes its figures into its own file, and a scrape adds the files up."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

if TYPE_CHECKING:
    from collections.abc import Mapping

    from api.pipeline.client import Client
    from api.pipeline.rejections import Reason
    from api.pipeline.repairs import Repairs
    from api.sink.breaker import State

ACK_BUCKETS: Final = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)
STEP_BUCKETS: Final = (
    *(0.000_001, 0.000_002, 0.000_005, 0.000_01, 0.000_02, 0.000_05, 0.000_1, 0.000_2, 0.000_5),
    *(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10),
)
SKEW_BUCKETS: Final = (0.1, 0.5, 1, 5, 30, 60, 300, 3600, 86_400)


class Metrics:
    """All metrics of the service. Their labels come from closed lists and from the configuration, never from input."""

    def __init__(self, folder: str | None = None) -> None:
        """`folder` holds the files of all workers; without one, the figures are this process's own."""
        self._folder = folder
        self._registry = own = CollectorRegistry()
        requests = Counter("ugc_http_requests", "Answered requests.", ["route", "status"], registry=own)
        events = Counter(
            "ugc_events",
            "Events by outcome: accepted, repeated (in one batch), rejected, failed (not acknowledged), "
            "dropped (because their sender opted out).",
            ["event_type", "outcome"],
            registry=own,
        )
        rejections = Counter("ugc_rejections", "Refused events and requests.", ["reason"], registry=own)
        repairs = Counter("ugc_repaired", "Repaired values by field and rule.", ["field", "rule"], registry=own)
        keys = Counter("ugc_write_key_requests", "Requests by their write key's label.", ["key"], registry=own)
        acks = Histogram(
            "ugc_ack_seconds",
            "From sending a message to the broker's acknowledgement.",
            ["outcome"],
            buckets=ACK_BUCKETS,
            registry=own,
        )
        steps = Histogram(
            "ugc_step_seconds",
            "Time of each step of a request's events, over all its events; measured for one POST in 256.",
            ["step"],
            buckets=STEP_BUCKETS,
            registry=own,
        )
        self.requests = cache(requests.labels)
        self.events = cache(events.labels)
        self.write_key = cache(keys.labels)
        self.ack = cache(acks.labels)
        self.step = cache(steps.labels)
        self._repairs = cache(repairs.labels)
        self._rejections = cache(rejections.labels)
        self.bot_events = Counter("ugc_bot_events", "Accepted events of programs that say what they are.", registry=own)
        self.waiting = Gauge(
            "ugc_sink_waiting_messages",
            "Messages that wait for the broker's acknowledgement.",
            multiprocess_mode="livesum",
            registry=own,
        )
        self.clock_skew = Histogram(
            "ugc_clock_skew_seconds",
            "How far senders' clocks are off, either way.",
            buckets=SKEW_BUCKETS,
            registry=own,
        )
        self._breaker = Gauge(
            "ugc_breaker_state",
            "The worst of all workers: 0 closed, 1 trying, 2 open (events are refused).",
            multiprocess_mode="livemax",
            registry=own,
        )
        self._limiter_works = Gauge(
            "ugc_rate_limiter_works",
            "0 while a worker cannot reach the storage of the rate limits.",
            multiprocess_mode="livemin",
            registry=own,
        )
        self.uncounted = Counter(
            "ugc_rate_limiter_uncounted_requests", "Requests let through without being counted.", registry=own
        )
        self._works = False

    def rejected(self, reasons: Mapping[Reason, int]) -> None:
        for reason, count in reasons.items():
            self._rejections(reason.value).inc(count)

    def repaired(self, repairs: Repairs) -> None:
        for (field, rule), count in repairs.items():
            self._repairs(field, rule).inc(count)

    def count_events(self, event_types: list[str], outcome: str) -> None:
        """Count the events of one request, with one write for each type."""
        if len(event_types) == 1:
            self.events(event_types[0], outcome).inc()
            return
        for event_type in set(event_types):
            self.events(event_type, outcome).inc(event_types.count(event_type))

    def stored(self, event_types: list[str], client: Client) -> None:
        """Count events of this sender that the broker has acknowledged."""
        self.count_events(event_types, "accepted")
        if client.is_bot:
            self.bot_events.inc(len(event_types))

    def breaker_changed(self, state: State) -> None:
        self._breaker.set(state)

    def limiter_works(self, works: bool) -> None:  # noqa: FBT001 - a state that is reported
        if not works:
            self.uncounted.inc()
        if works is not self._works:
            self._works = works
            self._limiter_works.set(works)

    def text(self) -> bytes:
        """Everything in Prometheus' text format."""
        if self._folder is None:
            return generate_latest(self._registry)
        everybody = CollectorRegistry()
        MultiProcessCollector(everybody, path=self._folder)  # type: ignore[no-untyped-call]
        return generate_latest(everybody)

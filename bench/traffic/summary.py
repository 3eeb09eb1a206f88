"""What a run came to: counted while it runs, shown as a table and as JSON."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import msgspec
from rich.table import Table

from bench.traffic.events import EVENT_TYPES
from bench.traffic.latency import Latencies

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import IO

    from bench.traffic.audience import Encoded


class Latency(msgspec.Struct, frozen=True):
    """Milliseconds from the moment a request was due to its acknowledgement, repeats included."""

    p50: float | None
    p95: float | None
    p99: float | None
    longest: float | None


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of a run. Of events: sent = acknowledged + refused + given up + unanswered (when interrupted)."""

    seconds: float
    requests: int
    requests_acknowledged: int
    repeats: int
    held_back: int
    events: int
    events_acknowledged: int
    events_refused: int
    events_given_up: int
    bytes: int
    requests_per_second: float
    events_per_second: float
    megabytes_per_second: float
    latency_ms: Latency
    longest_pause_s: float
    answers: dict[str, int]
    acknowledged_by_type: dict[str, int]
    first_refusal: str | None
    interrupted: bool


class Tally:
    """Counts what is reported. `acknowledged` gets a line `event_id<TAB>event_type` for each event answered 2xx."""

    def __init__(self, clock: Callable[[], float], acknowledged: IO[str] | None = None) -> None:
        self._clock = clock
        self._file = acknowledged
        self._started = self._last_acknowledgement = clock()
        self._longest_pause = 0.0
        self.latencies = Latencies()
        self.answers: Counter[str] = Counter()
        self.by_type: Counter[str] = Counter()
        self.requests = self.requests_acknowledged = self.repeats = self.held_back = 0
        self.events = self.refused = self.given_up = self.bytes = 0
        self.first_refusal: str | None = None

    @property
    def acknowledged(self) -> int:
        """Events answered 2xx so far."""
        return self.by_type.total()

    @property
    def elapsed_s(self) -> float:
        """Seconds since the start."""
        return self._clock() - self._started

    def sent(self, events: int, size: int) -> None:
        """A new request went out (a repeat of one does not count here)."""
        self.requests += 1
        self.events += events
        self.bytes += size

    def accepted(self, events: Sequence[Encoded], latency_s: float) -> None:
        """The broker has these events: the API answered 2xx for each of them."""
        now = self._clock()
        self._longest_pause = max(self._longest_pause, now - self._last_acknowledgement)
        self._last_acknowledgement = now
        self.requests_acknowledged += 1
        self.latencies.add(latency_s * 1000)
        self.by_type.update(event.event_type for event in events)
        if self._file:
            self._file.writelines(f"{event.event_id}\t{event.event_type}\n" for event in events)

    def refuse(self, events: int, why: str) -> None:
        """The API will never take these events."""
        self.refused += events
        self.first_refusal = self.first_refusal or why

    def summary(self, *, interrupted: bool) -> Summary:
        """All figures so far. A pause that still lasts counts when the run was cut short."""
        now = self._clock()
        seconds = max(now - self._started, 1e-9)
        pause = max(self._longest_pause, now - self._last_acknowledgement) if interrupted else self._longest_pause
        percentile = self.latencies.percentile
        return Summary(
            seconds=round(seconds, 3),
            requests=self.requests,
            requests_acknowledged=self.requests_acknowledged,
            repeats=self.repeats,
            held_back=self.held_back,
            events=self.events,
            events_acknowledged=self.acknowledged,
            events_refused=self.refused,
            events_given_up=self.given_up,
            bytes=self.bytes,
            requests_per_second=round(self.requests_acknowledged / seconds, 1),
            events_per_second=round(self.acknowledged / seconds, 1),
            megabytes_per_second=round(self.bytes / seconds / 1e6, 2),
            latency_ms=Latency(
                p50=_rounded(percentile(50)),
                p95=_rounded(percentile(95)),
                p99=_rounded(percentile(99)),
                longest=_rounded(self.latencies.longest_ms if self.latencies.count else None),
            ),
            longest_pause_s=round(pause, 3),
            answers=dict(sorted(self.answers.items())),
            acknowledged_by_type={name: self.by_type[name] for name in EVENT_TYPES},
            first_refusal=self.first_refusal,
            interrupted=interrupted,
        )


def as_table(summary: Summary) -> Table:
    """The summary as two columns."""
    table = Table(
        title="Traffic, cut short" if summary.interrupted else "Traffic", show_header=False, title_justify="left"
    )
    table.add_column(style="bold")
    table.add_column(justify="right")
    latency = summary.latency_ms
    rows = [
        ("time", f"{summary.seconds:,.1f} s"),
        ("requests", f"{summary.requests:,}"),
        ("  acknowledged", f"{summary.requests_acknowledged:,} ({summary.requests_per_second:,.0f}/s)"),
        ("  repeated", f"{summary.repeats:,}"),
        ("events", f"{summary.events:,}"),
        ("  acknowledged", f"{summary.events_acknowledged:,} ({summary.events_per_second:,.0f}/s)"),
        ("  refused", f"{summary.events_refused:,}"),
        ("  given up", f"{summary.events_given_up:,}"),
        ("bodies", f"{summary.bytes / 1e6:,.1f} MB ({summary.megabytes_per_second:,.1f} MB/s)"),
        ("latency p50 / p95 / p99", " / ".join(map(_shown, (latency.p50, latency.p95, latency.p99))) + " ms"),
        ("latency, longest", f"{_shown(latency.longest)} ms"),
        ("longest pause", f"{summary.longest_pause_s:,.2f} s"),
        *((f"answer {status}", f"{count:,}") for status, count in summary.answers.items()),
        *((f"acknowledged {name}", f"{count:,}") for name, count in summary.acknowledged_by_type.items()),
    ]
    if summary.held_back:
        rows.insert(4, ("  held back: too many unanswered", f"{summary.held_back:,}"))
    if summary.first_refusal:
        rows.append(("first refusal", summary.first_refusal))
    for name, value in rows:
        table.add_row(name, value)
    return table


def _rounded(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else round(milliseconds, 2)


def _shown(milliseconds: float | None) -> str:
    return "-" if milliseconds is None else f"{milliseconds:,.1f}"

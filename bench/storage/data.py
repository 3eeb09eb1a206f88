"""The rows: made from a seed, in chunks, so that every subject can make the very same ones for itself."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv

from bench.storage.system import Answer

if TYPE_CHECKING:
    from collections.abc import Iterator

EVENT_TYPES: Final = (
    "page_view", "page_leave", "click", "video_progress", "search_filter", "video_complete", "video_quality_change",
    "custom",
)  # fmt: skip
_SHARES: Final = (0.26, 0.26, 0.22, 0.12, 0.06, 0.04, 0.02, 0.02)
_PEOPLE: Final = 30_000
_CHUNK: Final = 1_000_000
_START_MS: Final = 1_767_225_600_000  # 2026-01-01
_SPAN_MS: Final = 30 * 86_400_000
_MEAN_VALUE: Final = 40.0  # such as seconds on a page


def chunks(rows: int, seed: int) -> Iterator[pa.Table]:
    """`rows` rows of (event_time, user_id, event_type, value), in the order of time, at most a million at once."""
    rng = np.random.default_rng(seed)
    names = pa.array(EVENT_TYPES)
    for start in range(0, rows, _CHUNK):
        count = min(_CHUNK, rows - start)
        # As they come from a queue: ordered by time, everything else at random.
        moments = np.sort(rng.integers(start * _SPAN_MS // rows, (start + count) * _SPAN_MS // rows, count)) + _START_MS
        kinds = rng.choice(len(EVENT_TYPES), count, p=_SHARES)
        yield pa.table(
            {
                "event_time": pa.array(moments, pa.timestamp("ms")),
                "user_id": pa.array(rng.integers(1, _PEOPLE + 1, count).astype(np.int32)),
                "event_type": names.take(pa.array(kinds)),
                # Thousandths: real measurements are not noise in every bit, and can be compressed.
                "value": pa.array(rng.exponential(_MEAN_VALUE, count).round(3)),
            }
        )


def as_csv(table: pa.Table) -> bytes:
    """The rows as CSV without a header or quotes (no value needs them)."""
    out = io.BytesIO()
    pa_csv.write_csv(table, out, pa_csv.WriteOptions(include_header=False, quoting_style="none"))
    return out.getvalue()


def reference(rows: int, seed: int) -> tuple[list[Answer], int]:
    """The right answer, computed by none of the subjects, and the size of the rows as CSV, in bytes."""
    counts: dict[str, int] = {}
    sums: dict[str, float] = {}
    csv_bytes = 0
    for chunk in chunks(rows, seed):
        csv_bytes += len(as_csv(chunk))
        grouped = chunk.group_by("event_type").aggregate([("value", "count"), ("value", "sum")])
        for row in grouped.to_pylist():
            name = row["event_type"]
            counts[name] = counts.get(name, 0) + row["value_count"]
            sums[name] = sums.get(name, 0.0) + row["value_sum"]
    return [Answer(name, counts[name], sums[name] / counts[name]) for name in sorted(counts)], csv_bytes

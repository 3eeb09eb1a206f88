"""What the traffic generator was answered 2xx for, and the table of each event type: the oracle of delivery tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

TABLES = {
    "click": "clicks",
    "page_view": "page_views",
    "page_leave": "page_leaves",
    "video_quality_change": "video_quality_changes",
    "video_complete": "video_completions",
    "video_progress": "video_progress",
    "search_filter": "search_filters",
    "custom": "custom_events",
}
"""Table in `ugc`, and reader view in `analytics`, of each event type."""


def read_acknowledged(file: Path) -> dict[str, str]:
    """Return the event type of each acknowledged event id so far."""
    try:
        lines = file.read_text().splitlines()
    except FileNotFoundError:
        return {}
    # The last line may be half written; a whole one is id, tab, type.
    return dict(line.split("\t") for line in lines if line.partition("\t")[2] in TABLES)

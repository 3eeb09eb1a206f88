"""Whether a browser asks not to be tracked: `Sec-GPC: 1`, or the older `DNT: 1`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from api.server.request import ApiRequest

DROPPED: Final = ("X-UGC-Dropped", "1")
"""The header of an answer to events that are not stored, because their sender opted out."""


def asks_for_privacy(request: ApiRequest) -> bool:
    """Whether the browser sent one of the two headers."""
    return request.get_header("Sec-GPC") == "1" or request.get_header("DNT") == "1"

"""What a browser's wish not to be tracked (`Sec-GPC: 1`, or the older `DNT: 1`) means here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from falcon.asgi import Request

PrivacySignals = Literal["ignore", "anonymize", "drop"]
"""`anonymize` stores the event without user_id, address and user agent; `drop` stores nothing and says so."""


def wishes_privacy(request: Request) -> bool:
    """Whether the browser sent one of the two headers."""
    return request.get_header("Sec-GPC") == "1" or request.get_header("DNT") == "1"

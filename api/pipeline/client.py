"""The sender of a request, as far as the service keeps it."""

from __future__ import annotations

from typing import Final, NamedTuple


class Client(NamedTuple):
    """What is stored about the sender with each event, and what the sender wishes."""

    ip: str | None
    user_agent: str | None
    is_bot: bool = False
    anonymous: bool = False
    """The sender's user_id may not be stored either."""

    opted_out: bool = False
    """Nothing of this sender's may be stored."""


UNKNOWN_CLIENT: Final = Client(None, None)

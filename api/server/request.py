"""A request, and what the service finds out about it, in one typed context."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Final

from falcon.asgi import Request

from api.pipeline.client import UNKNOWN_CLIENT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from api.pipeline.client import Client
    from api.pipeline.rejections import Reason
    from api.pipeline.timing import Timings

_NO_REASONS: Final[Mapping[Reason, int]] = MappingProxyType({})


class Context:
    """Each attribute is written by one room, which is named here."""

    __slots__ = ("client", "foreign", "reasons", "request_id", "timings", "write_key")

    def __init__(self) -> None:
        self.request_id = ""
        """Written by `telemetry`: names the request in the log and in its answer."""

        self.write_key: str | None = None
        """Written by `guards`: the label of the key that the request carries."""

        self.foreign = False
        """Written by `guards`: the request is from a page of an origin that may not post."""

        self.client: Client = UNKNOWN_CLIENT
        """Written by `guards`, for requests that carry events."""

        self.reasons: Mapping[Reason, int] = _NO_REASONS
        """Written by `resources`: why the request, or events in it, were refused, and how often."""

        self.timings: Timings | None = None
        """Written by `telemetry`, for the few requests whose steps are timed."""


class ApiRequest(Request):
    """Falcon's request with a typed context."""

    context_type: ClassVar[type[Any]] = Context
    context: Context  # type: ignore[assignment]

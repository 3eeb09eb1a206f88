"""Rate limits by client: a moving window over events, and over the weight of what holds them."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from limits.errors import StorageError

from api.guards.rate_storage import WAIT_S, may_wait, open_strategy

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from falcon.asgi import Response

    from api.configuration.rate_limits import Limits
    from api.server.request import ApiRequest

WEIGHED_BYTES: Final = 16 * 1024
"""So many bytes of a body, unpacked, cost as much as an event. Hardly any event is as large."""

_TRY_AGAIN_S: Final = 1.0
"""How long a storage that failed is left alone, so that not every request waits for it."""

_log = logging.getLogger(__name__)


def weight_of(size: int) -> int:
    """What a body of so many bytes costs at least."""
    return max(1, -(-size // WEIGHED_BYTES))


class TooManyRequestsError(Exception):
    """The client has used up its limit; there is room again in `retry_after_s` whole seconds."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(retry_after_s)
        self.retry_after_s = retry_after_s


class _Room(NamedTuple):
    limit: int
    remaining: int
    reset_s: int


class Limiter:
    """Middleware: a request costs 1 for each of its events, or for each started 16 KiB of its body, whichever is more.

    It pays 1 before its body is read, for the weight once that is unpacked, and for its events once they are decoded.

    While its storage is unreachable it lets everything through, and reports that to `storage_works` for every request.
    """

    def __init__(
        self,
        items: Limits,
        storage: str,
        *,
        network: Callable[[ApiRequest], str],
        free_routes: Collection[str] = (),
        folder: str | None = None,
        storage_works: Callable[[bool], None] = lambda _works: None,
    ) -> None:
        """`network` tells one client from another; in `folder` the workers share their memory.

        `free_routes` are the templates of the routes that cost nothing.
        """
        self._items = items
        self._network = network
        self._free_routes = free_routes
        self._storage_works = storage_works
        self._works = True
        self._try_again_at = 0.0
        self._strategy = open_strategy(storage, folder)
        self._wait_s = WAIT_S if may_wait(storage) else None
        storage_works(True)  # noqa: FBT003

    async def process_resource(self, request: ApiRequest, response: Response, _resource: Any, _params: Any) -> None:
        """Raise `TooManyRequestsError` for a client over its limit."""
        if request.uri_template not in self._free_routes:
            await self.charge_request(request, response)

    async def charge_request(self, request: ApiRequest, response: Response) -> None:
        """Charge for the request itself; preflights are free. Raises `TooManyRequestsError`."""
        if request.method != "OPTIONS":
            await self._take(request, response, 1)

    async def charge_weight(self, request: ApiRequest, response: Response, size: int) -> None:
        """Charge for a body of so many bytes, unpacked. Raises `TooManyRequestsError`."""
        weight = weight_of(size)
        if weight > 1:
            await self._take(request, response, weight - 1, paid=1)

    async def charge_events(self, request: ApiRequest, response: Response, events: int, size: int) -> None:
        """Charge for the events that the weight of their body has not paid for. Raises `TooManyRequestsError`.

        More events than the limit cost the whole limit: such a request passes if nothing else came for a while.
        """
        paid = weight_of(size)
        if events > paid:
            await self._take(request, response, events - paid, paid=paid)

    async def _take(self, request: ApiRequest, response: Response, cost: int, paid: int = 0) -> None:
        if not self._works and time.monotonic() < self._try_again_at:
            self._storage_works(False)  # noqa: FBT003
            return
        try:
            async with asyncio.timeout(self._wait_s):
                room, fits = await self._hit(self._network(request), cost, paid)
        except (StorageError, OSError) as error:
            self._lost(error)
            return
        if not self._works:
            _log.warning("the storage of the rate limits works again")
            self._works = True
            self._storage_works(True)  # noqa: FBT003
        response.set_header("RateLimit-Limit", str(room.limit))
        response.set_header("RateLimit-Remaining", str(room.remaining))
        response.set_header("RateLimit-Reset", str(room.reset_s))
        if not fits:
            raise TooManyRequestsError(max(1, room.reset_s))

    async def _hit(self, network: str, cost: int, paid: int) -> tuple[_Room, bool]:
        """Count against every limit until one is used up; the room returned is that of the tightest."""
        tightest: _Room | None = None
        for item in self._items:
            amount = min(cost, item.amount - paid)
            fits = amount < 1 or await self._strategy.hit(item, network, cost=amount)
            reset_at, remaining = await self._strategy.get_window_stats(item, network)
            wait_s = reset_at - time.time()
            if not fits and amount > 1:
                # There may be room for one earlier, but for all of them only then.
                wait_s = item.get_expiry()
            room = _Room(item.amount, max(0, remaining), max(0, math.ceil(wait_s)))
            if not fits:
                return room, False
            if tightest is None or room.remaining < tightest.remaining:
                tightest = room
        if tightest is None:
            raise ValueError("a limiter needs a limit")
        return tightest, True

    def _lost(self, error: Exception) -> None:
        self._try_again_at = time.monotonic() + _TRY_AGAIN_S
        if self._works:
            _log.warning("the storage of the rate limits fails (%s): requests pass uncounted", type(error).__name__)
            self._works = False
        self._storage_works(False)  # noqa: FBT003

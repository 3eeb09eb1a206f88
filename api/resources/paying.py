"""Bodies that the rate limit charges for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api.pipeline.limits import MAX_BODY_BYTES
from api.pipeline.rejections import RejectionError
from api.server.bodies import BodyTooLargeError, read_body

if TYPE_CHECKING:
    from falcon.asgi import Response

    from api.guards.rates import Limiter
    from api.server.request import ApiRequest


async def read_paid_body(request: ApiRequest, response: Response, limiter: Limiter | None) -> bytes:
    """Read the whole body, unpacked, and charge its weight before anything is done with it.

    Raises what `read_body` and `Limiter.charge_weight` do.
    """
    if limiter is None:
        return await read_body(request)
    try:
        body = await read_body(request)
    except (BodyTooLargeError, RejectionError) as error:
        # What cannot be unpacked may have been as much work.
        if not isinstance(error, BodyTooLargeError) or error.was_read:
            await limiter.charge_weight(request, response, MAX_BODY_BYTES)
        raise
    await limiter.charge_weight(request, response, len(body))
    return body

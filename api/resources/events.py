"""`POST /api/v1/events`: one event."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api.pipeline.rejections import RejectionError
from api.resources.intake import DROPPED
from api.server.bodies import read_body

if TYPE_CHECKING:
    from falcon.asgi import Request, Response

    from api.resources.intake import Intake
    from api.sink.joining import Joiner


class EventsResource:
    """Answers 202 with the event's id once the broker has it."""

    def __init__(self, intake: Intake, joiner: Joiner) -> None:
        self._intake = intake
        self._joiner = joiner

    async def on_post(self, request: Request, response: Response) -> None:
        body = await read_body(request)
        try:
            accepted = self._intake.one(request, body)
        except RejectionError:
            self._intake.count_refused(body)
            raise
        if self._intake.drops(request):
            response.set_header(*DROPPED)
            self._intake.count([accepted.event_type], "dropped")
        else:
            await self._intake.deliver(self._joiner.send(accepted.message), request, [accepted.event_type])
        response.status = 202
        response.data = b'{"event_id":"%b"}' % accepted.event_id.encode()

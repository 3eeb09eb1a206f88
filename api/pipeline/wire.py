"""The format on Kafka: one JSON object a line, one line an event, times as epoch milliseconds."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec.structs import replace

from api.pipeline.events import EVENT_TYPES, Context, Event
from api.pipeline.limits import MAX_MESSAGE_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from uuid import UUID

    from api.pipeline.client import Client
    from api.pipeline.steps import Draft

_NO_CONTEXT: Final = Context()


class WireEvent(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One line. Absent optional fields are left out; `payload` holds the fields of the event's own type."""

    event_id: UUID | str
    event_type: str
    occurred_at: int
    received_at: int
    key_time: int
    payload: Any
    user_id: str | None = None
    anonymous_id: str | None = None
    session_id: str | None = None
    page_url: str | None = None
    referrer: str | None = None
    user_agent: str | None = None
    ip: str | None = None
    locale: str | None = None
    timezone: str | None = None
    screen_width: int | None = None
    screen_height: int | None = None
    app_version: str | None = None
    is_bot: bool = False


def _payload_maker(event_type: type[Event]) -> Callable[[Event], msgspec.Struct]:
    """A function that picks the fields of the type's own; its shape depends on the event type alone."""
    names = [name for name in event_type.__struct_fields__ if name not in Event.__struct_fields__]
    own_fields = attrgetter(*names)
    payload = msgspec.defstruct(
        f"{event_type.__name__}Payload", [(name, Any, None) for name in names], omit_defaults=True, gc=False
    )
    return lambda event: payload(*own_fields(event))


_PAYLOADS: Final = {event_type: _payload_maker(event_type) for event_type in EVENT_TYPES}
_TAGS: Final = {event_type: str(event_type.__struct_config__.tag) for event_type in EVENT_TYPES}


def type_of(event: Event) -> str:
    """The event's `event_type`."""
    return _TAGS[type(event)]


def _anonymized(event: WireEvent) -> WireEvent:
    """The event without what ties it to a person or to other events."""
    return replace(
        event,
        user_id=None,
        # An event needs an identity; its own id is one that no other event shares.
        anonymous_id=str(event.event_id),
        session_id=None,
        page_url=_bare(event.page_url),
        referrer=_bare(event.referrer),
    )


def _bare(address: str | None) -> str | None:
    """An address without query and fragment, which may name a person."""
    return None if address is None else address.partition("#")[0].partition("?")[0]


def complete(draft: Draft, client: Client) -> WireEvent:
    """The finished event with what the service adds to it."""
    event = draft.event
    event_type = type(event)
    context = event.context or _NO_CONTEXT
    finished = WireEvent(
        draft.event_id,
        _TAGS[event_type],
        draft.occurred_at,
        draft.received_at,
        draft.key_time,
        _PAYLOADS[event_type](event),
        event.user_id,
        event.anonymous_id,
        event.session_id,
        event.page_url,
        event.referrer,
        client.user_agent,
        client.ip,
        context.locale,
        context.timezone,
        context.screen_width,
        context.screen_height,
        context.app_version,
        client.is_bot,
    )
    return _anonymized(finished) if client.anonymous else finished


_encoder: Final = msgspec.json.Encoder(uuid_format="canonical")


def encode(event: WireEvent) -> bytes:
    """One line, newline included."""
    return _encoder.encode(event) + b"\n"


def encode_messages(events: Sequence[WireEvent], limit: int = MAX_MESSAGE_BYTES) -> list[bytes]:
    """The events of one request as Kafka messages: one, unless it would be larger than `limit` bytes."""
    whole = _encoder.encode_lines(events)
    if len(whole) <= limit:
        return [whole]
    messages: list[bytes] = []
    lines = bytearray()
    for event in events:
        line = encode(event)
        if lines and len(lines) + len(line) > limit:
            messages.append(bytes(lines))
            lines.clear()
        lines += line
    messages.append(bytes(lines))
    return messages

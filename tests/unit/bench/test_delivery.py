"""How requests are delivered: what is repeated, what is not, and what is counted."""

from __future__ import annotations

import asyncio
import io
import json
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from aiohttp import web

from bench.traffic.run import Plan, UnreachableError, run
from tests.unit.bench.server import Answer, Api

if TYPE_CHECKING:
    from bench.traffic.audience import Audience
    from bench.traffic.summary import Summary


def _send(audience: Audience, answer: Answer | None = None, **options: Any) -> tuple[Api, Summary, list[list[str]]]:
    api, acknowledged = Api(answer), io.StringIO()

    async def send() -> Summary:
        async with api.listening():
            plan = Plan(audience=audience, url=api.url, connections=4, **{"events": 100, **options})
            return await run(plan, acknowledged, None)

    summary = asyncio.run(send())
    return api, summary, [line.split("\t") for line in acknowledged.getvalue().splitlines()]


def _ids(requests: list[list[Any]]) -> list[str]:
    return [event["event_id"] for events in requests for event in events]


def test_every_event_answered_202_is_written_down_with_its_type(audience: Audience) -> None:
    api, summary, acknowledged = _send(audience)
    sent = {event["event_id"]: event["event_type"] for events in api.events for event in events}
    assert dict(acknowledged) == sent
    assert len(acknowledged) == summary.events == summary.events_acknowledged == 100
    assert sum(summary.acknowledged_by_type.values()) == 100
    assert summary.answers == {"202": summary.requests}


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_busy_api_gets_the_same_ids_again_and_a_new_sent_at(audience: Audience, status: int) -> None:
    def answer(number: int, _events: list[Any]) -> web.Response | None:
        return web.Response(status=status, headers={"Retry-After": "0"}) if number == 1 else None

    api, summary, acknowledged = _send(audience, answer)
    assert summary.repeats == summary.answers[str(status)] == 1
    assert len(_ids(api.events)) == len(acknowledged) + len(api.events[0])
    assert set(_ids(api.events)) == {event_id for event_id, _ in acknowledged}
    repeated = [body["sent_at"] for body in api.bodies if body.get("events") == api.bodies[0].get("events", ())]
    assert len(set(repeated)) == len(repeated)


def test_a_broken_connection_is_tried_again_with_the_same_ids(audience: Audience) -> None:
    api = Api()

    async def send() -> Summary:
        async with api.listening():
            server = await asyncio.start_server(_hang_up_once(api.url), "127.0.0.1", 0)
            async with server:
                host, port = server.sockets[0].getsockname()[:2]
                plan = Plan(audience=audience, url=f"http://{host}:{port}", connections=1, events=20)
                return await run(plan, None, None)

    summary = asyncio.run(send())
    assert summary.answers["connection failed"] >= 1
    assert summary.events_acknowledged == len(set(_ids(api.events))) == 20


def _hang_up_once(url: str) -> Any:
    """A relay to `url` that hangs up on the first POST, after it was read."""
    host, port = url.removeprefix("http://").split(":")
    hung_up = False

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal hung_up
        upstream_reader, upstream_writer = await asyncio.open_connection(host, int(port))

        async def back() -> None:
            while data := await upstream_reader.read(65536):
                writer.write(data)

        returning = asyncio.create_task(back())
        while data := await reader.read(65536):
            if data.startswith(b"POST") and not hung_up:
                hung_up = True
                break
            upstream_writer.write(data)
        returning.cancel()
        upstream_writer.close()
        writer.close()

    return relay


@pytest.mark.parametrize("status", [400, 401, 413, 415])
def test_what_is_refused_is_never_sent_again(audience: Audience, status: int) -> None:
    api, summary, acknowledged = _send(audience, lambda _n, _e: web.Response(status=status, text="no"))
    assert acknowledged == []
    assert summary.repeats == 0
    assert summary.events_refused == summary.events == len(_ids(api.events)) == 100
    assert summary.first_refusal == f"{status}: no"


def test_of_a_207_only_the_rejected_events_are_refused(audience: Audience) -> None:
    def answer(_number: int, events: list[Any]) -> web.Response | None:
        if len(events) == 1:
            return None
        rejected = [{"index": 0, "event_id": events[0]["event_id"], "error": "too old"}]
        return web.json_response({"accepted": len(events) - 1, "rejected": rejected}, status=207)

    api, summary, acknowledged = _send(audience, answer)
    batches = [events for events in api.events if len(events) > 1]
    assert summary.events_refused == len(batches)
    first = {events[0]["event_id"] for events in batches}
    assert {event_id for event_id, _ in acknowledged} == set(_ids(api.events)) - first


def test_patience_ends_and_the_events_count_as_given_up(audience: Audience) -> None:
    _, summary, acknowledged = _send(audience, lambda _n, _e: web.Response(status=503), patience_s=0.01, events=10)
    assert acknowledged == []
    assert summary.events_given_up == summary.events == 10


def test_open_loop_keeps_its_rate_when_answers_are_slow(audience: Audience) -> None:
    gate = asyncio.Event()
    under_way = 0

    async def slow() -> None:
        nonlocal under_way
        under_way += 1
        if under_way == 20:
            gate.set()
        await gate.wait()

    api = Api(before=slow)

    async def send() -> Summary:
        async with api.listening():
            return await run(Plan(audience=audience, url=api.url, events=200, rate=200.0), None, None)

    summary = asyncio.run(send())
    # Nothing was answered before the twentieth request had come: a closed loop would have waited for ever.
    assert under_way == summary.requests > 20
    assert summary.events_acknowledged == 200
    assert summary.seconds >= (summary.requests - 1) / 200


def test_megabytes_bound_what_is_sent(audience: Audience) -> None:
    _, summary, _ = _send(audience, events=None, megabytes=0.1)
    assert 100_000 <= summary.bytes < 130_000


def test_requests_carry_the_person_and_beacons_are_plain_text(audience: Audience) -> None:
    api, _, _ = _send(audience, write_key="k1")
    assert {headers["Content-Type"] for headers in api.headers} == {"application/json", "text/plain"}
    assert {headers["X-Write-Key"] for headers in api.headers} == {"k1"}
    assert len({headers["X-Forwarded-For"] for headers in api.headers}) > 3


def test_no_api_at_the_address_is_said_at_once(audience: Audience) -> None:
    plan = Plan(audience=audience, url="http://127.0.0.1:1", events=1)
    with pytest.raises(UnreachableError, match=r"no API answers at http://127\.0\.0\.1:1"):
        asyncio.run(run(plan, None, None))


def test_figures_survive_json(audience: Audience) -> None:
    _, summary, _ = _send(audience)
    figures = json.loads(msgspec.json.encode(summary))
    assert figures["latency_ms"]["p50"] <= figures["latency_ms"]["p99"] <= figures["latency_ms"]["longest"]

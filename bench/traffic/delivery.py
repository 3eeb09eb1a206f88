"""Delivers one request as a good client does: repeats what may succeed later, with the same event ids, and no more."""

from __future__ import annotations

import asyncio
import datetime as dt
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import aiohttp
import msgspec

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from bench.traffic.audience import Encoded
    from bench.traffic.requests import Request
    from bench.traffic.summary import Tally

_FIRST_BACKOFF_S: Final = 0.1
_LONGEST_BACKOFF_S: Final = 3.0
_RETRYABLE: Final = frozenset({429, 502, 503, 504})
_LONGEST_REASON: Final = 300


class _Rejected(msgspec.Struct):
    index: int


class _Partly(msgspec.Struct):
    rejected: list[_Rejected]


_decode_partly: Final = msgspec.json.Decoder(_Partly).decode


class Delivery:
    """Posts requests to one API. `patience_s`: how long one request is repeated before its events are given up."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str,
        tally: Tally,
        *,
        rng: random.Random,
        clock: Callable[[], float],
        patience_s: float = 120.0,
        write_key: str | None = None,
    ) -> None:
        self._session = session
        self._url = url.rstrip("/")
        self._tally = tally
        self._rng = rng
        self._clock = clock
        self._patience_s = patience_s
        self._extra = {"X-Write-Key": write_key} if write_key else {}

    async def deliver(self, request: Request, due: float) -> None:
        """Post until there is a final answer. Latency counts from `due`, a time of the clock."""
        headers = {
            "Content-Type": "text/plain" if request.beacon else "application/json",
            "User-Agent": request.person.user_agent,
            # Counts only if the API trusts this machine as a proxy; then each person has a rate limit of their own.
            "X-Forwarded-For": request.person.ip,
            **self._extra,
        }
        url = self._url + request.route
        body = request.body(_now())
        self._tally.sent(len(request.events), len(body))
        backoff_s = _FIRST_BACKOFF_S
        while True:
            status, answer, retry_after_s = await self._post(url, body, headers)
            if status is not None and status not in _RETRYABLE:
                self._settle(request, status, answer, due)
                return
            # Jitter keeps clients that failed together from coming back together.
            pause_s = max(retry_after_s, backoff_s * self._rng.uniform(0.5, 1.0))
            if self._clock() + pause_s - due > self._patience_s:
                self._tally.given_up += len(request.events)
                return
            backoff_s = min(backoff_s * 2, _LONGEST_BACKOFF_S)
            await asyncio.sleep(pause_s)
            self._tally.repeats += 1
            body = request.body(_now())

    async def _post(self, url: str, body: bytes, headers: dict[str, str]) -> tuple[int | None, bytes, float]:
        """One try: the status (None: no answer came), the answer's body, and how long it asks to wait, in seconds."""
        answers = self._tally.answers
        try:
            async with self._session.post(url, data=body, headers=headers) as response:
                answer = await response.read()
        except TimeoutError:
            answers["no answer in time"] += 1
        except (aiohttp.ClientError, ConnectionError):
            answers["connection failed"] += 1
        else:
            answers[str(response.status)] += 1
            return response.status, answer, _seconds(response.headers.get("Retry-After"))
        return None, b"", 0.0

    def _settle(self, request: Request, status: int, answer: bytes, due: float) -> None:
        if status == HTTPStatus.MULTI_STATUS:
            accepted = _without_rejected(request.events, answer)
            self._tally.refuse(len(request.events) - len(accepted), _reason(status, answer))
        elif HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            accepted = request.events
        else:
            self._tally.refuse(len(request.events), _reason(status, answer))
            return
        self._tally.accepted(accepted, self._clock() - due)


def _without_rejected(events: list[Encoded], answer: bytes) -> list[Encoded]:
    """The events that an answer 207 took; none when it cannot be understood, because none is known to be safe."""
    try:
        rejected = {entry.index for entry in _decode_partly(answer).rejected}
    except msgspec.DecodeError:
        return []
    return [event for index, event in enumerate(events) if index not in rejected]


def _reason(status: int, answer: bytes) -> str:
    return f"{status}: {answer[:_LONGEST_REASON].decode('utf-8', 'replace')}"


def _seconds(retry_after: str | None) -> float:
    try:
        return max(0.0, float(retry_after or 0))
    except ValueError:  # a date: the ordinary backoff will do
        return 0.0


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")

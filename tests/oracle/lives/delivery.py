"""How deeds come to the API: in batches, out of order, days late, and some of them again and again."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from tests.oracle.lives.deeds import Browser, Deed, Delivery, Phase
from tests.oracle.lives.times import DAY, HOUR, MINUTE, SECOND
from tests.oracle.posts import Post

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable, Iterator

    from tests.oracle.lives.times import Calendar

LARGEST = 20
OFFLINE = 0.03
AGAIN = 0.08


def deliver(chance: random.Random, calendar: Calendar, deeds: Iterable[Deed]) -> list[Post]:
    """The requests that carry the deeds, of those that have arrived by now."""
    planned: list[Deed] = []
    free: list[Deed] = []
    for deed in deeds:
        (planned if deed.deliveries else free).append(deed)
    posts = [_post(calendar, deed.browser, (deed,), delivery) for deed in planned for delivery in deed.deliveries]
    for batch in _batches(chance, free):
        posts += [_post(calendar, batch[0].browser, batch, delivery) for delivery in _by_chance(chance, batch)]
    return [post for post in posts if post.received_at <= calendar.now]


def _batches(chance: random.Random, deeds: list[Deed]) -> Iterator[tuple[Deed, ...]]:
    """Deeds of one browser that follow one another within a while; events need not be in the order of time in them."""
    deeds = sorted(deeds, key=lambda deed: (deed.browser.anonymous_id, deed.at))
    for _, of_browser in itertools.groupby(deeds, key=lambda deed: deed.browser):
        batch: list[Deed] = []
        for deed in of_browser:
            if batch and (len(batch) == LARGEST or deed.at - batch[-1].at > MINUTE or chance.random() < 0.2):
                yield _shuffled(chance, batch)
                batch = []
            batch.append(deed)
        yield _shuffled(chance, batch)


def _shuffled(chance: random.Random, batch: list[Deed]) -> tuple[Deed, ...]:
    if chance.random() < 0.1:
        chance.shuffle(batch)
    return tuple(batch)


def _by_chance(chance: random.Random, batch: tuple[Deed, ...]) -> Iterator[Delivery]:
    """The first delivery, and those that follow because the answer was lost: the same bytes, or sent anew."""
    sent = max(deed.at for deed in batch) + chance.randrange(20, 3 * SECOND)
    if chance.random() < OFFLINE:
        sent += chance.choice((10 * MINUTE, 7 * HOUR, DAY, 4 * DAY))
    received = sent + chance.randrange(10, 900)
    yield Delivery(received, sent)
    while chance.random() < AGAIN:
        received += chance.choice((2 * SECOND, 90 * SECOND, 6 * MINUTE, 5 * HOUR, DAY)) + chance.randrange(1, 900)
        yield Delivery(received, sent if chance.random() < 0.5 else received - chance.randrange(10, 400))


def _post(calendar: Calendar, browser: Browser, deeds: tuple[Deed, ...], delivery: Delivery) -> Post:
    dated = browser.dates_requests or len(deeds) > 1
    return Post(
        received_at=delivery.received_at,
        sent_at=delivery.sent_at + browser.skew_ms if browser.dates_requests and dated else None,
        browser=browser,
        deeds=deeds,
        phase=delivery.phase or (Phase.HISTORY if delivery.received_at < calendar.day(1) else Phase.RECENT),
    )

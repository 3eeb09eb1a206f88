"""The bodies of a life through the API's own ingestion: accepted, all of them, and landed as the oracle says."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import pytest

from api.guards.bots import is_bot
from api.pipeline.client import Client
from api.pipeline.ingestion import Ingestion
from api.pipeline.rejections import RejectionError
from tests.oracle.landing import land
from tests.oracle.lives.generator import generate
from tests.support.wire import read_message
from tests.unit.oracle.made import ms

if TYPE_CHECKING:
    from tests.oracle.posts import Post

NOW = ms("2026-03-20 15:00:00")
SHOWN = 5
COMPARED: Final = (
    "event_type", "event_id", "key_time", "occurred_at", "received_at", "user_id", "anonymous_id", "session_id",
    "page_url", "referrer", "user_agent", "ip", "locale", "timezone", "screen_width", "screen_height", "app_version",
    "is_bot",
)  # fmt: skip

Event = dict[str, Any]


@pytest.fixture(scope="module")
def posts() -> list[Post]:
    return generate(5, NOW, 4_000)


def taken(post: Post) -> tuple[list[Event], list[str]]:
    """What the API puts on Kafka, and what it says to the rest."""
    ingestion = Ingestion(lambda _: "00000000-0000-4000-8000-000000000000")
    agent = post.browser.user_agent
    client = Client(post.browser.ip, agent, is_bot(agent))
    if post.path.endswith("/batch"):
        batch = ingestion.batch(post.body(), client, post.received_at)
        events = [event for message in batch.messages for event in read_message(message)]
        return events, [f"{refused.rejection}" for refused in batch.refused]
    try:
        return read_message(ingestion.one(post.body(), client, post.received_at).message), []
    except RejectionError as refusal:
        return [], [f"{refusal}"]


def test_the_api_accepts_every_event_of_a_life(posts: list[Post]) -> None:
    refusals = Counter(refusal.partition(", got")[0] for post in posts for refusal in taken(post)[1])
    assert not refusals, f"{refusals.total()} refused: {refusals.most_common(SHOWN)}"


def test_the_api_makes_of_an_event_what_the_oracle_lands(posts: list[Post]) -> None:
    differences = []
    for post in posts:
        ours = {(row.row["event_id"], row.row["event_type"]): row.row for row in land([post])}
        for event in taken(post)[0]:
            row = ours[event["event_id"], event["event_type"]]
            common = {name: (event.get(name) or None, row[name] or None) for name in COMPARED}
            own = {name: (event["payload"].get(name), value) for name, value in row["payload"].items()}
            different = {name: pair for name, pair in (common | own).items() if pair[0] != pair[1]}
            if different:
                differences.append((event["event_id"], different))
    assert not differences, f"{len(differences)} events differ: {differences[:SHOWN]}"

"""From the first set of migrations, with events in it and in Kafka, to a later one: nothing lost, views right.

Later is what has been added since, a column as `new common-column` writes it, and a type as `new event-type` does.
"""

from __future__ import annotations

import json
import shutil
import time
import uuid
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from clickhouse.authoring import check
from clickhouse.authoring.scaffold import common_column, event_type
from clickhouse.connection.client import connected, rows
from clickhouse.queue import consumer
from clickhouse.rows import rebuild
from clickhouse.schema import runner, views
from tests.integration.clickhouse.conftest import Kafka, cases, count, land, refresh, wait_until
from tests.integration.clickhouse.load import Load, flows
from tests.integration.clickhouse.rows.deeds import days_ago, event

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from clickhouse_connect.driver.client import Client

    from clickhouse.connection.settings import Settings

FIRST_SET = 23
BEFORE_ROLLUPS = 11
TYPES = {case["type"]: case for case in cases("event_types.yaml") if "stored" not in case}
TABLES = [case["table"] for case in TYPES.values()]
NOW_MS = int(time.time() * 1000)
TIMES = {"occurred_at": NOW_MS, "received_at": NOW_MS, "key_time": NOW_MS}


def line(event_type: str, who: str, *, is_bot: bool = False) -> dict[str, Any]:
    payload = TYPES[event_type]["payload"] if event_type in TYPES else {"detail": "x"}
    sent = {"event_id": str(uuid.uuid4()), "event_type": event_type, "user_id": who, **TIMES, "payload": payload}
    return {**sent, "is_bot": True, "experiment": "robots"} if is_bot else sent


def lines(*people: str) -> list[dict[str, Any]]:
    """An event of each type of each of them."""
    return [line(name, who, is_bot=who.startswith("bot")) for name in [*TYPES, "film_rating"] for who in people]


def message(*sent: dict[str, Any]) -> bytes:
    return b"\n".join(json.dumps(entry).encode() for entry in sent)


def loaded(n: int) -> dict[str, Any]:
    """An event of the load: every type in turn, the later one among them."""
    names = [*TYPES, "film_rating"]
    name = names[n % len(names)]
    return line(name, "load")


@pytest.fixture(scope="module")
def kafka_settings(empty: Settings, kafka: Kafka) -> Settings:
    return msgspec.structs.replace(empty, kafka_bootstrap=kafka.address)


@pytest.fixture(scope="module")
def later(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Migrations and views with generated changes in them."""
    folder = tmp_path_factory.mktemp("later")
    shutil.copytree(runner.FOLDER, folder / "migrations")
    shutil.copytree(views.FOLDER, folder / "views")
    (folder / "tests").mkdir()
    schema = folder / "schema.sql"
    places = (folder / "migrations", folder / "views")
    common_column.write("experiment", "LowCardinality(String)", *places)
    check.write_schema(schema, *places)
    event_type.write("film_rating", *places, folder / "tests", schema)
    return folder


@pytest.fixture(scope="module")
def load(kafka: Kafka) -> Load:
    """Started and ended by the upgrade."""
    return Load(kafka, loaded)


@pytest.fixture(scope="module")
def upgraded(kafka_settings: Settings, kafka: Kafka, later: Path, load: Load) -> Iterator[Client]:
    """Events before, while and after the schema changes: one of each type and person, and a load all the time."""
    with connected(kafka_settings) as client:
        assert len(runner.migrate(kafka_settings, to_version=FIRST_SET)) == FIRST_SET
        views.apply(client, views.load())
        kafka.send(message(*lines("before", "bot before")), b"broken before")
        wait_until(lambda: count(client, "ugc.events") == 2 * len(lines("one")), "the events of the first set")
        wait_until(lambda: consumer.is_assigned(client), "the consumer's join")
        assert count(client, "system.tables", "name = 'film_ratings'") == 0
        assert count(client, "system.columns", "database = 'ugc' AND name = 'experiment'") == 0
        with load:
            flows(client, load)
            kafka.send(message(*lines("while")))
            runner.migrate(kafka_settings, later / "migrations")
            views.apply(client, views.load(later / "views"), recreate=True)
            kafka.send(message(*lines("after", "bot")))
            flows(client, load)
        kafka.send(b"broken after")
        rebuild.rebuild(client, rebuild.find(client, "film_ratings"), lambda _: None)
        # An event is shown by the landing table a moment before the typed one, which its insert then feeds.
        people = {"events": 5 * len(lines("one")), **dict.fromkeys([*TABLES, "film_ratings"], 5)}
        for table, n in people.items():
            wait_until(
                lambda t=table, n=n: count(client, f"analytics.{t}", "identity != 'load'") >= n,  # type: ignore[misc]
                f"the events of {table}",
            )
        wait_until(lambda: count(client, "analytics.events", "identity = 'load'") >= load.sent, "the load")
        wait_until(lambda: count(client, "ugc.events_errors") == 2, "the error rows")
        yield client


@pytest.mark.parametrize("table", ["events", *TABLES, "film_ratings"])
def test_every_event_is_there_once_and_bots_are_told_apart(upgraded: Client, table: str) -> None:
    found = rows(
        upgraded,
        f"SELECT identity, is_bot, count() AS n FROM analytics.{table} WHERE identity != 'load' "
        "GROUP BY ALL ORDER BY identity",
    )
    n = len(lines("one")) if table == "events" else 1
    assert found == [
        {"identity": "after", "is_bot": False, "n": n},
        {"identity": "before", "is_bot": False, "n": n},
        {"identity": "bot", "is_bot": True, "n": n},
        {"identity": "bot before", "is_bot": True, "n": n},
        {"identity": "while", "is_bot": False, "n": n},
    ]


@pytest.mark.parametrize("table", ["events", *TABLES, "film_ratings"])
def test_a_new_column_has_what_events_carry_from_then_on(upgraded: Client, table: str) -> None:
    found = rows(
        upgraded,
        f"SELECT identity, any(experiment) AS value, uniqExact(experiment) AS n FROM analytics.{table} "
        "WHERE identity IN ('bot before', 'while', 'after', 'bot') GROUP BY identity ORDER BY identity",
    )
    assert [(row["identity"], row["value"], row["n"]) for row in found] == [
        ("after", "", 1),
        ("bot", "robots", 1),
        ("bot before", "", 1),
        ("while", "", 1),
    ]


def test_no_event_of_the_load_is_lost_or_seen_twice(upgraded: Client, load: Load) -> None:
    assert count(upgraded, "analytics.events", "identity = 'load'") == load.sent
    per_type = {name: sum(loaded(n)["event_type"] == name for n in range(1, load.sent + 1)) for name in TYPES}
    for name, n in per_type.items():
        table = TYPES[name]["table"]
        wait_until(lambda t=table, n=n: count(upgraded, f"analytics.{t}", "identity = 'load'") == n, table)  # type: ignore[misc]
    rated = load.sent - sum(per_type.values())
    wait_until(lambda: count(upgraded, "analytics.film_ratings", "identity = 'load'") == rated, "film_ratings")


def test_views_count_people_of_all_times_and_no_bots(upgraded: Client, load: Load) -> None:
    found = rows(upgraded, "SELECT active_users, events FROM analytics.daily_active_users")
    assert found == [{"active_users": 4, "events": 3 * len(lines("one")) + load.sent}]


def test_a_refused_line_keeps_its_flag_and_the_new_field(upgraded: Client, kafka: Kafka) -> None:
    kafka.send(message({**line("click", "bot", is_bot=True), "event_id": "no id"}))
    wait_until(lambda: count(upgraded, "ugc.events_errors", "raw LIKE '%no id%'") == 1, "the error row")
    (row,) = rows(upgraded, "SELECT raw FROM ugc.events_errors WHERE raw LIKE '%no id%'")
    assert json.loads(row["raw"])["is_bot"] == "true"
    assert json.loads(row["raw"])["experiment"] == "robots"


def test_consumer_lag_tells_where_the_consumer_is(upgraded: Client) -> None:
    (row,) = rows(upgraded, "SELECT * FROM analytics.consumer_lag")
    assert (row["topic"], row["partition"]) == ("ugc.events", 0)
    assert row["current_offset"] >= 6
    assert row["seconds_since_poll"] < 10
    assert row["messages_behind"] in {None, 0}, "NULL where the engine's configuration asks for no statistics"


def test_ingestion_errors_are_counted_by_kind(upgraded: Client) -> None:
    found = rows(upgraded, "SELECT error, errors, example_topic FROM analytics.ingestion_errors ORDER BY errors DESC")
    assert found[0]["errors"] == 2
    assert "Cannot parse input" in found[0]["error"]
    assert found[0]["example_topic"] == "ugc.events"


def test_back_to_the_first_set_and_up_again_loses_no_event(
    upgraded: Client, kafka_settings: Settings, kafka: Kafka, later: Path
) -> None:
    wait_until(lambda: consumer.is_assigned(upgraded), "the consumer's join")
    runner.down(kafka_settings, later / "migrations", to_version=FIRST_SET)
    views.apply(upgraded, views.load(), recreate=True)
    kafka.send(message(line("click", "back")))
    wait_until(lambda: count(upgraded, "ugc.clicks", "identity = 'back'") == 1, "an event in the first set")
    runner.migrate(kafka_settings, later / "migrations")
    views.apply(upgraded, views.load(later / "views"), recreate=True)
    kafka.send(message(line("click", "again", is_bot=True)))
    wait_until(lambda: count(upgraded, "analytics.clicks", "identity = 'again' AND is_bot") == 1, "an event after all")
    assert count(upgraded, "analytics.clicks", "identity IN ('before', 'while', 'after', 'bot', 'back')") == 5


def test_rollups_that_are_made_again_know_what_was_there_before_them(
    upgraded: Client, kafka_settings: Settings, kafka: Kafka, later: Path
) -> None:
    wait_until(lambda: consumer.is_assigned(upgraded), "the consumer's join")
    land(upgraded, event("click", "days ago", days_ago(5)))
    runner.down(kafka_settings, later / "migrations", to_version=BEFORE_ROLLUPS)
    assert count(upgraded, "system.tables", "database = 'ugc' AND name = 'activity_per_day'") == 0
    kafka.send(message(line("click", "no consumer")))
    runner.migrate(kafka_settings, later / "migrations")
    views.apply(upgraded, views.load(later / "views"), recreate=True)
    refresh(upgraded, "activity_per_day")
    assert count(upgraded, "ugc.activity_per_day", "identity_hash = cityHash64('days ago')") == 1
    wait_until(lambda: count(upgraded, "analytics.clicks", "identity = 'no consumer'") == 1, "what waited in Kafka")

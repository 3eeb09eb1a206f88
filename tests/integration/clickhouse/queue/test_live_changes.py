"""Changes of the schema while events flow: nothing is lost, nothing shown twice, and no pause is longer than 5 s.

UGC_TEST_EVENTS_PER_SECOND sets the load; 2,000 unless told otherwise.
"""

from __future__ import annotations

import shutil
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from clickhouse.authoring.scaffold import common_column, event_type
from clickhouse.connection.client import connected, execute, rows
from clickhouse.queue import consumer
from clickhouse.rows import rebuild
from clickhouse.schema import definitions, runner, views
from tests.integration.clickhouse.conftest import Kafka, count, one, wait_until
from tests.integration.clickhouse.load import Gaps, Load, click_or_rating, flows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from clickhouse_connect.driver.client import Client

    from clickhouse.connection.settings import Settings

LONGEST_PAUSE_S = 5.0


@pytest.fixture(scope="module")
def reading(empty: Settings, kafka: Kafka) -> Settings:
    settings = msgspec.structs.replace(empty, kafka_bootstrap=kafka.address)
    runner.migrate(settings)
    return settings


@pytest.fixture(scope="module")
def client(reading: Settings) -> Iterator[Client]:
    with connected(reading) as connection:
        views.apply(connection, views.load())
        wait_until(lambda: consumer.is_assigned(connection), "the group's join")
        yield connection


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    shutil.copytree(runner.FOLDER, tmp_path / "migrations")
    shutil.copytree(views.FOLDER, tmp_path / "views")
    (tmp_path / "tests").mkdir()
    return tmp_path


def assert_all_is_there_once(client: Client, load: Load) -> None:
    where = f"session_id = '{load.session}'"
    wait_until(lambda: count(client, "analytics.events", where) >= load.sent, "everything that was sent")
    shown = one(client, f"SELECT count() AS n, uniqExact(event_id) AS ids FROM analytics.events WHERE {where}")
    assert (shown["n"], shown["ids"]) == (load.sent, load.sent)
    clicks = load.sent - load.sent // 3
    wait_until(lambda: count(client, "analytics.clicks", where) == clicks, "every click in its typed table")
    assert count(client, "ugc.events_errors") == 0


def test_a_new_event_type_gets_its_table_while_events_flow(
    client: Client, reading: Settings, kafka: Kafka, folders: Path
) -> None:
    """What landed before is brought in by `rebuild`; the queue is not touched."""
    event_type.write("film_rating", folders / "migrations", folders / "views", folders / "tests")
    with Gaps(reading) as gaps, Load(kafka) as load:
        flows(client, load)
        assert len(runner.migrate(reading, folders / "migrations")) == 1
        views.apply(client, views.load(folders / "views"))
        rebuild.rebuild(client, rebuild.find(client, "film_ratings"), lambda _: None)
        flows(client, load)
    assert_all_is_there_once(client, load)
    where = f"session_id = '{load.session}'"
    wait_until(lambda: count(client, "analytics.film_ratings", where) == load.sent // 3, "every rating")
    assert gaps.longest_s < LONGEST_PAUSE_S
    runner.down(reading, folders / "migrations")
    views.apply(client, views.load())


def test_a_field_is_added_while_events_flow(client: Client, reading: Settings, kafka: Kafka) -> None:
    """The column first, the MV second: each is one step, and the queue is not touched."""
    select = rebuild.find(client, "clicks").select
    added = select.replace(" FROM ugc.events", ", JSONExtractString(payload, 'detail') AS detail FROM ugc.events")
    with Gaps(reading) as gaps, Load(kafka) as load:
        flows(client, load)
        execute(client, "ALTER TABLE ugc.clicks ADD COLUMN IF NOT EXISTS detail String")
        execute(client, f"ALTER TABLE ugc.clicks_mv MODIFY QUERY {added}")
        flows(client, load)
    assert_all_is_there_once(client, load)
    assert gaps.longest_s < LONGEST_PAUSE_S
    rebuild.rebuild(client, rebuild.find(client, "clicks"), lambda _: None)
    shown = rows(client, f"SELECT DISTINCT detail FROM ugc.clicks FINAL WHERE session_id = '{load.session}'")
    assert shown == [{"detail": "x"}]
    execute(client, f"ALTER TABLE ugc.clicks_mv MODIFY QUERY {select}")
    execute(client, "ALTER TABLE ugc.clicks DROP COLUMN detail")


def assert_the_consumer_never_threw(client: Client) -> None:
    """A change that breaks what the consumer is about to write costs it its group, and a second pause."""
    (row,) = rows(client, "SELECT exceptions.text AS texts FROM system.kafka_consumers")
    assert row["texts"] == []


class Experiments:
    """Events of which, from `start` on, every second one carries a field more, as when a new API is deployed."""

    def __init__(self) -> None:
        self._started = threading.Event()
        self.carried: Counter[tuple[str, str]] = Counter()

    def start(self) -> None:
        self._started.set()

    def __call__(self, n: int) -> dict[str, Any]:
        event = click_or_rating(n)
        if self._started.is_set() and n % 2:
            event["experiment"] = f"variant {n % 5}"
        self.carried[event["event_type"], event.get("experiment", "")] += 1
        return event


def shown_variants(client: Client, load: Load, table: str, event_type: str) -> dict[str, int]:
    where = f"session_id = '{load.session}' AND {event_type}"
    query = f"SELECT experiment, count() AS n FROM analytics.{table} WHERE {where} GROUP BY experiment"
    return {row["experiment"]: row["n"] for row in rows(client, query)}


def test_a_common_column_is_added_and_taken_away_while_events_flow(
    client: Client, reading: Settings, kafka: Kafka, folders: Path
) -> None:
    """As `new common-column` writes it: tables and typed MVs while consumption goes on, the queue last."""
    before = definitions.dump(client)
    common_column.write("experiment", "LowCardinality(String)", folders / "migrations", folders / "views")
    own = Experiments()
    with Gaps(reading) as gaps, Load(kafka, own) as load:
        flows(client, load)
        assert len(runner.migrate(reading, folders / "migrations")) == 3
        views.apply(client, views.load(folders / "views"), recreate=True)
        own.start()
        flows(client, load, 2)
    assert_all_is_there_once(client, load)
    clicks = {variant: n for (kind, variant), n in own.carried.items() if kind == "click"}
    others = {variant: n for (kind, variant), n in own.carried.items() if kind != "click"}
    assert set(clicks) == {"", *(f"variant {n}" for n in range(5))}
    assert shown_variants(client, load, "events", "event_type = 'click'") == clicks
    assert shown_variants(client, load, "events", "event_type != 'click'") == others
    assert shown_variants(client, load, "clicks", "1") == clicks
    assert_the_consumer_never_threw(client)
    assert gaps.longest_s < LONGEST_PAUSE_S
    wait_until(lambda: consumer.is_assigned(client), "the group's join")
    with Gaps(reading) as gaps, Load(kafka, own) as load:
        flows(client, load)
        assert len(runner.down(reading, folders / "migrations", steps=3)) == 3
        views.apply(client, views.load())
        flows(client, load)
    assert_all_is_there_once(client, load)
    assert_the_consumer_never_threw(client)
    assert gaps.longest_s < LONGEST_PAUSE_S
    assert definitions.dump(client) == before


def test_two_changes_of_the_queue_in_one_run_lose_no_event_either_way(
    client: Client, reading: Settings, kafka: Kafka, folders: Path, tmp_path: Path
) -> None:
    before = definitions.dump(client)
    places = (folders / "migrations", folders / "views")
    common_column.write("experiment", "LowCardinality(String)", *places)
    runner.migrate(reading, folders / "migrations")
    now = tmp_path / "schema.sql"
    now.write_text(definitions.dump(client), encoding="utf-8")
    common_column.write("seat_row", "Nullable(UInt16)", *places, now)
    runner.migrate(reading, folders / "migrations")
    wait_until(lambda: consumer.is_assigned(client), "the group's join")
    assert "seat_row" in definitions.dump(client)
    with Load(kafka, lambda n: {**click_or_rating(n), "experiment": "on", "seat_row": n % 100}) as load:
        flows(client, load)
        assert len(runner.down(reading, folders / "migrations", steps=6)) == 6
        flows(client, load)
        wait_until(lambda: consumer.is_assigned(client), "the group's join")
        assert definitions.dump(client) == before
        assert len(runner.migrate(reading, folders / "migrations")) == 6
        views.apply(client, views.load(folders / "views"))
        flows(client, load)
    assert_all_is_there_once(client, load)
    assert_the_consumer_never_threw(client)
    newest = "SELECT experiment, seat_row FROM analytics.events ORDER BY inserted_at DESC, seat_row DESC LIMIT 1"
    assert one(client, newest) == {"experiment": "on", "seat_row": 99}
    runner.down(reading, folders / "migrations", steps=6)
    views.apply(client, views.load())
    assert definitions.dump(client) == before


def test_an_mv_is_changed_while_events_flow(client: Client, reading: Settings, kafka: Kafka) -> None:
    select = rebuild.find(client, "clicks").select
    changed = select.replace("JSONExtractString(payload, 'label')", "upper(JSONExtractString(payload, 'label'))")
    assert changed != select
    with Gaps(reading) as gaps, Load(kafka) as load:
        flows(client, load)
        execute(client, f"ALTER TABLE ugc.clicks_mv MODIFY QUERY {changed}")
        flows(client, load)
    assert_all_is_there_once(client, load)
    assert gaps.longest_s < LONGEST_PAUSE_S
    rebuild.rebuild(client, rebuild.find(client, "clicks"), lambda _: None)
    shown = rows(client, f"SELECT DISTINCT label FROM analytics.clicks WHERE session_id = '{load.session}'")
    assert shown == [{"label": "LOUD"}]
    execute(client, f"ALTER TABLE ugc.clicks_mv MODIFY QUERY {select}")


def test_the_queue_is_made_again_while_events_flow(client: Client, reading: Settings, kafka: Kafka) -> None:
    with Gaps(reading) as gaps, Load(kafka) as load:
        flows(client, load)
        assert "created again" in (
            consumer.follow_brokers(client, runner.queue_statement(reading), recreate=True) or ""
        )
        flows(client, load)
    assert_all_is_there_once(client, load)
    assert gaps.longest_s < LONGEST_PAUSE_S

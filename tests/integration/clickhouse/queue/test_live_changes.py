"""Changes of the schema while events flow: nothing is lost, nothing shown twice, and no pause is longer than 5 s.

UGC_TEST_EVENTS_PER_SECOND sets the load; 2,000 unless told otherwise.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import msgspec
import pytest

from clickhouse.authoring import scaffold
from clickhouse.connection.client import connected, execute, rows
from clickhouse.queue import consumer
from clickhouse.rows import rebuild
from clickhouse.schema import runner, views
from tests.integration.clickhouse.conftest import Kafka, count, one, wait_until
from tests.integration.clickhouse.load import Gaps, Load, flows

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
    scaffold.event_type("film_rating", folders / "migrations", folders / "views", folders / "tests")
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

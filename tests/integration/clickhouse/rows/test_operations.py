"""The DBA's tools on tables: errors read again, tables rebuilt and compared. Each, twice, is as once."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from clickhouse.__main__ import main
from clickhouse.connection.client import connected, execute, rows
from clickhouse.connection.errors import OperationError, UsageError
from clickhouse.rows import landing, rebuild, reconcile, rejects
from clickhouse.schema import catalog
from tests.integration.clickhouse.conftest import as_text, count, land, one, refresh
from tests.integration.clickhouse.made_events import NOW, event, refused, wire

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from clickhouse.connection.settings import Settings

pytestmark = pytest.mark.usefixtures("emptied")


def test_a_statement_may_take_as_long_as_its_connection_says(settings: Settings) -> None:
    slow = "INSERT INTO FUNCTION null('n UInt8') SELECT sleepEachRow(0.5) FROM numbers(4) SETTINGS max_block_size = 1"
    with connected(settings, statement_s=1) as hasty, pytest.raises(OperationError, match="timed out"):
        execute(hasty, slow)
    with connected(settings, statement_s=60) as patient:
        execute(patient, slow)


# errors


def test_good_lines_of_a_message_that_could_not_be_parsed_are_brought_home_once(client: Client) -> None:
    good = [wire(), wire(event_type="rating", payload={"stars": 5}), wire(user_id=None, anonymous_id="a9")]
    refused(client, "\n".join([good[0], "{broken", "[1]", good[1], "", good[2], wire(event_id="no-uuid")]))
    counted = rejects.replay(client, rejects.Filter(), dry_run=True)
    assert (counted.rows, counted.events) == (1, 3)
    assert count(client, "ugc.events") == 0
    assert rejects.replay(client, rejects.Filter(), dry_run=False).events == 3
    row = one(client, "SELECT * FROM analytics.clicks WHERE event_id = {id:UUID}", id=json.loads(good[0])["event_id"])
    assert (row["element"], row["x"], row["label"], row["screen_width"]) == ("trailer", 7, 'a"b\n', 800)
    assert row["received_at"] == datetime.fromtimestamp(int(NOW * 1000) / 1000, tz=UTC)
    assert one(client, "SELECT user_id, identity FROM ugc.events WHERE anonymous_id = 'a9'")["identity"] == "a9"
    before = rows(client, "SELECT * FROM ugc.events ORDER BY event_id")
    assert rejects.replay(client, rejects.Filter(), dry_run=False).events == 0
    assert rows(client, "SELECT * FROM ugc.events ORDER BY event_id") == before


def test_an_event_without_its_own_times_is_brought_home_once_too(client: Client) -> None:
    refused(client, wire(received_at=None, occurred_at=None, key_time=None))
    assert rejects.replay(client, rejects.Filter(), dry_run=False).events == 1
    assert rejects.replay(client, rejects.Filter(), dry_run=False).events == 0


def test_errors_are_filtered_by_time_and_text(client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    refused(client, wire(session_id="first"), error="Timed OUT", seconds_ago=7200)
    refused(client, wire(session_id="Second"), seconds_ago=60)
    assert main(["errors", "list", "--since", "1h", "--format", "json"]) == 0
    assert [row["raw"] for row in json.loads(capsys.readouterr().out)] == [
        one(client, "SELECT raw FROM ugc.events_errors WHERE raw LIKE '%Second%'")["raw"]
    ]
    assert main(["errors", "list", "--text", "timed out"]) == 0
    assert "Timed OUT" in capsys.readouterr().out
    assert main(["errors", "replay", "--text", "second", "--dry-run"]) == 0
    assert "1 rows of errors read: 1 events in them would be brought" in capsys.readouterr().out
    assert main(["errors", "replay", "--until", "1h"]) == 0
    assert {row["session_id"] for row in rows(client, "SELECT session_id FROM ugc.events")} == {"first"}


def test_what_was_read_some_time_ago_counts_as_written_now_so_that_its_day_is_counted_again(client: Client) -> None:
    at = NOW - 3 * 86400
    land(client, event(key_time=at, occurred_at=at, received_at=at))
    execute(client, "CREATE TABLE ugc.aside AS ugc.events ENGINE = MergeTree ORDER BY tuple()")
    try:
        columns = ", ".join(catalog.columns(client, "ugc.events"))
        execute(client, f"INSERT INTO ugc.aside ({columns}) SELECT {columns} FROM ugc.events")
        execute(client, "TRUNCATE TABLE ugc.events")
        execute(client, "TRUNCATE TABLE ugc.days_requested")
        refresh(client)
        assert count(client, "analytics.sessions") == count(client, "analytics.daily_active_users") == 0
        assert landing.insert_new(client, "SELECT * FROM ugc.aside") == 1
        refresh(client)
        assert count(client, "analytics.sessions") == count(client, "analytics.daily_active_users") == 1
    finally:
        execute(client, "DROP TABLE ugc.aside")


def test_an_event_comes_again_only_as_a_copy_that_was_received_earlier_or_as_another_event(client: Client) -> None:
    sent = event()
    land(client, sent)
    execute(client, "CREATE TABLE ugc.aside AS ugc.events ENGINE = MergeTree ORDER BY tuple()")
    try:
        for brought, changed in (
            (0, {}),
            (0, {"received_at": sent["received_at"] + 60}),
            (1, {"received_at": sent["received_at"] - 60}),
            (1, {"event_type": "custom"}),
            (1, {"identity": "u2", "user_id": "u2"}),
        ):
            execute(client, "TRUNCATE TABLE ugc.aside")
            again = {
                name: as_text(each) if name.endswith(("_at", "_time")) else each
                for name, each in {**sent, **changed}.items()
            }
            block = json.dumps({**again, "payload": json.dumps(sent["payload"])}).encode()
            client.raw_insert("ugc.aside", insert_block=block, fmt="JSONEachRow")
            assert landing.insert_new(client, "SELECT * FROM ugc.aside") == brought, changed
        shown = rows(client, "SELECT event_type, identity, received_at FROM analytics.events ORDER BY ALL")
        assert [(row["event_type"], row["identity"]) for row in shown] == [
            ("click", "u1"),
            ("click", "u2"),
            ("custom", "u1"),
        ]
        assert shown[0]["received_at"].timestamp() == pytest.approx(sent["received_at"] - 60, abs=0.001)
        assert main(["reconcile", "--settle", "0"]) == 0, "events under one id are no difference"
    finally:
        execute(client, "DROP TABLE ugc.aside")


# rebuild


def test_a_rebuilt_table_has_what_it_lost_and_keeps_what_the_landing_table_forgot(
    client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    months = [event(key_time=NOW - days * 86400) for days in (0, 40, 80)]
    land(client, *months, event("video_complete"))
    execute(client, "TRUNCATE TABLE ugc.clicks")
    forgotten = str(uuid.uuid4())
    execute(
        client,
        "INSERT INTO ugc.clicks (event_id, key_time, received_at) VALUES ({id:UUID}, now(), now())",
        id=forgotten,
    )
    assert main(["rebuild", "clicks"]) == 0
    assert "3 events written again; the table had 1 and has 4" in capsys.readouterr().out
    shown = rows(client, "SELECT * FROM analytics.clicks ORDER BY event_id")
    assert len(shown) == 4
    assert main(["rebuild", "ugc.clicks"]) == 0
    assert rows(client, "SELECT * FROM analytics.clicks ORDER BY event_id") == shown
    assert count(client, "ugc.video_completions") == 1


def test_a_rebuild_gives_old_rows_what_a_changed_mv_says(client: Client) -> None:
    land(client, event(payload={"element": "movie", "label": "loud"}))
    typed = rebuild.find(client, "click")
    try:
        changed = typed.select.replace(
            "JSONExtractString(payload, 'label')", "upper(JSONExtractString(payload, 'label'))"
        )
        execute(client, f"ALTER TABLE ugc.clicks_mv MODIFY QUERY {changed}")
        rebuild.rebuild(client, rebuild.find(client, "clicks"), lambda _: None)
        assert [row["label"] for row in rows(client, "SELECT label FROM analytics.clicks")] == ["LOUD"]
    finally:
        execute(client, f"ALTER TABLE ugc.clicks_mv MODIFY QUERY {typed.select}")


def test_a_rebuild_takes_away_what_a_changed_mv_does_not_give_or_gives_to_somebody_else(
    client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    land(client, event(payload={"label": "gone"}), event(user_id="Ann"), event(user_id="bob"))
    land(client, event(key_time=NOW - 40 * 86400, user_id="Eve"))
    forgotten = "SELECT generateUUIDv4(), now(), now(), 'forgotten'"
    execute(client, f"INSERT INTO ugc.clicks (event_id, key_time, received_at, identity) {forgotten}")
    typed = rebuild.find(client, "click")
    try:
        changed = typed.select.replace(" identity,", " lower(identity) AS identity,", 1)
        execute(client, f"ALTER TABLE ugc.clicks_mv MODIFY QUERY {changed} AND payload NOT LIKE '%gone%'")
        assert main(["rebuild", "clicks"]) == 0
        assert "3 rows were deleted" in capsys.readouterr().out
        shown = rows(client, "SELECT identity FROM analytics.clicks ORDER BY identity")
        assert [row["identity"] for row in shown] == ["ann", "bob", "eve", "forgotten"]
        assert main(["rebuild", "clicks"]) == 0
        assert "deleted" not in capsys.readouterr().out
    finally:
        execute(client, f"ALTER TABLE ugc.clicks_mv MODIFY QUERY {typed.select}")


def test_what_is_no_typed_table_is_refused_with_those_there_are(client: Client) -> None:
    with pytest.raises(UsageError, match="those are clicks, custom_events, page_leaves"):
        rebuild.find(client, "nothing")


# reconcile


def test_a_difference_is_told_by_type_and_hour_and_repaired(client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    land(client, *(event() for _ in range(3)), event(key_time=0, received_at=NOW), event("page_view"))
    assert main(["reconcile", "--settle", "0"]) == 0
    execute(client, "TRUNCATE TABLE ugc.clicks")
    assert main(["reconcile", "--settle", "0", "--format", "json"]) == 1
    told = json.loads(capsys.readouterr().out.partition("\n")[2])
    assert sorted((hour["event_type"], hour["landed"], hour["missing"]) for hour in told["hours"]) == [
        ("click", 1, 1),
        ("click", 3, 3),
    ]
    assert main(["reconcile", "--settle", "0", "--repair"]) == 0
    assert "wrote to ugc.clicks what was missing" in capsys.readouterr().out
    repaired = rows(client, "SELECT * FROM ugc.clicks ORDER BY event_id")
    assert len(repaired) == 4
    assert main(["reconcile", "--settle", "0", "--repair"]) == 0
    assert "5 events compared: no difference" in capsys.readouterr().out
    assert rows(client, "SELECT * FROM ugc.clicks ORDER BY event_id") == repaired


def test_copies_that_are_not_merged_are_no_difference_and_what_never_landed_is(client: Client) -> None:
    twice = event()
    land(client, twice)
    land(client, {**twice, "received_at": NOW + 3600})
    execute(client, "OPTIMIZE TABLE ugc.clicks FINAL")
    since = datetime.now(UTC) - timedelta(days=7)
    assert not reconcile.reconcile(client, since, settle_s=0).differs
    execute(client, "INSERT INTO ugc.clicks (event_id, key_time, received_at) SELECT generateUUIDv4(), now(), now()")
    result = reconcile.reconcile(client, since, settle_s=0)
    assert [(hour.missing, hour.extra) for hour in result.hours if hour.differs] == [(0, 1)]
    assert reconcile.repair(client, result, since) == []


def test_what_the_landing_table_keeps_no_longer_is_no_difference(client: Client) -> None:
    long_ago = NOW - 95 * 86400
    land(client, event(), event(key_time=long_ago, occurred_at=long_ago, received_at=long_ago))
    execute(client, "OPTIMIZE TABLE ugc.events FINAL")
    assert (count(client, "ugc.events"), count(client, "ugc.clicks")) == (1, 2)
    result = reconcile.reconcile(client, datetime.now(UTC) - timedelta(days=120), settle_s=0)
    assert sum(hour.landed for hour in result.hours) == 1
    assert not result.differs


def test_a_repair_leaves_out_a_column_that_the_mv_does_not_write_yet(client: Client) -> None:
    land(client, event())
    execute(client, "TRUNCATE TABLE ugc.clicks")
    execute(client, "ALTER TABLE ugc.clicks ADD COLUMN colour String DEFAULT 'none'")
    try:
        assert main(["reconcile", "--settle", "0", "--repair"]) == 0
        assert one(client, "SELECT colour FROM ugc.clicks")["colour"] == "none"
    finally:
        execute(client, "ALTER TABLE ugc.clicks DROP COLUMN colour")


def test_a_type_whose_mv_is_gone_is_a_difference(client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    ddl = one(
        client, "SELECT create_table_query AS ddl FROM system.tables WHERE database = 'ugc' AND name = 'clicks_mv'"
    )
    execute(client, "DROP VIEW ugc.clicks_mv")
    try:
        assert main(["reconcile", "--settle", "0"]) == 1
        assert "click has no MV" in capsys.readouterr().out
        with pytest.raises(OperationError, match=r"ugc\.clicks_mv, which says how ugc\.clicks is filled, is missing"):
            rebuild.find(client, "clicks")
    finally:
        execute(client, ddl["ddl"])

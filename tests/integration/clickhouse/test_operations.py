"""The DBA's tools on tables: errors read again, tables rebuilt and compared, people erased. Each, twice, is as once."""

from __future__ import annotations

import json
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from clickhouse import catalog, erase, errors_table, rebuild, reconcile
from clickhouse.__main__ import main
from clickhouse.client import execute, rows
from clickhouse.errors import OperationError, UsageError
from tests.integration.clickhouse.conftest import count, land, one

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from clickhouse.settings import Settings

NOW = time.time()


@pytest.fixture(autouse=True)
def environment(settings: Settings, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UGC_CLICKHOUSE_URL", settings.url)
    monkeypatch.setenv("UGC_KAFKA_BOOTSTRAP", "127.0.0.1:1")
    for row in rows(client, "SELECT name FROM system.tables WHERE database = 'ugc' AND engine LIKE '%MergeTree'"):
        if row["name"] != "schema_versions":
            execute(client, f"TRUNCATE TABLE ugc.{row['name']}")


def event(event_type: str = "click", **fields: Any) -> dict[str, Any]:
    """A row of the landing table, an hour old unless told otherwise."""
    user = fields.get("user_id", "u1")
    return {
        "event_type": event_type,
        "event_id": str(uuid.uuid4()),
        "key_time": NOW - 3600,
        "occurred_at": NOW - 3600,
        "received_at": NOW - 3599,
        "user_id": user,
        "identity": user or fields.get("anonymous_id", ""),
        "payload": {"element": "movie", "movie_id": "tt1", "duration_ms": 5},
        **fields,
    }


def refused(client: Client, raw: str, error: str = "Cannot parse input", seconds_ago: float = 60) -> None:
    at = datetime.fromtimestamp(NOW - seconds_ago, tz=UTC).strftime("%Y-%m-%d %H:%M:%S")
    row = {
        "kafka_timestamp": at,
        "kafka_topic": "ugc.events",
        "kafka_offset": 7,
        "error": error,
        "raw": raw,
        "inserted_at": at,
    }
    client.raw_insert("ugc.events_errors", insert_block=json.dumps(row).encode(), fmt="JSONEachRow")


def wire(**fields: Any) -> str:
    now_ms = int(NOW * 1000)
    line = {
        "event_id": str(uuid.uuid4()),
        "event_type": "click",
        "user_id": "u1",
        "occurred_at": now_ms - 1000,
        "received_at": now_ms,
        "key_time": now_ms - 1000,
        "screen_width": 800,
        "payload": {"element": "trailer", "x": 7, "label": 'a"b\n'},
    }
    return json.dumps({**line, **fields})


# errors


def test_good_lines_of_a_message_that_could_not_be_parsed_are_brought_home_once(client: Client) -> None:
    good = [wire(), wire(event_type="rating", payload={"stars": 5}), wire(user_id=None, anonymous_id="a9")]
    refused(client, "\n".join([good[0], "{broken", "[1]", good[1], "", good[2], wire(event_id="no-uuid")]))
    counted = errors_table.replay(client, errors_table.Filter(), dry_run=True)
    assert (counted.rows, counted.events) == (1, 3)
    assert count(client, "ugc.events") == 0
    assert errors_table.replay(client, errors_table.Filter(), dry_run=False).events == 3
    row = one(client, "SELECT * FROM analytics.clicks WHERE event_id = {id:UUID}", id=json.loads(good[0])["event_id"])
    assert (row["element"], row["x"], row["label"], row["screen_width"]) == ("trailer", 7, 'a"b\n', 800)
    assert row["received_at"] == datetime.fromtimestamp(int(NOW * 1000) / 1000, tz=UTC)
    assert one(client, "SELECT user_id, identity FROM ugc.events WHERE anonymous_id = 'a9'")["identity"] == "a9"
    before = rows(client, "SELECT * FROM ugc.events ORDER BY event_id")
    assert errors_table.replay(client, errors_table.Filter(), dry_run=False).events == 0
    assert rows(client, "SELECT * FROM ugc.events ORDER BY event_id") == before


def test_an_event_without_its_own_times_is_brought_home_once_too(client: Client) -> None:
    refused(client, wire(received_at=None, occurred_at=None, key_time=None))
    assert errors_table.replay(client, errors_table.Filter(), dry_run=False).events == 1
    assert errors_table.replay(client, errors_table.Filter(), dry_run=False).events == 0


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


def test_what_is_no_typed_table_is_refused_with_those_there_are(client: Client) -> None:
    with pytest.raises(UsageError, match="there are clicks, custom_events, page_leaves"):
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


# erase

VICTIM, OTHER = "o'n\"eil\\é", "o'n"


def stored(client: Client) -> list[str]:
    return [
        f"ugc.{row['name']}"
        for row in rows(client, "SELECT name FROM system.tables WHERE database = 'ugc' AND engine LIKE '%MergeTree'")
        if row["name"] != "schema_versions"
    ]


def fill(client: Client) -> None:
    """Two people, signed in and not, with events of every type, in errors and in rollups."""
    types = catalog.in_files()
    for who in (VICTIM, OTHER):
        land(client, *(event(name, user_id=who, anonymous_id=f"a-{who}") for name in types))
        land(
            client,
            event("page_view", user_id="", anonymous_id=f"a-{who}", payload={"page_type": "movie", "page_id": who}),
        )
        for identity in (who, f"a-{who}"):
            execute(
                client,
                "INSERT INTO ugc.sessions (day, identity, started_at, refreshed_at) "
                "SELECT today(), {who:String}, now(), now()",
                who=identity,
            )
        refused(client, wire(user_id=who))
        refused(client, "{broken " + json.dumps({"anonymous_id": f"a-{who}"}, ensure_ascii=False))
        refused(client, json.dumps({"cut": json.dumps({"user_id": who})}))
        refused(client, json.dumps({"user_id": who})[:-2])
    for name in ("activity", "pages", "films", "searches"):
        execute(client, f"INSERT INTO ugc.{name}_per_day SELECT *, now64(3) - 60 FROM ugc.{name}_per_day_live")


def mentions(client: Client, who: str) -> dict[str, int]:
    """In how many rows of each table the person is, in any column."""
    found = {}
    needles = [who, json.dumps(who)[1:-1], json.dumps(json.dumps(who))[3:-3]]
    for table in stored(client):
        lines = client.raw_query(f"SELECT * FROM {table}", fmt="JSONEachRow").decode().splitlines()
        values = [[str(value) for value in json.loads(line).values()] for line in lines]
        hashes = {str(one(client, "SELECT cityHash64({who:String}) AS h", who=each)["h"]) for each in (who, f"a-{who}")}
        found[table] = sum(
            any(value in hashes or any(needle in value for needle in needles) for value in row) for row in values
        )
    return {table: number for table, number in found.items() if number}


def test_an_erased_person_is_in_no_table_and_others_are_untouched(
    client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(client)
    tables = {"ugc.events", "ugc.events_errors", "ugc.clicks", "ugc.page_views", "ugc.activity_per_day", "ugc.sessions"}
    assert tables <= set(mentions(client, VICTIM))
    others = {
        table: count(client, table, f"user_id = '{OTHER.replace(chr(39), chr(92) + chr(39))}'")
        for table in ("ugc.events", "ugc.clicks")
    }
    assert main(["erase", "--user-id", VICTIM, "--anonymous-id", f"a-{VICTIM}", "--dry-run"]) == 0
    assert "nothing was deleted" in capsys.readouterr().out
    assert tables <= set(mentions(client, VICTIM))
    assert main(["erase", "--user-id", VICTIM, "--anonymous-id", f"a-{VICTIM}"]) == 2
    assert "add --yes" in capsys.readouterr().err
    assert main(["erase", "--user-id", VICTIM, "--anonymous-id", f"a-{VICTIM}", "--yes"]) == 0
    assert "a query finds none of them any more" in capsys.readouterr().out
    assert mentions(client, VICTIM) == {}
    assert others == {
        table: count(client, table, f"user_id = '{OTHER.replace(chr(39), chr(92) + chr(39))}'") for table in others
    }
    assert count(client, "ugc.events_errors FINAL") == 4
    assert count(client, "ugc.sessions FINAL") == 2
    assert one(client, "SELECT sum(active_users) AS n FROM ugc.pages_per_day FINAL")["n"] >= 1
    assert count(client, "ugc.activity_per_day FINAL", "identity_hash != 0") == 2
    assert main(["erase", "--user-id", VICTIM, "--yes", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["outcome"] == "nothing was deleted"


def test_everything_before_a_time_goes_and_what_came_later_and_rollups_stay(client: Client) -> None:
    fill(client)
    land(client, event(occurred_at=NOW - 20 * 86400, received_at=NOW - 20 * 86400, key_time=NOW - 20 * 86400))
    rollup = count(client, "ugc.activity_per_day")
    clicks = count(client, "ugc.clicks")
    request = erase.Request(before=datetime.now(UTC) - timedelta(days=10))
    parts = erase.plan(client, request)
    assert {part.table: part.rows for part in parts if part.rows} == {"ugc.events": 1, "ugc.clicks": 1}
    erase.erase(client, request, parts)
    assert count(client, "ugc.clicks") == clicks - 1
    assert count(client, "ugc.activity_per_day") == rollup


@pytest.mark.parametrize("arguments", [["erase"], ["erase", "--user-id", ""], ["erase", "--anonymous-id", "", "--yes"]])
def test_an_erasure_of_nobody_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert capsys.readouterr().err.startswith("error: ")

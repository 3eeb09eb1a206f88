"""`erase`: a person leaves every table, others stay, and the operator is asked and told."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from clickhouse.__main__ import main
from clickhouse.connection.client import execute, rows
from clickhouse.rows import erase
from clickhouse.schema import catalog
from tests.integration.clickhouse.conftest import count, land, one
from tests.integration.clickhouse.made_events import NOW, event, refused, wire

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

pytestmark = pytest.mark.usefixtures("emptied")

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
        execute(
            client,
            f"INSERT INTO ugc.{name}_per_day SELECT *, now64(3) - 60, now64(3) - 60 FROM ugc.{name}_per_day_live",
        )


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
    assert "a query finds none of them any longer" in capsys.readouterr().out
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


def test_the_operator_is_told_where_the_person_still_is(client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    land(client, event())
    execute(client, "CREATE TABLE ugc.events_replay_rows AS ugc.events ENGINE = MergeTree ORDER BY tuple()")
    execute(client, "INSERT INTO ugc.events_replay_rows SELECT * FROM ugc.events")
    try:
        assert main(["erase", "--user-id", "u1", "--format", "json", "--yes"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert {row["table"]: row["rows"] for row in told["tables"]}["ugc.events_replay_rows"] == 1
        assert [note.partition(":")[0] for note in told["notes"]] == [
            "Kafka has its messages until its own retention is over",
            "a replay is under way, or was interrupted",
        ]
    finally:
        execute(client, "DROP TABLE ugc.events_replay_rows")

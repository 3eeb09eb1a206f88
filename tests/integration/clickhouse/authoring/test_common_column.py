"""`new common-column NAME TYPE`: what it writes keeps the rules and migrates, once and again; types read the wire."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from clickhouse.authoring import check, validation
from clickhouse.authoring.engine import ephemeral_engine
from clickhouse.authoring.scaffold import column_types, common_column
from clickhouse.connection.client import connected, execute, rows
from clickhouse.schema import catalog, definitions, runner, views
from tests.integration.clickhouse.conftest import HERE

if TYPE_CHECKING:
    from pathlib import Path

    from clickhouse_connect.driver.client import Client

TYPES: dict[str, dict[str, Any]] = yaml.safe_load(
    (HERE / "authoring" / "column_types.yaml").read_text(encoding="utf-8")
)


@pytest.mark.parametrize("name", TYPES)
def test_a_field_of_the_wire_becomes_a_value_of_the_type_and_never_throws_or_wraps(client: Client, name: str) -> None:
    kind = column_types.column_type(name)
    execute(client, f"CREATE OR REPLACE TABLE ugc.read (sent String, got {name}) ENGINE = Memory")
    execute(client, "CREATE OR REPLACE TABLE ugc.wire (field String) ENGINE = Memory")
    lines = "\n".join(json.dumps({"field": sent}) for sent in TYPES[name])
    client.raw_insert("ugc.wire", insert_block=lines.encode(), fmt="JSONEachRow")
    execute(client, f"INSERT INTO ugc.read SELECT q.field AS sent, {kind.read('field')} AS got FROM ugc.wire AS q")
    found = {row["sent"]: row["got"] for row in rows(client, "SELECT sent, got FROM ugc.read")}
    assert found == TYPES[name]
    assert {sent: type(got) for sent, got in found.items()} == {sent: type(got) for sent, got in TYPES[name].items()}
    execute(client, "DROP TABLE ugc.read")
    execute(client, "DROP TABLE ugc.wire")


def test_a_column_and_a_second_one_keep_the_rules_stand_in_their_place_and_go_up_and_down(tmp_path: Path) -> None:
    folders = (
        shutil.copytree(runner.FOLDER, tmp_path / "migrations"),
        shutil.copytree(views.FOLDER, tmp_path / "views"),
    )
    schema = tmp_path / "schema.sql"
    added = {"experiment": "LowCardinality(String)", "seat_row": "Nullable(UInt16)"}
    for name, kind in added.items():
        check.write_schema(schema, *folders)
        common_column.write(name, kind, *folders, schema)
        assert validation.problems(*folders) == []
    with ephemeral_engine() as settings, connected(settings) as client:
        runner.migrate(settings, folders[0])
        views.apply(client, views.load(folders[1]))
        landing = catalog.columns(client, "ugc.events")
        after_bots = landing.index("is_bot") + 1
        assert landing[after_bots : after_bots + 3] == [*added, "payload"]
        tables = [typed.table for typed in catalog.on_server(client).values()]
        assert len(tables) == len(catalog.in_files())
        for table in ["ugc.events", *tables]:
            for names in (catalog.columns(client, table), catalog.columns(client, f"analytics.{table[4:]}")):
                place = names.index("is_bot") + 1
                assert names[place : place + 2] == [*added]
        for typed in catalog.on_server(client).values():
            assert set(added) <= set(catalog.written(client, typed))
        assert list(added) == [
            name for name in catalog.wire_columns(catalog.consumer_select(client, "events_mv", "q")) if name in added
        ]
        runner.down(settings, folders[0], steps=3)
        views.apply(client, views.load(folders[1]))
        assert set(catalog.columns(client, "ugc.clicks")) & set(added) == {"experiment"}
        assert "seat_row" not in definitions.dump(client)
    assert "all is well" in list(check.run(*folders))[-1]

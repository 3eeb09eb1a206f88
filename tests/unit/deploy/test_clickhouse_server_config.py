"""clickhouse/server: the production server's configuration, loaded into the embedded engine where that can read it."""

from __future__ import annotations

import json
import subprocess
import sys
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

ROOT = Path(__file__).parents[3]
SERVER = ROOT / "clickhouse" / "server"
CONFIG = SERVER / "config.d" / "ugc.xml"
USERS = SERVER / "users.d" / "ugc.xml"

# Loads the configuration file argv[1] with data in argv[2], runs the statements of argv[3], prints the rows of each.
CHILD = """
import json, sys
import chdb
connection = chdb.connect(f"{sys.argv[2]}?config-file={sys.argv[1]}")
print(json.dumps([connection.query(sql, "TSV").bytes().decode() for sql in json.loads(sys.argv[3])]))
"""


def tree(path: Path) -> ET.Element:
    return ET.parse(path).getroot()  # noqa: S314 - our own file


def text(path: Path, where: str) -> str:
    found = tree(path).findtext(where)
    assert found is not None, where
    return found.strip()


def run(folder: Path, *statements: str) -> list[str]:
    """Run statements in an engine that was started with config.d/ugc.xml, its backups below the folder."""
    config = folder / "config.xml"
    (folder / "backups").mkdir(exist_ok=True)
    config.write_text(CONFIG.read_text().replace("<path>/backups/</path>", f"<path>{folder}/backups/</path>"))
    command = [sys.executable, "-c", CHILD, str(config), str(folder / "data"), json.dumps(statements)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    rows: list[str] = json.loads(done.stdout.splitlines()[-1])
    return rows


@pytest.mark.parametrize("path", sorted(SERVER.rglob("*.xml")), ids=lambda path: str(path.relative_to(SERVER)))
def test_every_file_is_well_formed_and_mounted_by_the_compose_file(path: Path) -> None:
    assert tree(path).tag == "clickhouse"
    assert (
        f"./{path.relative_to(ROOT)}:/etc/clickhouse-server/{path.relative_to(SERVER)}:ro"
        in (ROOT / "docker-compose.yml").read_text()
    )


def test_engine_takes_the_settings_of_the_server(tmp_path: Path) -> None:
    names = {
        "async_load_databases": "0",
        "mark_cache_size": text(CONFIG, "mark_cache_size"),
        "max_server_memory_usage_to_ram_ratio": text(CONFIG, "max_server_memory_usage_to_ram_ratio"),
    }
    (rows,) = run(tmp_path, "SELECT name, value FROM system.server_settings")
    values: dict[str, Any] = dict(line.split("\t") for line in rows.splitlines())
    assert {name: values[name] for name in names} == names
    sections = {"kafka", "storage_configuration", "backups", "logger", "timezone"}
    plain = {child.tag for child in tree(CONFIG) if not child.tag.endswith("_log")} - sections
    assert plain - set(values) == set(), "settings that the engine does not know"


def test_engine_knows_every_setting_of_the_profiles(tmp_path: Path) -> None:
    used = {setting.tag for profile in tree(USERS).iterfind("profiles/*") for setting in profile} - {"profile"}
    (rows,) = run(tmp_path, "SELECT name FROM system.settings")
    assert used - set(rows.splitlines()) == set()


def test_database_comes_back_from_a_backup_on_the_configured_disk(tmp_path: Path) -> None:
    rows = run(
        tmp_path,
        "CREATE DATABASE b",
        "CREATE TABLE b.source (id UInt32) ENGINE = MergeTree ORDER BY id",
        "CREATE TABLE b.target (id UInt32) ENGINE = MergeTree ORDER BY id",
        "CREATE MATERIALIZED VIEW b.mv TO b.target AS SELECT id FROM b.source",
        "INSERT INTO b.source SELECT number FROM numbers(1000)",
        "BACKUP DATABASE b TO Disk('backups', 'first/')",
        "DROP DATABASE b",
        "RESTORE DATABASE b FROM Disk('backups', 'first/')",
        "SELECT count() FROM b.source",
        "SELECT count() FROM b.target",
    )
    assert rows[-2:] == ["1000\n", "1000\n"], "and the view has not run again over what was restored"


def test_killed_server_gives_its_partitions_back_within_ten_seconds() -> None:
    session_ms = int(text(CONFIG, "kafka/session_timeout_ms"))
    assert 6000 <= session_ms <= 10_000
    assert int(text(CONFIG, "kafka/heartbeat_interval_ms")) <= session_ms / 3


def test_no_view_can_miss_rows_because_tables_load_before_queries() -> None:
    assert text(CONFIG, "async_load_databases") == "false"


def test_system_logs_are_bounded_in_time_or_off() -> None:
    logs = [child for child in tree(CONFIG) if child.tag.endswith("_log")]
    assert logs
    for log in logs:
        assert log.get("remove") == "1" or "INTERVAL" in (log.findtext("ttl") or ""), log.tag


def test_user_without_password_is_removed() -> None:
    users = {user.tag: user for user in tree(USERS).iterfind("users/*")}
    assert set(users) == {"default", "ugc"}
    assert users["default"].get("remove") == "1"


def test_password_is_in_no_file_but_comes_from_the_environment() -> None:
    password = tree(USERS).find("users/ugc/password")
    assert password is not None
    assert password.attrib == {"from_env": "CLICKHOUSE_PASSWORD"}
    assert not password.text


def test_user_can_log_in_from_private_networks_only() -> None:
    networks = [ip_network(node.text or "") for node in tree(USERS).iterfind("users/ugc/networks/*")]
    assert networks
    assert all(network.is_private or network.is_loopback for network in networks)


def test_background_consumption_has_no_limit_that_could_stop_it() -> None:
    default = tree(USERS).find("profiles/default")
    assert default is not None
    assert [setting.tag for setting in default] == ["deduplicate_blocks_in_dependent_materialized_views"]
    assert text(USERS, "users/ugc/profile") == "interactive"

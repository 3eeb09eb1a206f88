"""What a statement reaches, over HTTP: `reach.yaml`. Nothing outside of the server's folder is read, made or called."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from local.clickhouse_server.access import names, walls
from tests.integration.local_clickhouse.process import Server

if TYPE_CHECKING:
    from collections.abc import Iterator

CASES: dict[str, list[str]] = yaml.safe_load(Path(__file__).with_name("reach.yaml").read_text(encoding="utf-8"))
CONTENT = "a,secret\n1,of the user\n"
# Refused by name, by the engine's grants, by its settings or backups, or not known to this build at all.
REFUSALS = {"497", "358", "48", "452", "36", "62"}
with_walls = pytest.mark.skipif(not walls.available(), reason="this kernel has no Landlock")


class Outside:
    """What is not the server's: a file, the place of another, and a port that counts who calls."""

    def __init__(self, folder: Path) -> None:
        self.secret, self.new = folder / "secret.csv", folder / "new"
        self.secret.write_text(CONTENT)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setblocking(False)  # noqa: FBT003 - the socket's own signature
        self._before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
        self._folder = folder

    def fill(self, statement: str) -> bytes:
        port = self._listener.getsockname()[1]
        for name, value in (("<secret>", self.secret), ("<new>", self.new), ("<port>", port)):
            statement = statement.replace(name, str(value))
        return statement.encode()

    def assert_untouched(self) -> None:
        assert {path: path.stat().st_mtime_ns for path in self._folder.rglob("*")} == self._before
        with pytest.raises(BlockingIOError):
            self._listener.accept()

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[Outside]:
    made = Outside(tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize("statement", CASES["refused"])
def test_statement_that_reaches_out_is_refused(server: Server, outside: Outside, statement: str) -> None:
    answer = server.request(body=outside.fill(statement))
    assert answer.status != 200, answer.data
    assert answer.headers["X-ClickHouse-Exception-Code"] in REFUSALS, answer.data
    assert b"of the user" not in answer.data
    outside.assert_untouched()
    assert server.request("GET", path="/ping").status == 200


@with_walls
@pytest.mark.parametrize("statement", CASES["behind_walls"])
def test_no_file_outside_opens_whatever_opens_it(server: Server, outside: Outside, statement: str) -> None:
    server.sql("CREATE TABLE IF NOT EXISTS taken (a String) ENGINE = Memory")
    answer = server.request(body=outside.fill(statement))
    assert answer.status != 200, answer.data
    assert b"of the user" not in answer.data
    assert server.sql("SELECT count() FROM taken") == "0"
    outside.assert_untouched()


def test_names_of_something_else_pass(server: Server, outside: Outside) -> None:
    for statement in CASES["passes"]:
        answer = server.request(body=outside.fill(statement))
        assert answer.status == 200, (statement, answer.data)


@pytest.mark.parametrize(
    ("statement", "options"),
    [
        ("SELECT * FROM format({f:String}, {s:String}, {d:String})", {"param_f": "Values", "param_d": "(file('x'))"}),
        ("SELECT 1", {"default_format": "CSV SETTINGS a = 1; SELECT file('x')"}),
        ("SELECT 1", {"format_template_row": "/etc/hostname"}),
        ("SELECT 1", {"additional_result_filter": "file('x') = ''"}),
    ],
)
def test_what_stands_in_the_url_is_judged_like_the_statement(
    server: Server, statement: str, options: dict[str, str]
) -> None:
    answer = server.request("POST", statement.encode(), None, "/", raw=False, param_s="a String", **options)
    assert answer.headers["X-ClickHouse-Exception-Code"] in {"497", "452", "73"}, answer.data


def test_form_reaches_nothing_that_a_statement_does_not(server: Server, outside: Outside) -> None:
    structure = "a Int8) ENGINE = File(CSV, '/tmp/x') AS SELECT file('/etc/hostname') --"
    for fields in ({"t_structure": structure}, {"t_structure": "a String", "t_format": "CSV; SELECT 1"}):
        answer = server.http.request("POST", server.url + "/?query=SELECT+1", fields={**fields, "t": ("t", b"x")})
        assert answer.status != 200, answer.data
    outside.assert_untouched()


def test_lists_have_all_that_the_engine_has(server: Server) -> None:
    def of_engine(table: str) -> set[str]:
        return set(server.sql(f"SELECT name FROM system.{table}").split())

    assert of_engine("table_functions") == names.TABLE_FUNCTIONS_INSIDE | names.TABLE_FUNCTIONS_OUTSIDE
    assert of_engine("table_engines") == names.TABLE_ENGINES_INSIDE | names.TABLE_ENGINES_OUTSIDE
    assert of_engine("database_engines") == names.DATABASE_ENGINES_INSIDE | names.DATABASE_ENGINES_OUTSIDE


def test_what_was_made_while_it_was_allowed_is_withheld(tmp_path: Path, outside: Outside) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    source = "SOURCE(EXECUTABLE(command 'echo 1,x' format CSV))"
    made = (
        "CREATE TABLE t (a String) ENGINE = URL('http://127.0.0.1:<port>/', CSV)",
        "CREATE VIEW v AS SELECT file('<secret>') AS a",
        f"CREATE DICTIONARY d (a UInt64, b String) PRIMARY KEY a {source} LAYOUT(FLAT()) LIFETIME(0)",
    )
    server = Server(folder, UGC_CLICKHOUSE_ALLOW_REACH="1")
    for statement in made:
        server.sql(outside.fill(statement).decode())
    server.sql("CREATE FUNCTION reads AS x -> file(x)")
    server.sql("CREATE VIEW inner_view AS SELECT * FROM v")
    reads = f"SELECT reads('{outside.secret}')"
    assert "of the user" in server.sql(reads)
    assert "of the user" in server.sql("SELECT * FROM inner_view")
    assert server.sql("SELECT * FROM d") == "1\tx"
    assert server.stop() == 0

    server = Server(folder)
    for kind, name in (("TABLE", "t"), ("TABLE", "v"), ("DICTIONARY", "d")):
        for statement in (
            f"SELECT * FROM {name}",
            f"ATTACH {kind} {name}",
            f"ATTACH {kind} IF NOT EXISTS default.{name}",
        ):
            answer = server.request(body=statement.encode())
            assert answer.headers["X-ClickHouse-Exception-Code"] in {"60", "497"}, answer.data
    assert server.request(body=reads.encode()).headers["X-ClickHouse-Exception-Code"] == "497"
    assert server.request(body=b"SELECT * FROM inner_view").status == 404
    assert server.stop() == 0

    server = Server(folder, UGC_CLICKHOUSE_ALLOW_REACH="1")
    assert "of the user" in server.sql("SELECT * FROM inner_view")
    assert server.sql("SELECT * FROM d") == "1\tx"
    assert server.stop() == 0


def test_relative_names_of_files_begin_in_a_folder_of_the_server(tmp_path: Path) -> None:
    source_tree = Path(__file__).parents[3]
    before = {path.name for path in source_tree.iterdir()}
    server = Server(tmp_path, UGC_CLICKHOUSE_ALLOW_REACH="1")
    server.sql("INSERT INTO FUNCTION file('clickhouse.py', CSV, 'a String') SELECT 'print(1)'")
    server.sql("SELECT 1 AS a FORMAT Protobuf SETTINGS output_format_schema = 'made.proto'")
    assert server.sql("SELECT * FROM file('clickhouse.py', LineAsString)") == '"print(1)"'
    assert server.stop() == 0
    assert {path.name for path in (tmp_path / "user_files").iterdir()} == {"clickhouse.py", "made.proto"}
    assert {path.name for path in source_tree.iterdir()} == before


def test_setting_that_is_none_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="error: UGC_CLICKHOUSE_ALLOW_REACH=maybe: expected true or false"):
        Server(tmp_path, UGC_CLICKHOUSE_ALLOW_REACH="maybe")

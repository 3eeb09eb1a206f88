"""The engine in an environment that holds only what running needs."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# Where these are not installed, as in the environment of run_app.sh.
CHILD = """
import sys
absent = ("pyarrow", "pandas", "numpy")
class Absent:
    def find_spec(self, name, *_):
        if name.partition(".")[0] in absent:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Absent())
from local.clickhouse_server.engine import Connection
connection = Connection(sys.argv[1])
connection.execute("CREATE DATABASE d")
connection.execute("CREATE TABLE d.t (id UInt64) ENGINE = MergeTree ORDER BY id")
connection.execute("INSERT INTO d.t SELECT number FROM numbers(3)")
print(connection.rows("SELECT sum(id) FROM d.t"))
print(bytes(connection.execute("SELECT id FROM d.t", "Arrow").bytes())[:5])
try:
    connection.execute("SELECT * FROM Python(absent)")
except Exception as error:
    print(type(error).__name__, error.code)
print([name for name in absent if name in sys.modules])
"""


def test_engine_needs_neither_pyarrow_nor_pandas_nor_numpy(tmp_path: Path) -> None:
    command = [sys.executable, "-c", CHILD, str(tmp_path / "data")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.splitlines() == ["[['3']]", "b'ARROW'", "ClickHouseError 801", "[]"], done.stderr[-2000:]


def test_pyarrow_can_be_imported_after_the_engine() -> None:
    script = "import local.clickhouse_server.chdb_library, pyarrow; print(pyarrow.array([1]).sum())"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout == "1\n", done.stderr[-2000:]

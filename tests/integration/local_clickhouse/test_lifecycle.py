from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from tests.integration.local_clickhouse.process import Server

if TYPE_CHECKING:
    from pathlib import Path


def refused(*options: str) -> str:
    """The one line on stderr of a server that does not start."""
    command = [sys.executable, "-m", "local", "clickhouse", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert (done.returncode, done.stdout) == (2, "")
    [line] = done.stderr.splitlines()
    return line


def test_taken_port_is_said_in_one_line(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        assert refused("--port", port, "--data-dir", str(tmp_path)) == f"error: port {port} on 127.0.0.1 is taken"


def test_folder_that_cannot_be_written_is_said_in_one_line(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    line = refused("--port", "0", "--data-dir", str(file / "folder"))
    assert line == f"error: the data folder {file / 'folder'} cannot be used: Not a directory"


def test_one_process_has_a_folder(tmp_path: Path) -> None:
    server = Server(tmp_path)
    assert refused("--port", "0", "--data-dir", str(tmp_path)).endswith("is in use by another process")
    assert server.stop() == 0


def test_data_outlive_an_orderly_stop_and_a_kill(tmp_path: Path) -> None:
    server = Server(tmp_path)
    server.sql("CREATE TABLE kept (a Int32) ENGINE = MergeTree ORDER BY a")
    server.sql("INSERT INTO kept VALUES (1)")
    assert server.stop() == 0
    server = Server(tmp_path)
    server.sql("INSERT INTO kept VALUES (2)")
    server.kill()
    server = Server(tmp_path)
    assert server.sql("SELECT sum(a) FROM kept") == "3"
    assert server.stop() == 0


def test_dropped_tables_leave_at_once_in_a_fresh_folder(tmp_path: Path) -> None:
    server = Server(tmp_path)
    server.sql("CREATE TABLE gone (a Int32) ENGINE = MergeTree ORDER BY a")
    server.sql("DROP TABLE gone SYNC")
    assert server.stop() == 0


def test_stop_lets_running_queries_end(tmp_path: Path) -> None:
    server = Server(tmp_path)
    answers: list[str] = []
    running = threading.Thread(target=lambda: answers.append(server.sql("SELECT sleep(1.5), 'done'")))
    running.start()
    while server.sql("SELECT count() FROM system.processes WHERE query LIKE '%done%'") < "2":
        assert running.is_alive()
    server.process.terminate()
    running.join()
    assert answers == ["0\tdone"]
    assert server.stop() == 0


def test_stop_does_not_wait_for_endless_queries(tmp_path: Path) -> None:
    server = Server(tmp_path)
    running = threading.Thread(target=server.request, kwargs={"body": b"SELECT count() FROM system.numbers"})
    running.start()
    while server.sql("SELECT count() FROM system.processes WHERE query LIKE '%count() FROM system.numbers%'") < "2":
        assert running.is_alive()
    start = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - start < 9
    running.join()


@pytest.mark.parametrize("port", ["70000", "-1"])
def test_impossible_port_is_said_in_one_line(tmp_path: Path, port: str) -> None:
    line = refused("--port", port, "--data-dir", str(tmp_path))
    assert line == f"error: port {port} is not between 0 and 65535"

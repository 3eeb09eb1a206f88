"""What a user sees when the stack cannot start, and that two stacks live side by side."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import uuid
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.support.stack import ROOT, Stack, eventually

if TYPE_CHECKING:
    from pathlib import Path


def refused_start(folder: Path, **variables: str) -> str:
    """Start a stack that must not come up; returns the one line of error."""
    stack = Stack(folder, **variables)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("UGC_")}
    done = subprocess.run(
        [sys.executable, "-m", "local", "up"],
        cwd=ROOT,
        env={**clean, **stack.variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode in {1, 2}
    (line,) = [line for line in done.stderr.splitlines() if line]
    assert line.startswith("error: ")
    return line


@pytest.mark.parametrize("variable", ["UGC_API_PORT", "UGC_KAFKA_PORT", "UGC_CLICKHOUSE_PORT"])
def test_a_taken_port_is_one_line_that_names_port_holder_and_variable(tmp_path: Path, variable: str) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as holder:
        port = str(holder.getsockname()[1])
        line = refused_start(tmp_path, **{variable: port})
    for needed in (f"port {port} is taken", f"process {os.getpid()}", variable):
        assert needed in line


def test_a_data_folder_that_cannot_be_written_is_one_line_that_names_it(tmp_path: Path) -> None:
    # A file in the way, because the rights of a folder do not stop root.
    (tmp_path / "file").write_text("")
    line = refused_start(tmp_path, UGC_DATA_DIR=str(tmp_path / "file" / "data"))
    assert "file/data" in line
    assert "UGC_DATA_DIR" in line


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("UGC_API_PORT", "abc"),
        ("UGC_API_WORKERS", "0"),
        ("UGC_KAFKA_PORT", "99999"),
        ("UGC_KAFKA_BOOTSTRAP", "no port"),
        ("UGC_CLICKHOUSE_URL", "localhost:8123"),
        ("UGC_TRUSTED_PROXIES", "10.0.0.0/99"),
        ("UGC_IP_MODE", "hide"),
    ],
)
def test_a_wrong_variable_is_one_line_that_names_it_and_what_is_expected(
    tmp_path: Path, variable: str, value: str
) -> None:
    line = refused_start(tmp_path, **{variable: value})
    assert f"{variable}={value}: expected " in line


def test_a_broker_that_does_not_answer_is_one_line_that_names_the_variable(tmp_path: Path) -> None:
    line = refused_start(tmp_path, UGC_KAFKA_BOOTSTRAP="127.0.0.1:1")
    assert "127.0.0.1:1" in line
    assert "UGC_KAFKA_BOOTSTRAP" in line


def test_an_install_without_network_is_said_and_what_to_do(tmp_path: Path) -> None:
    shutil.copy(ROOT / "run_app.sh", tmp_path)
    shutil.copytree(ROOT / "requirements", tmp_path / "requirements")
    (tmp_path / "local").mkdir()
    shutil.copy(ROOT / "local" / "environment.sh", tmp_path / "local")
    nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:1/simple", "PIP_NO_CACHE_DIR": "1", "PIP_CONFIG_FILE": os.devnull}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    done = subprocess.run(
        ["bash", "run_app.sh"],
        cwd=tmp_path,
        env={**environment, **nowhere, "PYTHON": sys.executable},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    assert "error: could not install requirements/app.lock (the network: " in done.stderr.splitlines()[-1]


def test_two_stacks_with_their_own_ports_and_folders_do_not_see_each_other(stack: Stack, tmp_path: Path) -> None:
    second = Stack(tmp_path).start()
    try:
        sql = "SELECT count() FROM analytics.events WHERE event_id = {id:UUID}"
        for one, other in ((stack, second), (second, stack)):
            event_id = str(uuid.uuid4())
            one.send({"event_type": "custom", "user_id": "u", "name": "n", "event_id": event_id})
            eventually(lambda one=one, id_=event_id: int(one.value(sql, id=id_)) == 1, within_s=10)  # type: ignore[misc]
            assert int(other.value(sql, id=event_id)) == 0
    finally:
        assert second.stop() == 0


def test_a_second_stack_in_the_same_folder_is_refused(stack: Stack, tmp_path: Path) -> None:
    line = refused_start(tmp_path, UGC_DATA_DIR=stack.variables["UGC_DATA_DIR"])
    assert "another stack runs in" in line


def test_a_stack_moved_to_another_broker_port_goes_on_consuming(tmp_path: Path) -> None:
    Stack(tmp_path).start().stop()
    moved = Stack(tmp_path).start()
    try:
        event_id = moved.post("/api/v1/events", {"event_type": "custom", "user_id": "u", "name": "n"}).json()[
            "event_id"
        ]
        eventually(
            lambda: moved.query("SELECT 1 FROM analytics.events WHERE event_id = {id:UUID}", id=event_id), within_s=10
        )
    finally:
        assert moved.stop() == 0

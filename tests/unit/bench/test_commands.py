"""The commands as they are typed."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from bench.__main__ import COMMANDS, main
from bench.machine import this_machine
from bench.settings import SettingsError, read_settings

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", COMMANDS)
def test_every_benchmark_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main([name, "--help"])
    assert left.value.code == 0
    assert "--json" in capsys.readouterr().out


def test_an_unknown_benchmark_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nonsense"]) == 2
    assert "'nonsense'" in capsys.readouterr().err


def test_a_benchmark_that_needs_more_than_running_does_says_what_brings_it() -> None:
    script = "import sys; sys.modules['numpy'] = None\nfrom bench.__main__ import main; sys.exit(main(['storage']))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stderr == "error: storage needs numpy, which ./run_tests.sh adds to .venv\n"


def test_a_wrong_port_is_named_with_its_value() -> None:
    with pytest.raises(SettingsError, match=r"UGC_API_PORT=99999: .*65535"):
        read_settings({"UGC_API_PORT": "99999"})


def test_the_url_of_the_api_follows_the_environment() -> None:
    assert read_settings({}).api_url == "http://127.0.0.1:9001"
    assert read_settings({"UGC_API_HOST": "0.0.0.0", "UGC_API_PORT": "81"}).api_url == "http://127.0.0.1:81"  # noqa: S104
    assert read_settings({"UGC_API_HOST": "::1"}).api_url == "http://[::1]:9001"


def test_the_machine_is_named() -> None:
    machine = this_machine()
    assert machine.cores >= 1
    assert machine.memory_gib > 0
    assert machine.cpu
    assert str(machine.cores) in str(machine)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--per-day", "5", "--people", "4"], "only 4 people"),
        (["--request-kb", "2000"], "expected 1 to 1000"),
        (["--url", "http://127.0.0.1:1"], "no API answers at http://127.0.0.1:1"),
    ],
)
def test_wrong_usage_of_traffic_is_one_clear_line(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["traffic", *arguments]) == 2
    captured = capsys.readouterr().err
    assert captured.startswith("error: ")
    assert said in captured
    assert captured.count("\n") == 1


_SERVE_AND_SEND = """
import asyncio, sys
from tests.unit.bench.server import Api
async def serve():
    api = Api()
    async with api.listening():
        arguments = ["traffic", "--url", api.url, "--events", "60", "--per-day", "10", "--json", sys.argv[1],
                     "--acknowledged", sys.argv[2], "--run-id", "r", "--day-end", "2027-01-01T00:00:00Z"]
        process = await asyncio.create_subprocess_exec(sys.executable, "-m", "bench", *arguments)
        sys.exit(await process.wait())
asyncio.run(serve())
"""


def test_traffic_writes_figures_and_acknowledged_events(tmp_path: Path) -> None:
    figures, acknowledged = tmp_path / "figures.json", tmp_path / "acknowledged.tsv"
    done = subprocess.run(
        [sys.executable, "-c", _SERVE_AND_SEND, str(figures), str(acknowledged)],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == "", "no progress bar without a terminal"
    report = json.loads(figures.read_text())
    assert report["benchmark"] == "traffic"
    assert report["summary"]["events_acknowledged"] == 60
    assert report["plan"]["audience"]["day_end_ms"] == 1_798_761_600_000
    assert len(acknowledged.read_text().splitlines()) == 60

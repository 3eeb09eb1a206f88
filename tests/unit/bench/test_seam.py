"""The benchmark of the HTTP server, for as long as it takes to see that it measures."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from bench.seam.load import UnexpectedAnswerError, send
from tests.unit.api.server.process import get, post, running

if TYPE_CHECKING:
    from pathlib import Path


def test_it_measures_the_seam_and_the_whole_service(tmp_path: Path) -> None:
    file = tmp_path / "seam.json"
    options = ["--seconds", "0.2", "--repeat", "2", "--only", "this seam", "this API", "--json", str(file)]
    done = subprocess.run(
        [sys.executable, "-m", "bench", "seam", *options], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    figures = json.loads(file.read_text())
    assert [rate["name"] for rate in figures["rates"]] == ["Falcon on this seam", "this API"]
    assert all(len(rate["runs"]) == 2 and rate["median"] > 0 for rate in figures["rates"])


def test_only_what_was_accepted_counts() -> None:
    with running(filed=True, UGC_RATE_LIMIT="off") as service:
        sent = send(service.port, post(), connections=3, seconds=0.2)
        assert len(service.events()) == sent > 3
        with pytest.raises(UnexpectedAnswerError, match="200 OK"):
            send(service.port, get(), connections=1, seconds=0.2)

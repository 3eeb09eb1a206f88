"""Lines of the log."""

from __future__ import annotations

import json
import logging
import sys

from api.server.logs import JsonFormatter


def test_log_shows_where_an_error_was_and_not_its_message() -> None:
    try:
        int("sec" + "ret")
    except ValueError:
        error = sys.exc_info()
    line = JsonFormatter().format(logging.LogRecord("api", logging.ERROR, "f", 1, "it broke", (), error))
    assert "secret" not in line
    assert json.loads(line)["error"] == "ValueError"
    assert "test_logs.py" in json.loads(line)["where"]

"""docs/api.md: every example is run as it stands, and says what it is answered; docs/alerts.yml names real metrics."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.support.stack import HTTP

if TYPE_CHECKING:
    from tests.support.stack import Stack

DOCS = Path(__file__).parents[2] / "docs"
EXAMPLES = re.findall(r"^```sh\n(.*?)^# (\d{3}) (.*?)\n```", (DOCS / "api.md").read_text(), re.DOTALL | re.MULTILINE)


def test_every_fenced_command_says_what_it_is_answered() -> None:
    assert len(EXAMPLES) == (DOCS / "api.md").read_text().count("```sh") >= 6


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_example_is_answered_as_the_document_says(keyed_stack: Stack, number: int) -> None:
    command, status, named = EXAMPLES[number]
    assert shutil.which("curl"), "the examples of docs/api.md are for curl"
    # What a reader sees is the body; the status comes after it, and the key that the stack wants goes along.
    command = re.sub(
        r"\bcurl ", r"curl --write-out '\\n%{http_code}' --header 'X-Write-Key: web-key-of-tests' ", command
    )
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        env={"URL": keyed_stack.url, "KEY": "web-key-of-tests", "PATH": "/usr/local/bin:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    body, _, code = done.stdout.rpartition("\n")
    assert (code, done.stderr) == (status, ""), body
    assert named in body


def _names(expression: str) -> set[str]:
    return set(re.findall(r"\bugc_\w+", expression))


def test_alerts_name_only_metrics_that_exist(keyed_stack: Stack) -> None:
    document: dict[str, Any] = yaml.safe_load((DOCS / "alerts.yml").read_text())
    rules = [rule for group in document["groups"] for rule in group["rules"]]
    assert all(rule["annotations"]["summary"] and rule["for"] for rule in rules)
    keyed_stack.post("/api/v1/events", b"{", **{"X-Write-Key": "web-key-of-tests"})
    event = {"event_type": "click", "user_id": "u1", "element": "movie"}
    keyed_stack.post("/api/v1/events/batch", {"events": [event], "sent_at": 1}, **{"X-Write-Key": "web-key-of-tests"})
    text = HTTP.request("GET", f"{keyed_stack.url}/metrics").data.decode()
    known = {sample.name for family in text_string_to_metric_families(text) for sample in family.samples}
    assert set().union(*(_names(rule["expr"]) for rule in rules)) - known == set()

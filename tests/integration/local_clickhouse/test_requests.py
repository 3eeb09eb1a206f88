"""What is sent, and what comes back: `requests.yaml`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

if TYPE_CHECKING:
    from tests.integration.local_clickhouse.process import Server

CASES: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("requests.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"].replace(" ", "-"))
def test_request_has_its_answer(server: Server, case: dict[str, Any]) -> None:
    response = server.request(
        case.get("method", "POST"),
        case.get("send", "").encode(),
        case.get("request_headers"),
        case.get("path", "/"),
        **case.get("options", {}),
    )
    text = response.data.decode()
    assert response.status == case["status"], text
    if "body" in case:
        assert text == case["body"]
    assert case.get("contains", "") in text
    if "code" in case:
        assert response.headers["X-ClickHouse-Exception-Code"] == str(case["code"])
        assert text.startswith(f"Code: {case['code']}. DB::Exception: ")
        assert text.count("Code: ") == 1
    for name, value in case.get("headers", {}).items():
        assert response.headers.get(name) == value


def test_summary_counts_what_was_read_and_returned(server: Server) -> None:
    response = server.request(body=b"SELECT number FROM numbers(10)")
    assert '"result_rows":"10"' in response.headers["X-ClickHouse-Summary"]
    assert '"read_rows":"10"' in response.headers["X-ClickHouse-Summary"]


def test_every_query_gets_an_id_of_its_own(server: Server) -> None:
    ids = {server.request(body=b"SELECT 1").headers["X-ClickHouse-Query-Id"] for _ in range(3)}
    assert len(ids) == 3

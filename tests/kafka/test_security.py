"""A broker that asks for TLS and a password: who has them gets through, who has not is told clearly.

The embedded ClickHouse has TLS and SASL/PLAIN but was built without SCRAM, which a ClickHouse server has. So the whole
way is shown with PLAIN, and SCRAM-SHA-512 on the API's part of it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from local.broker import Topic
from tests.support import kafka_services as services
from tests.support.kafka import SCRAM, KafkaBroker, Login
from tests.support.kafka_tools import make_certificates, need, openssl
from tests.support.stack import HTTP, eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import urllib3

CLICK = {"event_type": "click", "user_id": "u", "element": "movie"}


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaBroker]:
    need(openssl)
    broker = KafkaBroker(tmp_path_factory.mktemp("secured") / "kafka", login=Login("ugc", "correct-horse")).start()
    Topic(broker.internal).create()
    yield broker
    broker.stop()


def post(url: str) -> urllib3.BaseHTTPResponse:
    headers = {"Content-Type": "application/json"}
    return HTTP.request("POST", f"{url}/api/v1/events", body=json.dumps(CLICK).encode(), headers=headers)


def ready(url: str) -> bool:
    return HTTP.request("GET", f"{url}/readyz").status == 200


def test_an_event_goes_all_the_way_over_tls_with_a_password(secured: KafkaBroker, tmp_path: Path) -> None:
    variables = secured.variables("PLAIN")
    with (
        services.clickhouse(tmp_path, **variables) as (clickhouse, database),
        services.api(tmp_path, **variables) as (api, url),
    ):
        eventually(lambda: ready(url), within_s=10)
        answer = post(url)
        assert answer.status == 202, answer.data
        sql = f"SELECT count() FROM analytics.clicks WHERE event_id = '{answer.json()['event_id']}'"
        eventually(lambda: services.value(database, sql) == "1", within_s=15)
        password = variables["UGC_KAFKA_SASL_PASSWORD"]
        shown = services.value(database, "SELECT groupArray(create_table_query) FROM system.tables")
        assert password not in shown
        assert password not in api.log.read_text() + clickhouse.log.read_text()


def test_an_event_is_acknowledged_over_tls_with_scram(secured: KafkaBroker, tmp_path: Path) -> None:
    with services.api(tmp_path, **secured.variables(SCRAM)) as (_, url):
        eventually(lambda: ready(url), within_s=10)
        before = sum(Topic(secured.internal).end_offsets().values())
        assert post(url).status == 202
        assert sum(Topic(secured.internal).end_offsets().values()) == before + 1


@pytest.mark.parametrize("wrong", ["password", "authority", "protocol"])
def test_an_api_that_is_not_let_in_is_not_ready_and_takes_no_event(
    secured: KafkaBroker, tmp_path: Path, wrong: str
) -> None:
    variables = secured.variables(SCRAM)
    if wrong == "password":
        variables["UGC_KAFKA_SASL_PASSWORD"] = "wrong-horse"  # noqa: S105 - it is meant to be wrong
    elif wrong == "authority":
        variables["UGC_KAFKA_SSL_CA_LOCATION"] = str(make_certificates(tmp_path / "others").authority)
    else:
        variables = {"UGC_KAFKA_BOOTSTRAP": secured.bootstrap}
    before = Topic(secured.internal).end_offsets()
    with services.api(tmp_path, **variables) as (api, url):
        assert post(url).status == 503
        assert not ready(url)
        assert "wrong-horse" not in api.log.read_text()
    assert Topic(secured.internal).end_offsets() == before


def test_a_queue_with_a_wrong_password_says_so_in_system_kafka_consumers(secured: KafkaBroker, tmp_path: Path) -> None:
    variables = {**secured.variables("PLAIN"), "UGC_KAFKA_SASL_PASSWORD": "wrong-horse"}
    with services.clickhouse(tmp_path, **variables) as (_, database):
        sql = "SELECT arrayStringConcat(exceptions.text) FROM system.kafka_consumers WHERE table = 'events_queue'"
        eventually(lambda: "Authentication failed" in services.value(database, sql), within_s=15)

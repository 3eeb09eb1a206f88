"""A broker that asks for TLS and a password: who has them gets through, who has not is told clearly.

The embedded ClickHouse has TLS and SASL/PLAIN but was built without SCRAM, which a ClickHouse server has. So the whole
way is shown with PLAIN; and with SCRAM-SHA-512 the API's part, and that another client of the same library, given what
stands in the queue's definition, is let in.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from clickhouse_migrations.substitution import substitute
from confluent_kafka import Consumer

from clickhouse.connection.settings import read_settings
from clickhouse.queue.security import secured as secured_statement
from clickhouse.schema import runner, sqlfile
from common.names import TOPIC
from common.topic import Topic
from tests.support import kafka_services as services
from tests.support.kafka import SCRAM, KafkaBroker, Login
from tests.support.kafka_tools import CLIENT_KEY_PASSWORD, make_certificates, openssl
from tests.support.stack import HTTP, eventually
from tests.support.tools import need

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


def assert_an_event_arrives(url: str, database: str) -> None:
    eventually(lambda: ready(url), within_s=10)
    answer = post(url)
    assert answer.status == 202, answer.data
    sql = f"SELECT count() FROM analytics.clicks WHERE event_id = '{answer.json()['event_id']}'"
    eventually(lambda: services.value(database, sql) == "1", within_s=15)


def test_an_event_goes_all_the_way_over_tls_with_a_password(secured: KafkaBroker, tmp_path: Path) -> None:
    variables = secured.variables("PLAIN")
    with (
        services.clickhouse(tmp_path, **variables) as (clickhouse, database),
        services.api(tmp_path, **variables) as (api, url),
    ):
        assert_an_event_arrives(url, database)
        password = variables["UGC_KAFKA_SASL_PASSWORD"]
        shown = services.value(database, "SELECT groupArray(create_table_query) FROM system.tables")
        assert password not in shown
        assert password not in api.log.read_text() + clickhouse.log.read_text()


def test_an_event_is_acknowledged_over_tls_with_scram(secured: KafkaBroker, tmp_path: Path) -> None:
    with services.api(tmp_path, **secured.variables(SCRAM)) as (_, url):
        eventually(lambda: ready(url), within_s=10)
        before = sum(Topic(secured.internal).ends().values())
        assert post(url).status == 202
        assert sum(Topic(secured.internal).ends().values()) == before + 1


def test_what_stands_in_the_queue_for_scram_lets_a_consumer_in(secured: KafkaBroker) -> None:
    variables = secured.variables(SCRAM)
    settings = read_settings(variables)
    file = next(runner.FOLDER.glob("*_events_queue.sql"))
    text = substitute(sqlfile.read(file), runner.variables(settings), file.name)
    (made,) = [
        found
        for statement in sqlfile.statements(text)
        if "kafka_sasl" in (found := secured_statement(statement, sqlfile.code(statement), settings.security))
    ]
    given = dict(re.findall(r"(kafka_security_protocol|kafka_sasl_\w+|kafka_broker_list) = '([^']*)'", made))
    # As the engine does it: the names without kafka_, with dots; certificates are the server's configuration.
    options = {name.removeprefix("kafka_").replace("_", "."): value for name, value in given.items()}
    brokers = options.pop("broker.list")
    assert options["sasl.mechanism"] == SCRAM
    authority = {"ssl.ca.location": variables["UGC_KAFKA_SSL_CA_LOCATION"]}
    consumer = Consumer({"bootstrap.servers": brokers, "group.id": "scram", "log_level": 0, **options, **authority})
    try:
        assert TOPIC in consumer.list_topics(timeout=10).topics
    finally:
        consumer.close()


def test_an_event_goes_all_the_way_to_a_broker_that_asks_for_a_certificate(tmp_path: Path) -> None:
    need(openssl)
    login = Login("ugc", "correct-horse")
    broker = KafkaBroker(tmp_path / "kafka", login=login, asks_for_certificates=True).start()
    try:
        Topic(broker.internal).create()
        variables = broker.variables("PLAIN")
        with services.api(tmp_path / "without", **variables) as (_, url):
            assert post(url).status == 503
        variables |= {
            "UGC_KAFKA_SSL_CERTIFICATE_LOCATION": str(broker.certificates.client),
            "UGC_KAFKA_SSL_KEY_LOCATION": str(broker.certificates.client_key),
            "UGC_KAFKA_SSL_KEY_PASSWORD": CLIENT_KEY_PASSWORD,
        }
        with (
            services.clickhouse(tmp_path, **variables) as (clickhouse, database),
            services.api(tmp_path, **variables) as (api, url),
        ):
            assert_an_event_arrives(url, database)
            assert CLIENT_KEY_PASSWORD not in api.log.read_text() + clickhouse.log.read_text()
    finally:
        broker.stop()


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
    before = Topic(secured.internal).ends()
    with services.api(tmp_path, **variables) as (api, url):
        assert post(url).status == 503
        assert not ready(url)
        assert "wrong-horse" not in api.log.read_text()
    assert Topic(secured.internal).ends() == before


def test_a_queue_with_a_wrong_password_says_so_in_system_kafka_consumers(secured: KafkaBroker, tmp_path: Path) -> None:
    variables = {**secured.variables("PLAIN"), "UGC_KAFKA_SASL_PASSWORD": "wrong-horse"}
    with services.clickhouse(tmp_path, **variables) as (_, database):
        sql = "SELECT arrayStringConcat(exceptions.text) FROM system.kafka_consumers WHERE table = 'events_queue'"
        eventually(lambda: "Authentication failed" in services.value(database, sql), within_s=15)

from __future__ import annotations

import pytest

from clickhouse.connection.errors import UsageError
from clickhouse.connection.settings import Settings, read_settings
from clickhouse.queue.security import secured
from clickhouse.schema import sqlfile
from common.kafka import KafkaSecurity

QUEUE = (
    "CREATE TABLE IF NOT EXISTS ugc.q (a String)\nENGINE = Kafka\nSETTINGS\n    kafka_broker_list = 'h:1',\n    x = 1"
)
SASL = KafkaSecurity(protocol="SASL_SSL", mechanism="PLAIN", username="ugc", password="p'w\\", ca_location="/ca.pem")  # noqa: S106


def test_a_kafka_table_gets_the_settings_after_its_brokers_and_nothing_else_does() -> None:
    made = secured(QUEUE, sqlfile.code(QUEUE), SASL)
    assert made == QUEUE.replace(
        "'h:1',",
        "'h:1',\n    kafka_security_protocol = 'sasl_ssl',\n    kafka_sasl_mechanism = 'PLAIN',"
        "\n    kafka_sasl_username = 'ugc',\n    kafka_sasl_password = 'p\\'w\\\\',",
    )
    other = "CREATE TABLE t (a String COMMENT 'ENGINE = Kafka') ENGINE = Memory"
    assert secured(other, sqlfile.code(other), SASL) == other


@pytest.mark.parametrize("open_broker", [KafkaSecurity(), KafkaSecurity(protocol="PLAINTEXT")])
def test_an_open_broker_leaves_the_table_as_it_is(open_broker: KafkaSecurity) -> None:
    assert secured(QUEUE, sqlfile.code(QUEUE), open_broker) == QUEUE


def test_the_variables_of_the_api_are_read() -> None:
    given = {
        "UGC_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "UGC_KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
        "UGC_KAFKA_SASL_USERNAME": "ugc",
        "UGC_KAFKA_SASL_PASSWORD": "secret",
        "UGC_KAFKA_SSL_CA_LOCATION": "/ca.pem",
        "UGC_KAFKA_SSL_CERTIFICATE_LOCATION": "/me.pem",
        "UGC_KAFKA_SSL_KEY_LOCATION": "/me.key",
        "UGC_KAFKA_SSL_KEY_PASSWORD": "of the key",
    }
    assert read_settings(given).security.client_options() == {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": "ugc",
        "sasl.password": "secret",
        "ssl.ca.location": "/ca.pem",
        "ssl.certificate.location": "/me.pem",
        "ssl.key.location": "/me.key",
        "ssl.key.password": "of the key",
    }
    # What the API takes when nothing is said.
    assert read_settings({**given, "UGC_KAFKA_SASL_MECHANISM": ""}).security.mechanism == "SCRAM-SHA-512"


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"UGC_KAFKA_SECURITY_PROTOCOL": "TLS"}, "UGC_KAFKA_SECURITY_PROTOCOL=TLS: expected PLAINTEXT, SSL"),
        ({"UGC_KAFKA_SASL_MECHANISM": "MD5"}, "UGC_KAFKA_SASL_MECHANISM=MD5: expected PLAIN, SCRAM"),
        ({"UGC_KAFKA_SECURITY_PROTOCOL": "SASL_SSL"}, "needs UGC_KAFKA_SASL_USERNAME"),
        ({"UGC_KAFKA_SASL_USERNAME": "ugc"}, "UGC_KAFKA_SASL_USERNAME is set, but"),
        ({"UGC_RETENTION_PAYLOAD_DAYS": "36"}, "UGC_RETENTION_PAYLOAD_DAYS=36: expected an integer from 37 to 18250"),
        ({"UGC_RETENTION_TYPED_MONTHS": "1"}, "UGC_RETENTION_TYPED_MONTHS=1: expected an integer from 2 to 600"),
        ({"UGC_RETENTION_TYPED_MONTHS": "1200"}, "UGC_RETENTION_TYPED_MONTHS=1200: expected an integer from 2"),
        ({"UGC_RETENTION_ERRORS_DAYS": "0"}, "UGC_RETENTION_ERRORS_DAYS=0: expected an integer from 1"),
    ],
)
def test_what_does_not_fit_is_named(given: dict[str, str], named: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_settings(given)
    assert named in str(caught.value)


def test_no_secret_is_left_in_a_masked_text() -> None:
    settings = Settings(url="http://me:s%20word@h:8123", security=SASL)
    shown = settings.masked("tried 'p\\'w\\\\' and p'w\\ and s%20word and s word")
    assert shown == "tried '***' and *** and *** and ***"

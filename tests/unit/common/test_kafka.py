from __future__ import annotations

import pytest

from api.configuration.settings import read_settings as read_api_settings
from clickhouse.connection.errors import UsageError
from clickhouse.connection.settings import read_settings as read_clickhouse_settings
from clickhouse.schema import runner
from common.environment import SettingsError
from common.kafka import Bootstrap


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("127.0.0.1:9092", "127.0.0.1:9092"),
        ("kafka-1.example.org:9092,kafka_2:19092", "kafka-1.example.org:9092,kafka_2:19092"),
        (" a:1 , b:65535 ", "a:1,b:65535"),
        ("[::1]:9092", "[::1]:9092"),
        ("[::1]:9092,host:9092", "[::1]:9092,host:9092"),
        ("a:1, b:2", "a:1,b:2"),
    ],
)
def test_addresses_of_brokers_are_kept_without_spaces(given: str, kept: str) -> None:
    assert Bootstrap.parse(given) == kept
    for read in (read_api_settings, read_clickhouse_settings):
        assert read({"UGC_KAFKA_BOOTSTRAP": given}).kafka_bootstrap == kept


@pytest.mark.parametrize(
    "given",
    [
        "kafka",
        ":9092",
        "kafka:",
        "kafka:0",
        "kafka:65536",
        "kafka:x",
        "a:1,",
        ",a:1",
        "a:1;b:2",
        "a b:1",
        "-a:1",
        "http://a:1",
        "a:99999",
        "[::1:9092",
        "[:::1]:9092",
    ],
)
def test_what_is_no_list_of_host_and_port_is_refused_with_variable_and_value(given: str) -> None:
    expected = f"UGC_KAFKA_BOOTSTRAP={given}: expected host:port, or several with commas between them"
    with pytest.raises(SettingsError) as by_api:
        read_api_settings({"UGC_KAFKA_BOOTSTRAP": given})
    with pytest.raises(UsageError) as by_clickhouse:
        read_clickhouse_settings({"UGC_KAFKA_BOOTSTRAP": given})
    assert str(by_api.value) == str(by_clickhouse.value) == expected


@pytest.mark.parametrize(
    "given", ["a:1', kafka_topic_list = 'x", "a:1\n", "a:1\\'", "a:1`", "a:1/*", "a\u0660:1", "a:1\u0661"]
)
def test_nothing_that_could_leave_the_quotes_of_the_ddl_passes(given: str) -> None:
    try:
        kept = Bootstrap.parse(given)
    except ValueError:
        return
    assert kept == "a:1"


@pytest.mark.parametrize("given", [{}, {"UGC_KAFKA_BOOTSTRAP": ""}, {"UGC_KAFKA_BOOTSTRAP": "  "}])
def test_an_unset_address_is_an_error_that_says_what_to_do(given: dict[str, str]) -> None:
    with pytest.raises(UsageError, match=r"is not set: give Kafka's address as host:port"):
        runner.variables(read_clickhouse_settings(given))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            {"UGC_KAFKA_SASL_USERNAME": "ugc"},
            "UGC_KAFKA_SASL_USERNAME is set, but",
        ),
        (
            {"UGC_KAFKA_SASL_PASSWORD": "p"},
            "UGC_KAFKA_SASL_PASSWORD is set, but",
        ),
        (
            {"UGC_KAFKA_SASL_USERNAME": "ugc", "UGC_KAFKA_SECURITY_PROTOCOL": "SSL"},
            "UGC_KAFKA_SASL_USERNAME is set, but UGC_KAFKA_SECURITY_PROTOCOL is SSL",
        ),
        (
            {"UGC_KAFKA_SASL_USERNAME": "ugc", "UGC_KAFKA_SECURITY_PROTOCOL": "SASL_SSL"},
            "UGC_KAFKA_SECURITY_PROTOCOL=SASL_SSL needs UGC_KAFKA_SASL_PASSWORD",
        ),
    ],
)
def test_half_a_login_is_refused_in_the_same_words_by_all_parts(given: dict[str, str], expected: str) -> None:
    with pytest.raises(SettingsError) as by_api:
        read_api_settings(given)
    with pytest.raises(UsageError) as by_clickhouse:
        read_clickhouse_settings(given)
    assert str(by_api.value) == str(by_clickhouse.value)
    assert str(by_api.value).startswith(expected)

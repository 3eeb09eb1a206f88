from __future__ import annotations

import pytest

from clickhouse.connection.brokers import parse_brokers
from clickhouse.connection.errors import UsageError


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("127.0.0.1:9092", "127.0.0.1:9092"),
        ("kafka-1.example.org:9092,kafka_2:19092", "kafka-1.example.org:9092,kafka_2:19092"),
        (" a:1 , b:65535 ", "a:1,b:65535"),
        ("[::1]:9092", "[::1]:9092"),
    ],
)
def test_addresses_of_brokers_are_kept_without_spaces(given: str, kept: str) -> None:
    assert parse_brokers(given) == kept


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
    ],
)
def test_what_is_no_list_of_host_and_port_is_refused_with_variable_and_value(given: str) -> None:
    with pytest.raises(UsageError, match="UGC_KAFKA_BOOTSTRAP=") as caught:
        parse_brokers(given)
    assert given in str(caught.value)


@pytest.mark.parametrize(
    "given", ["a:1', kafka_topic_list = 'x", "a:1\n", "a:1\\'", "a:1`", "a:1/*", "a\u0660:1", "a:1\u0661"]
)
def test_nothing_that_could_leave_the_quotes_of_the_ddl_passes(given: str) -> None:
    try:
        kept = parse_brokers(given)
    except UsageError:
        return
    assert kept == "a:1"


@pytest.mark.parametrize("given", [None, "", "  "])
def test_an_unset_address_is_an_error_that_says_what_to_do(given: str | None) -> None:
    with pytest.raises(UsageError, match=r"is not set: give Kafka's address as host:port"):
        parse_brokers(given)

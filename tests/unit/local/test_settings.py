from __future__ import annotations

import pytest

from common.environment import SettingsError
from local.settings import read_settings


def test_nothing_set_means_the_embedded_stack_on_the_documented_ports() -> None:
    settings = read_settings({})
    assert settings.service.brokers == "127.0.0.1:9092"
    assert settings.clickhouse == "http://127.0.0.1:8123"
    assert settings.service.url == "http://127.0.0.1:9001"


def test_an_empty_variable_counts_as_unset() -> None:
    assert read_settings({"UGC_KAFKA_BOOTSTRAP": "", "UGC_API_PORT": ""}) == read_settings({})


def test_configured_services_are_used_instead_of_embedded_ones() -> None:
    settings = read_settings({"UGC_KAFKA_BOOTSTRAP": "kafka:9092", "UGC_CLICKHOUSE_URL": "http://u:p@ch:8123"})
    assert (settings.service.brokers, settings.clickhouse) == ("kafka:9092", "http://u:p@ch:8123")


@pytest.mark.parametrize("everywhere", ["0.0.0.0", "::"])  # noqa: S104
def test_an_api_bound_to_every_address_is_reached_over_loopback(everywhere: str) -> None:
    assert read_settings({"UGC_API_HOST": everywhere}).service.url == "http://127.0.0.1:9001"


@pytest.mark.parametrize(
    ("variable", "value"),
    [("UGC_API_PORT", "abc"), ("UGC_KAFKA_PORT", "70000"), ("UGC_CLICKHOUSE_PORT", "0"), ("UGC_CLICKHOUSE_URL", "ch")],
)
def test_a_wrong_value_is_one_line_that_names_variable_and_value(variable: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"^{variable}={value}: expected .*$") as caught:
        read_settings({variable: value})
    assert "\n" not in str(caught.value)

"""The environment, and what is said about a wrong value."""

from __future__ import annotations

import os

import pytest

from api.environment import SettingsError
from api.settings import read_settings


def test_defaults_are_those_of_the_contract() -> None:
    settings = read_settings({"PATH": "/bin", "UGC_API_PORT": ""})
    assert (settings.api_host, settings.api_port, settings.api_workers) == ("127.0.0.1", 9001, os.cpu_count())
    assert settings.brokers == "127.0.0.1:9092"
    assert (settings.ip_mode, settings.trusted_proxies) == ("truncate", ())


def test_brokers_are_the_embedded_one_or_those_given() -> None:
    assert read_settings({"UGC_KAFKA_PORT": "19092"}).brokers == "127.0.0.1:19092"
    assert read_settings({"UGC_KAFKA_BOOTSTRAP": "a:1,b:2", "UGC_KAFKA_PORT": "3"}).brokers == "a:1,b:2"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("UGC_API_PORT", "abc", "an integer from 1 to 65535"),
        ("UGC_API_PORT", "0", "an integer from 1 to 65535"),
        ("UGC_KAFKA_PORT", "65536", "an integer from 1 to 65535"),
        ("UGC_API_WORKERS", "none", "an integer from 1 to 512"),
        ("UGC_KAFKA_BOOTSTRAP", "kafka", "host:port, or several with commas between them"),
        ("UGC_TRUSTED_PROXIES", "10.0.0.1/8", "CIDRs with commas between them, such as 10.0.0.0/8,::1/128"),
        ("UGC_IP_MODE", "some", "truncate, full, hash or drop"),
        ("UGC_IP_HASH_SALT", "short", "at least 16 characters"),
    ],
)
def test_error_names_the_variable_and_its_value(name: str, value: str, expected: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_settings({name: value})
    assert str(caught.value) == f"{name}={value}: expected {expected}"

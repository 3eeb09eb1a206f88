"""The environment, and what is said about a wrong value."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from api.configuration.settings import read_settings
from common.environment import SettingsError

ROOT = Path(__file__).parents[4]


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
        ("UGC_RATE_LIMIT", "many", "off, or limits such as 100/second or 100/second;5000/minute"),
        (
            "UGC_RATE_LIMIT_STORAGE",
            "nosql://a:1",
            "a storage of the library limits, such as async+memory:// or async+redis://host:6379",
        ),
        (
            "UGC_ALLOWED_ORIGINS",
            "cinema.example",
            "*, or origins with commas between them, such as https://cinema.example,https://*.cinema.example",
        ),
        ("UGC_PRIVACY_SIGNALS", "obey", "ignore, anonymize or drop"),
        ("UGC_KAFKA_SECURITY_PROTOCOL", "TLS", "PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL"),
        ("UGC_KAFKA_SASL_MECHANISM", "GSSAPI", "PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512"),
        ("UGC_BODY_TIMEOUT_SECONDS", "0", "seconds, more than 0 and at most 25"),
        ("UGC_API_DRAIN_SECONDS", "61", "seconds from 0 to 60"),
        ("UGC_API_MAX_REQUESTS", "-1", "an integer, 0 for never"),
        ("UGC_LOG_LEVEL", "loud", "debug, info, warning or error"),
    ],
)
def test_error_names_the_variable_and_its_value(name: str, value: str, expected: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_settings({name: value})
    assert str(caught.value) == f"{name}={value}: expected {expected}"


@pytest.mark.parametrize("keys", ["web:secret key", "a:one-long-key,a:two-long-key", "web:", ",", "ключ"])
def test_error_about_write_keys_shows_none(keys: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_settings({"UGC_WRITE_KEYS": keys})
    assert str(caught.value).startswith("UGC_WRITE_KEYS=***: expected label:key")


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("UGC_IP_HASH_SALT", "short", "expected at least 16 characters"),
        ("UGC_IP_HASH_SALT", "change-me-change-me", "this is the example's, which everybody knows"),
        ("UGC_IP_HASH_SALT", "a" * 32, "this can be guessed"),
        ("UGC_IP_HASH_SALT", "abababababababababab", "this can be guessed"),
        ("UGC_METRICS_TOKEN", "short", "expected at least 16 characters"),
        ("UGC_WRITE_KEYS", "web:k", "a key of fewer than 8 characters can be guessed"),
        ("UGC_WRITE_KEYS", "web:long-enough,backend:1234567", "a key of fewer than 8 characters can be guessed"),
        ("UGC_WRITE_KEYS", "web:change-me", "a key is the example's"),
        ("UGC_WRITE_KEYS", "web:change-me,backend:change-me-too", "a key is the example's"),
    ],
)
def test_a_secret_that_is_none_is_refused_with_the_reason_and_not_shown(name: str, value: str, says: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_settings({name: value})
    assert str(caught.value).startswith(f"{name}=***: {says}")


def test_the_secrets_of_the_example_file_are_refused() -> None:
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    examples = dict(re.findall(r"^#? ?(UGC_WRITE_KEYS|UGC_IP_HASH_SALT|UGC_METRICS_TOKEN)=(\S+)", text, re.MULTILINE))
    assert {"UGC_WRITE_KEYS", "UGC_IP_HASH_SALT"} <= set(examples)
    for name, value in examples.items():
        with pytest.raises(SettingsError, match="example"):
            read_settings({name: value})


@pytest.mark.parametrize(
    "networks", ["0.0.0.0/0", "::/0", "10.0.0.0/8,0.0.0.0/1", "128.0.0.0/1", "2000::/3", "64.0.0.0/7"]
)
def test_proxies_that_everybody_could_be_are_refused_with_the_reason(networks: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_settings({"UGC_TRUSTED_PROXIES": networks})
    assert str(caught.value).startswith(f"UGC_TRUSTED_PROXIES={networks}: ")
    assert "machines of strangers" in str(caught.value)


@pytest.mark.parametrize("networks", ["10.0.0.0/8", "fc00::/7", "fe80::/10", "2400:cb00::/32", "172.16.0.0/12,::1"])
def test_networks_of_own_proxies_are_taken(networks: str) -> None:
    assert len(read_settings({"UGC_TRUSTED_PROXIES": networks}).trusted_proxies) == networks.count(",") + 1


def test_password_of_a_storage_is_not_shown() -> None:
    with pytest.raises(SettingsError) as caught:
        read_settings({"UGC_RATE_LIMIT_STORAGE": "nosql://user:secret@host:1"})
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("limit", ["off", "OFF"])
def test_rate_limit_can_be_off(limit: str) -> None:
    assert read_settings({"UGC_RATE_LIMIT": limit}).rate_limit == ()
    assert str(read_settings({}).rate_limit[0]) == "100 per 1 second"


def test_broker_is_spoken_to_as_configured() -> None:
    assert read_settings({}).security.client_options() == {"security.protocol": "PLAINTEXT"}
    login = {"UGC_KAFKA_SASL_USERNAME": "u", "UGC_KAFKA_SASL_PASSWORD": "p"}
    tls = {"UGC_KAFKA_SSL_CA_LOCATION": "/ca", "UGC_KAFKA_SECURITY_PROTOCOL": "SASL_SSL"}
    assert read_settings({**login, **tls}).security.client_options() == {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": "u",
        "sasl.password": "p",
        "ssl.ca.location": "/ca",
    }
    for name in login:
        with pytest.raises(SettingsError, match=name):
            read_settings({**login, **tls, name: ""})

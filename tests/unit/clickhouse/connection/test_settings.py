from __future__ import annotations

import pytest

from clickhouse.connection.errors import UsageError
from clickhouse.connection.settings import read_settings


def test_nothing_set_means_the_embedded_server_on_its_port() -> None:
    settings = read_settings({})
    assert (settings.url, settings.kafka_bootstrap) == ("http://127.0.0.1:8123", None)
    assert read_settings({"UGC_CLICKHOUSE_PORT": "9000"}).url == "http://127.0.0.1:9000"


def test_a_url_wins_over_a_port_and_other_variables_do_not_matter() -> None:
    given = {"UGC_CLICKHOUSE_URL": "https://h", "UGC_CLICKHOUSE_PORT": "9000", "UGC_API_WORKERS": "x", "PATH": "y"}
    assert read_settings(given).url == "https://h"


@pytest.mark.parametrize("port", ["abc", "0", "65536", "1.5"])
def test_a_wrong_port_is_named_with_its_value(port: str) -> None:
    with pytest.raises(UsageError, match=rf"UGC_CLICKHOUSE_PORT={port}: expected an integer from 1 to 65535"):
        read_settings({"UGC_CLICKHOUSE_PORT": port})


@pytest.mark.parametrize("url", ["h:8123", "clickhouse://h:9000", "http://", "http://h:x", "http://h:99999"])
def test_a_wrong_url_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_settings({"UGC_CLICKHOUSE_URL": url})
    assert str(caught.value) == "UGC_CLICKHOUSE_URL: expected http://user:password@host:8123 (https for TLS)"


def test_a_shown_url_has_no_password() -> None:
    assert read_settings({"UGC_CLICKHOUSE_URL": "https://me:secret@h/db"}).shown_url == "https://h:8443"

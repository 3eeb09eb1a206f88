from __future__ import annotations

import pytest

from local.clickhouse_server.access.door import Door, is_loopback

GRAFANA = "http://grafana.local:3000"


@pytest.mark.parametrize(
    "host",
    ["localhost", "LocalHost:8123", "127.0.0.1", "127.0.0.1:8123", "127.5.4.3:1", "[::1]", "[::1]:8123", "localhost:"],
)
def test_names_of_this_machine_are_answered(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host",
    [
        *("", "example.com", "localhost.example.com", "127.0.0.1.example.com", "example.com:8123", "evil@127.0.0.1"),
        *("127.0.0.1, example.com", "localhost.", "::1", "[::2]", "[::ffff:127.0.0.1]", "0.0.0.0", "0", "127.1"),  # noqa: S104 - compared
        *("10.0.0.1", "localhost:8123:1", "localhost:x", "127.0.0.1@example.com", " localhost", "localhost\x00"),
        *(
            "128.0.0.1",
            "126.255.255.255",
            "127.0.0.256",
            "0x7f.0.0.1",
            "017700000001",
            "foo.localhost",
            "\uff1127.0.0.1",
        ),
    ],
)
def test_no_other_name_is_answered(host: str) -> None:
    assert not is_loopback(host)
    assert Door().refusal({"HOST": host})


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"ORIGIN": "http://localhost:3000"},
        {"ORIGIN": "https://127.0.0.1"},
        {"ORIGIN": "http://[::1]:8123", "SEC_FETCH_SITE": "same-origin"},
        {"SEC_FETCH_SITE": "none"},
    ],
)
def test_requests_from_this_machine_pass(headers: dict[str, str]) -> None:
    assert Door().refusal({"HOST": "localhost:8123", **headers}) is None


@pytest.mark.parametrize(
    "headers",
    [
        *(
            {"ORIGIN": origin}
            for origin in ("http://example.com", "null", "", "file://", "http://localhost.example.com")
        ),
        *({"ORIGIN": origin} for origin in ("http://127.0.0.1@example.com", "localhost", "ftp://localhost", GRAFANA)),
        *({"ORIGIN": origin} for origin in ("http://localhost, http://example.com", "http://localhost/x")),
        *({"SEC_FETCH_SITE": site} for site in ("cross-site", "same-site", "Cross-Site", "", "other")),
        {"ORIGIN": "http://localhost", "SEC_FETCH_SITE": "cross-site"},
    ],
)
def test_requests_that_come_from_elsewhere_are_turned_away(headers: dict[str, str]) -> None:
    assert Door().refusal({"HOST": "localhost:8123", **headers})


def test_origins_that_are_allowed_pass_wherever_they_are() -> None:
    door = Door(frozenset((GRAFANA, "null")))
    assert door.refusal({"HOST": "localhost", "ORIGIN": GRAFANA, "SEC_FETCH_SITE": "cross-site"}) is None
    assert door.refusal({"HOST": "localhost", "ORIGIN": "null"}) is None
    assert door.refusal({"HOST": "localhost", "ORIGIN": "http://grafana.local"})
    assert door.refusal({"HOST": "grafana.local", "ORIGIN": GRAFANA})


def test_the_target_of_a_request_names_this_machine_too() -> None:
    assert Door().refusal({"HOST": "localhost"}, "example.com")
    assert Door().refusal({"HOST": "localhost"}, "localhost:8123") is None

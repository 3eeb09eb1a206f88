"""Who sent a request, and what of that is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.api.conftest import Service

PROXIES = {"UGC_TRUSTED_PROXIES": "10.0.0.0/8,127.0.0.1,2001:db8:1::/48", "UGC_IP_MODE": "full"}


def _stored(service: Service, event: dict[str, Any], peer: str, **headers: str) -> dict[str, Any]:
    given = {"Content-Type": "application/json", **{name.replace("_", "-"): text for name, text in headers.items()}}
    answer = service.client.simulate_post("/api/v1/events", json=event, headers=given, remote_addr=peer)
    assert answer.status_code == 202
    return service.sink.events()[-1]


@pytest.mark.parametrize(
    ("mode", "peer", "stored"),
    [
        ("truncate", "203.0.113.77", "203.0.113.0"),
        ("truncate", "2001:db8:1:2:3::4", "2001:db8:1::"),
        ("truncate", "::ffff:203.0.113.77", "203.0.113.0"),
        ("full", "203.0.113.77", "203.0.113.77"),
        ("drop", "203.0.113.77", None),
        # IPv6 addresses that hold an IPv4 address: no more of it is kept than of that alone.
        ("truncate", "2002:cb00:7107::1", "2002:cb00:7100::"),
        ("truncate", "2002:cb00:71ff:1:2:3:4:5", "2002:cb00:7100::"),
        ("truncate", "::203.0.113.77", "203.0.113.0"),
        ("truncate", "::ffff:0:203.0.113.77", "203.0.113.0"),
        ("truncate", "64:ff9b::203.0.113.77", "203.0.113.0"),
        ("truncate", "2001:0:53aa:64c:0:fffe:34ff:8ef8", "2001:0:53aa::"),
        ("truncate", "2001:db8:1:2:0:5efe:203.0.113.77", "2001:db8:1::"),
        ("full", "2002:cb00:7107::1", "2002:cb00:7107::1"),
        ("truncate", "::1", "::"),
    ],
)
def test_address_is_kept_in_the_configured_form(
    service_with: Callable[..., Service], click: dict[str, Any], mode: str, peer: str, stored: str | None
) -> None:
    assert _stored(service_with(UGC_IP_MODE=mode), click, peer).get("ip") == stored


def test_hashed_address_needs_the_salt_and_is_the_same_for_the_same_salt(
    service_with: Callable[..., Service], click: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match="UGC_IP_HASH_SALT"):
        service_with(UGC_IP_MODE="hash")
    salts = ("0123456789abcdef", "0123456789abcdef", "fedcba9876543210")
    one, same, other = (
        _stored(service_with(UGC_IP_MODE="hash", UGC_IP_HASH_SALT=salt), click, "203.0.113.77")["ip"] for salt in salts
    )
    assert one == same != other
    assert len(one) == 32


@pytest.mark.parametrize(
    ("peer", "forwarded", "stored"),
    [
        ("203.0.113.77", "198.51.100.1", "203.0.113.77"),
        ("10.1.1.1", "198.51.100.1", "198.51.100.1"),
        ("10.1.1.1", "192.0.2.9, 198.51.100.1, 10.2.2.2", "198.51.100.1"),
        ("10.1.1.1", "spoofed, 198.51.100.1", "198.51.100.1"),
        ("10.1.1.1", "198.51.100.1, rubbish, 10.2.2.2", "10.2.2.2"),
        ("10.1.1.1", "10.3.3.3, 10.2.2.2", "10.3.3.3"),
        ("10.1.1.1", "", "10.1.1.1"),
        ("2001:db8:1::5", "2001:db8:2::6", "2001:db8:2::6"),
        ("10.1.1.1", "203.0.113.7:51234", "203.0.113.7"),
        ("10.1.1.1", "[2001:db8:2::1]:443", "2001:db8:2::1"),
        ("10.1.1.1", "[2001:db8:2::1]", "2001:db8:2::1"),
        ("10.1.1.1", '"[2001:db8:2::1]:443"', "2001:db8:2::1"),
        ("10.1.1.1", '"203.0.113.7"', "203.0.113.7"),
        ("10.1.1.1", "[::ffff:203.0.113.7]:80", "203.0.113.7"),
        ("10.1.1.1", "198.51.100.1:1, 203.0.113.7:2 , 10.2.2.2:3", "203.0.113.7"),
        ("10.1.1.1", "198.51.100.1, 203.0.113.7:port", "10.1.1.1"),
        ("10.1.1.1", "198.51.100.1, [203.0.113.7]:1", "203.0.113.7"),
        ("10.1.1.1", '198.51.100.1, "203.0.113.7', "10.1.1.1"),
        ("10.1.1.1", "198.51.100.1, 203.0.113.7:", "10.1.1.1"),
        ("10.1.1.1", "198.51.100.1, 2001:db8:2::1:443", "2001:db8:2::1:443"),
        ("10.1.1.1", "198.51.100.1, unknown", "10.1.1.1"),
    ],
)
def test_forwarded_address_counts_only_from_trusted_proxies(
    service_with: Callable[..., Service], click: dict[str, Any], peer: str, forwarded: str, stored: str
) -> None:
    assert _stored(service_with(**PROXIES), click, peer, X_Forwarded_For=forwarded)["ip"] == stored


def test_user_agent_is_cut(service: Service, click: dict[str, Any]) -> None:
    assert _stored(service, click, "203.0.113.1", User_Agent="x" * 600)["user_agent"] == "x" * 512

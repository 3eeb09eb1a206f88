"""Who may read the figures: this machine, or who has the token."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.api.conftest import Service

TOKEN = "figures-for-prometheus"  # noqa: S105


@pytest.mark.parametrize(("peer", "status"), [("127.0.0.1", 200), ("::1", 200), ("127.8.8.8", 200), ("10.0.0.5", 403)])
def test_without_a_token_only_this_machine_is_answered(service: Service, peer: str, status: int) -> None:
    answer = service.client.simulate_get("/metrics", remote_addr=peer)
    assert answer.status_code == status
    assert ("ugc_http_requests" in answer.text) is (status == 200)


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"])
def test_what_a_proxy_on_this_machine_passes_on_is_not_from_here(service: Service, header: str) -> None:
    answer = service.client.simulate_get("/metrics", remote_addr="127.0.0.1", headers={header: "127.0.0.1"})
    assert (answer.status_code, answer.json["type"]) == (403, "urn:ugc:problem:forbidden")
    assert "UGC_METRICS_TOKEN" in answer.json["detail"]


@pytest.mark.parametrize(
    ("given", "status"),
    [
        (f"Bearer {TOKEN}", 200),
        (f"bearer {TOKEN}", 200),
        (f"Bearer {TOKEN}x", 401),
        (f"Bearer {TOKEN[:-1]}", 401),
        (f"Basic {TOKEN}", 401),
        ("Bearer \u00e4", 401),
        (TOKEN, 401),
        ("", 401),
    ],
)
def test_with_a_token_everybody_is_asked_for_it(service_with: Callable[..., Service], given: str, status: int) -> None:
    service = service_with(UGC_METRICS_TOKEN=TOKEN)
    for peer in ("127.0.0.1", "10.0.0.5"):
        answer = service.client.simulate_get(
            "/metrics", remote_addr=peer, headers={"Authorization": given} if given else {}
        )
        assert answer.status_code == status
        assert TOKEN not in answer.text
        if status == 401:
            assert answer.headers["www-authenticate"] == 'Bearer realm="metrics"'

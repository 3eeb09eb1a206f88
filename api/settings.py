"""The environment of the service, read once into a frozen object. Reading it touches neither disk nor network."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta, Struct, field

from api.clients import IpMode  # noqa: TC001 - msgspec evaluates the annotations
from api.environment import Address, Bootstrap, Cidrs, Networks, Port, reachable, read

if TYPE_CHECKING:
    from collections.abc import Mapping


class Settings(Struct, frozen=True, kw_only=True):
    """What can be configured. Field names are the variables' names."""

    api_host: Address = field(default="127.0.0.1", name="UGC_API_HOST")
    api_port: Port = field(default=9001, name="UGC_API_PORT")
    api_workers: Annotated[int, Meta(ge=1, le=512, description="an integer from 1 to 512")] = field(
        default_factory=lambda: os.cpu_count() or 1, name="UGC_API_WORKERS"
    )
    kafka_bootstrap: Bootstrap | None = field(default=None, name="UGC_KAFKA_BOOTSTRAP")
    kafka_port: Port = field(default=9092, name="UGC_KAFKA_PORT")
    trusted_proxies: Cidrs = field(default=Networks(), name="UGC_TRUSTED_PROXIES")
    ip_mode: Annotated[IpMode, Meta(description="truncate, full, hash or drop")] = field(
        default="truncate", name="UGC_IP_MODE"
    )
    ip_hash_salt: Annotated[str, Meta(min_length=16, description="at least 16 characters")] | None = field(
        default=None, name="UGC_IP_HASH_SALT"
    )

    @property
    def brokers(self) -> str:
        """Where the broker is: the configured addresses, else the embedded broker's."""
        return self.kafka_bootstrap or f"127.0.0.1:{self.kafka_port}"

    @property
    def url(self) -> str:
        """The URL at which this machine reaches the service."""
        return f"http://{reachable(self.api_host)}:{self.api_port}"


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Settings from environment variables; an empty one counts as unset. Raises `SettingsError`."""
    return read(Settings, environment)

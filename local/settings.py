"""What the embedded stack reads from the environment, once, into a frozen value."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct, field

from api.configuration.settings import Settings as ApiSettings
from api.configuration.settings import read_settings as read_api_settings
from common.environment import HttpUrl, Port, read

if TYPE_CHECKING:
    from collections.abc import Mapping


class _Environment(Struct, frozen=True, kw_only=True):
    clickhouse_url: HttpUrl | None = field(default=None, name="UGC_CLICKHOUSE_URL")
    clickhouse_port: Port = field(default=8123, name="UGC_CLICKHOUSE_PORT")
    data_dir: str = field(default=".ugc", name="UGC_DATA_DIR")


class Settings(Struct, frozen=True, kw_only=True):
    """Where the parts of the stack listen, and which of them are somebody else's."""

    service: ApiSettings
    own_broker: bool
    own_clickhouse: bool
    clickhouse_port: int
    clickhouse: str
    """URL of ClickHouse's HTTP interface; it may hold a password."""
    folder: Path
    """Absolute; data, logs and locks of the embedded tier."""

    @property
    def partitions(self) -> int:
        """Partitions of the topic in the embedded broker: one for each API worker, and one for its successor."""
        return self.service.api_workers + 1


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings of the stack and of the service in it; an empty variable counts as unset.

    Raises:
        SettingsError: a value has the wrong type, form or range.

    """
    service = read_api_settings(environment)
    own = read(_Environment, environment)
    return Settings(
        service=service,
        own_broker=service.kafka_bootstrap is None,
        own_clickhouse=own.clickhouse_url is None,
        clickhouse_port=own.clickhouse_port,
        clickhouse=own.clickhouse_url or f"http://127.0.0.1:{own.clickhouse_port}",
        folder=Path(own.data_dir).absolute(),
    )

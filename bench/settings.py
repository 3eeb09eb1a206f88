"""The environment of the benchmarks, read once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

from common.environment import Address, HttpUrl, Port, SettingsError, reachable, read

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Settings", "SettingsError", "read_settings"]


class Settings(Struct, frozen=True, kw_only=True):
    """Where the service and ClickHouse are, and the systems that the storage comparison reaches by URL, if any."""

    api_host: Address = field(default="127.0.0.1", name="UGC_API_HOST")
    api_port: Port = field(default=9001, name="UGC_API_PORT")
    clickhouse: HttpUrl | None = field(default=None, name="UGC_CLICKHOUSE_URL")
    clickhouse_port: Port = field(default=8123, name="UGC_CLICKHOUSE_PORT")
    bench_clickhouse_url: str | None = field(default=None, name="UGC_BENCH_CLICKHOUSE_URL")
    bench_vertica_url: str | None = field(default=None, name="UGC_BENCH_VERTICA_URL")
    bench_postgres_url: str | None = field(default=None, name="UGC_BENCH_POSTGRES_URL")

    @property
    def api_url(self) -> str:
        """The base URL of the API as this machine reaches it."""
        return f"http://{reachable(self.api_host)}:{self.api_port}"

    @property
    def clickhouse_url(self) -> str:
        """ClickHouse's HTTP interface; it may hold a password."""
        return self.clickhouse or f"http://127.0.0.1:{self.clickhouse_port}"


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Take the UGC_ variables that benchmarks know. Raises SettingsError that names the variable and its value."""
    return read(Settings, environment)

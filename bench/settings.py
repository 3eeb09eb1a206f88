"""The environment of the benchmarks, read once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

_ADDRESS = msgspec.Meta(min_length=1)


class SettingsError(ValueError):
    """A variable of the environment has a value that cannot be used; the message names both."""


class Settings(msgspec.Struct, frozen=True, rename=lambda name: f"UGC_{name.upper()}"):
    """Where the API listens, and the systems that the storage comparison reaches by URL (none: not reachable)."""

    api_host: Annotated[str, _ADDRESS] = "127.0.0.1"
    api_port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 9001
    bench_clickhouse_url: str | None = None
    bench_vertica_url: str | None = None
    bench_postgres_url: str | None = None

    @property
    def api_url(self) -> str:
        """The base URL of the API. An address that means "everywhere" is reached through this machine."""
        host = "127.0.0.1" if self.api_host in {"0.0.0.0", "::"} else self.api_host  # noqa: S104 - compared, not bound
        return f"http://{f'[{host}]' if ':' in host else host}:{self.api_port}"


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Take the UGC_ variables that benchmarks know. Raises SettingsError that names the variable and its value."""
    values = {
        field.encode_name: environment[field.encode_name]
        for field in msgspec.structs.fields(Settings)
        if environment.get(field.encode_name)
    }
    for name, value in values.items():
        try:
            msgspec.convert({name: value}, Settings, strict=False)
        except msgspec.ValidationError as error:
            raise SettingsError(f"{name}={value}: {error}") from error
    return msgspec.convert(values, Settings, strict=False)

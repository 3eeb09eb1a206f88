"""What the embedded stack reads from the environment, once, into a frozen value."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]
Url = Annotated[str, msgspec.Meta(pattern=r"^https?://")]


class SettingsError(ValueError):
    """A variable has a value that cannot be used; the text is one line that names both."""


class Settings(msgspec.Struct, frozen=True, kw_only=True, rename=lambda name: f"UGC_{name.upper()}"):
    """Where the parts of the stack listen, and which of them are somebody else's."""

    api_host: str = "127.0.0.1"
    api_port: Port = 9001
    kafka_bootstrap: str | None = None
    kafka_port: Port = 9092
    clickhouse_url: Url | None = None
    clickhouse_port: Port = 8123
    data_dir: str = ".ugc"

    @property
    def folder(self) -> Path:
        return Path(self.data_dir).absolute()

    @property
    def bootstrap(self) -> str:
        """`host:port` of the broker that the API produces to and ClickHouse consumes from."""
        return self.kafka_bootstrap or f"127.0.0.1:{self.kafka_port}"

    @property
    def clickhouse(self) -> str:
        """URL of ClickHouse's HTTP interface; it may hold a password."""
        return self.clickhouse_url or f"http://127.0.0.1:{self.clickhouse_port}"

    @property
    def api(self) -> str:
        """URL at which this machine reaches the API."""
        host = "127.0.0.1" if self.api_host in {"0.0.0.0", "::", "[::]"} else self.api_host  # noqa: S104 - compared, not bound
        return f"http://{host}:{self.api_port}"


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings of the stack; an empty variable counts as unset.

    Raises:
        SettingsError: a value has the wrong type, form or range.

    """
    values = {
        field.encode_name: environment[field.encode_name]
        for field in msgspec.structs.fields(Settings)
        if environment.get(field.encode_name)
    }
    try:
        return msgspec.convert(values, Settings, strict=False)
    except msgspec.ValidationError as error:
        expected, _, where = str(error).partition(" - at `$.")
        name = where.rstrip("`")
        raise SettingsError(f"{name}={values.get(name)}: {expected[0].lower()}{expected[1:]}") from error

"""What the embedded ClickHouse reads from the environment, beside what its command line says."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Annotated, Final

from msgspec import Meta, Struct, field

from common.environment import read

if TYPE_CHECKING:
    from collections.abc import Mapping

_ORIGIN: Final = re.compile(r"null|[a-z][a-z0-9+.-]*://[^\s/,]*")


class _Origins(frozenset[str]):
    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> _Origins:
        origins = cls(part.strip() for part in text.split(",") if part.strip())
        if not all(map(_ORIGIN.fullmatch, origins)):
            raise ValueError(text)
        return origins


class Settings(Struct, frozen=True, kw_only=True):
    """Who may reach the server, and what it may reach."""

    allow_reach: Annotated[bool, Meta(description="true or false")] = field(
        default=False, name="UGC_CLICKHOUSE_ALLOW_REACH"
    )
    origins: Annotated[_Origins, Meta(description="origins with commas between them, such as http://grafana.local")] = (
        field(default=_Origins(), name="UGC_CLICKHOUSE_ORIGINS")
    )


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """Read them once. Raises `SettingsError`: a value has the wrong form."""
    return read(Settings, environment)

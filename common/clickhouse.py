"""How the project's own programs name themselves to ClickHouse: the embedded one keeps a place for them."""

from __future__ import annotations

from typing import Final

CLIENT: Final = "ugc"
"""What the User-Agent begins with."""


def name_client() -> None:
    """Name all connections that this process makes from now on."""
    from clickhouse_connect import common  # noqa: PLC0415 - the name alone is needed by those that never connect

    common.set_setting("product_name", CLIENT)

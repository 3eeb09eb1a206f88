"""Connections to ClickHouse over HTTP, and statements on them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import clickhouse_connect
from clickhouse_connect.driver import options
from clickhouse_connect.driver.exceptions import ClickHouseError, OperationalError

from clickhouse.connection.errors import OperationError, StatementError
from common.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clickhouse_connect.driver.client import Client

    from clickhouse.connection.settings import Settings

# An insert of the driver asks whether it was given a data frame, and imports pandas for that where it is installed:
# more work than all migrations. Nothing here is one.
options.pd = None

_PROBE_INTERVAL_S = 0.2
_STATEMENT_S = 300


def one_line(error: BaseException) -> str:
    """A server's answer without its stack trace and without the driver's wrapping."""
    return " ".join(str(error).split("Stack trace", maxsplit=1)[0].split())


def connect(settings: Settings, wait_s: float = 0, *, statement_s: int = _STATEMENT_S) -> Client:
    """A client of the server, waiting up to `wait_s` seconds for it to answer; OperationError when it does not.

    `statement_s` is how long to wait for one statement; the server continues it after that.
    """
    unanswered: Exception | None = None

    def attempt() -> Client | None:
        nonlocal unanswered
        try:
            interface = settings.url.partition(":")[0]
            return clickhouse_connect.get_client(
                dsn=settings.url, interface=interface, tz_mode="aware", send_receive_timeout=statement_s
            )
        except (OperationalError, OSError) as error:
            unanswered = error
            return None
        except ClickHouseError as error:
            raise OperationError(
                f"ClickHouse at {settings.shown_url} refused: {one_line(error)}. "
                "Check user and password in UGC_CLICKHOUSE_URL."
            ) from error

    client = wait_until(attempt, wait_s, every_s=_PROBE_INTERVAL_S)
    if client is None:
        waited = f" within {wait_s:g} s" if wait_s else ""
        reason = f": {_cause(unanswered)}" if unanswered else ""
        raise OperationError(
            f"ClickHouse at {settings.shown_url} did not answer{waited}{reason}. "
            "Start it, or set UGC_CLICKHOUSE_URL to where it runs."
        ) from unanswered
    return client


def _cause(error: BaseException) -> str:
    """The innermost reason, which is the one that tells something."""
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__ or error
    return one_line(error)


@contextmanager
def connected(settings: Settings, wait_s: float = 0, *, statement_s: int = _STATEMENT_S) -> Iterator[Client]:
    """`connect`, closed at the end."""
    client = connect(settings, wait_s, statement_s=statement_s)
    try:
        yield client
    finally:
        client.close()


def execute(client: Client, statement: str, **parameters: Any) -> None:
    """Run a statement that returns nothing; StatementError when it is refused. `{name:Type}` is bound by the server."""
    try:
        client.command(statement, parameters=parameters or None)
    except ClickHouseError as error:
        raise StatementError(statement, one_line(error)) from error


def rows(client: Client, query: str, **parameters: Any) -> list[dict[str, Any]]:
    """The rows of a query; its `{name:Type}` parameters are bound by the server."""
    try:
        return list(client.query(query, parameters=parameters).named_results())
    except ClickHouseError as error:
        raise StatementError(query, one_line(error)) from error

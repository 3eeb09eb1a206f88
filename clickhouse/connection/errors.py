"""What can go wrong, as the person at the terminal reads it: one line that says what to do."""

from __future__ import annotations


class UsageError(Exception):
    """A setting or an argument is missing or wrong; nothing was touched (exit code 2)."""


class OperationError(Exception):
    """ClickHouse refused or did not answer, or a file is broken (exit code 1)."""


class StatementError(OperationError):
    """ClickHouse refused one statement.

    `statement` is the text that was sent, which tells the file that it came from; `reason` the answer on one line.
    """

    def __init__(self, statement: str, reason: str) -> None:
        super().__init__(reason)
        self.statement = statement
        self.reason = reason

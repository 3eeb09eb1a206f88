"""Identities that name nobody: what a program writes when it has none, and what would make thousands one person."""

from __future__ import annotations

from typing import Final

JUNK: Final = frozenset(
    {
        "",
        "0",
        "-1",
        "00000000-0000-0000-0000-000000000000",
        "[]",
        "{}",
        "[object object]",
        "anon",
        "anonymous",
        "anonymous_id",
        "anonymousid",
        "distinct_id",
        "distinctid",
        "email",
        "false",
        "guest",
        "id",
        "n/a",
        "nan",
        "nil",
        "none",
        "not_authenticated",
        "null",
        "true",
        "undefined",
        "unknown",
        "user_id",
        "userid",
    }
)
_LONGEST: Final = max(map(len, JUNK)) + 8
"""With some room for spaces and quotes around it; longer ones need no look."""


def is_junk(identity: str) -> bool:
    """Whether this names nobody, in any case, and with spaces or quotes around it."""
    return len(identity) <= _LONGEST and identity.strip(" \t\r\n\"'").lower() in JUNK

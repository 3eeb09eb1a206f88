"""Identities that name nobody: what programs write when they know none, which would merge thousands of people."""

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
_LONGEST: Final = max(map(len, JUNK))


def is_junk(identity: str) -> bool:
    """Whether this names nobody, in any case, and with spaces or quotes around it."""
    bare = identity.strip(" \t\r\n\"'")
    return len(bare) <= _LONGEST and bare.lower() in JUNK


def _any_case(word: str) -> str:
    return "".join(_ANY_CASE.get(each, f"[{each}{each.upper()}]" if each.isalpha() else each) for each in word)


# In lower case, the Kelvin sign is a k. Regular expressions in JSON Schema have no flag to ignore case.
_ANY_CASE: Final = {"k": "[kK\u212a]", **{each: f"\\{each}" for each in "[]{}"}}
PATTERN: Final = rf"""^[ \t\r\n"']*(?:{"|".join(map(_any_case, sorted(JUNK)))})[ \t\r\n"']*$"""
"""What matches is junk: the same rule, for the OpenAPI document."""

"""Characters that nobody sees, and that no id has: controls (C0, C1), line ends, bidirectional marks, U+FFFD."""

from __future__ import annotations

import re
from typing import Final

_UNSEEN: Final = r"\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffd"
PLAIN: Final = rf"^[^{_UNSEEN}]*$(?!\n)"
"""What an id looks like, for the OpenAPI document. Only to Python, `$` is also before a newline at the end."""

_SUSPECT_ASCII: Final = b"\\\x7f"
_SUSPECT_LEADS: Final = b"\xc2\xd8\xe2\xef"
"""With which such characters begin in UTF-8; no letter of Latin, Cyrillic or Greek does."""

_find: Final = re.compile(f"[{_UNSEEN}]").search


def is_plain(body: bytes) -> bool:
    """Whether it is certain at a glance that no string of a JSON text has such a character."""
    # JSON has no bare control characters but DEL, and escapes need a backslash. Numbers, because to look for one in
    # bytes takes a thirtieth of the time that it takes to look for bytes in them.
    backslash, delete = _SUSPECT_ASCII
    if backslash in body or delete in body:
        return False
    return body.isascii() or not any(lead in body for lead in _SUSPECT_LEADS)


def unseen(text: str) -> str | None:
    """The first such character of a text."""
    # U+FFFD counts as printable.
    if text.isprintable() and "\ufffd" not in text:
        return None
    found = _find(text)
    return None if found is None else found[0]

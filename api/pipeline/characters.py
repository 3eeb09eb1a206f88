"""Characters that nobody sees, and that no id has: controls (C0, C1), line ends, bidirectional marks, U+FFFD."""

from __future__ import annotations

import re
from typing import Final

_UNSEEN: Final = r"\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffd"
PLAIN: Final = f"^[^{_UNSEEN}]*$"
"""What an id looks like, for the OpenAPI document."""

_find: Final = re.compile(f"[{_UNSEEN}]").search


def unseen(text: str) -> str | None:
    """The first such character of a text."""
    # U+FFFD counts as printable.
    if text.isprintable() and "\ufffd" not in text:
        return None
    found = _find(text)
    return None if found is None else found[0]

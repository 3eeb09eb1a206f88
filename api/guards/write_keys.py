"""Who may post: write keys, several at once so that they can be rotated."""

from __future__ import annotations

import hmac
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from falcon.asgi import Request, Response

HEADER: Final = "X-Write-Key"
PARAMETER: Final = "write_key"
INGESTION: Final = frozenset({"/api/v1/events", "/api/v1/events/batch"})
"""The paths that take events."""

_KEY: Final = re.compile(r"(?:(?P<label>[A-Za-z0-9_-]{1,32}):)?(?P<key>[A-Za-z0-9._~+/=-]{1,256})")


class WriteKeyError(Exception):
    """A request without a write key, or with one that is not among those configured."""


class WriteKey(NamedTuple):
    """A key, and what it is called in metrics and logs, where it may never stand itself."""

    label: str
    key: bytes


class WriteKeys(tuple[WriteKey, ...]):
    """Keys written as `label:key,label2:key2`; without a label they are called by their place, `key-1`."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> WriteKeys:
        found: list[WriteKey] = []
        for place, part in enumerate(text.split(","), start=1):
            match = _KEY.fullmatch(part.strip())
            if match is None:
                raise ValueError
            found.append(WriteKey(match["label"] or f"key-{place}", match["key"].encode()))
        if len({each.label for each in found}) != len(found):
            raise ValueError
        return cls(found)

    def label_of(self, given: str) -> str | None:
        """The label of this key, or None. Takes the same time for every key of one length."""
        key = given.encode("utf-8", "surrogateescape")
        label = None
        for each in self:
            if hmac.compare_digest(each.key, key):
                label = each.label
        return label


class KeyCheck:
    """Middleware: lets only requests with a write key reach the paths that take events."""

    def __init__(self, keys: WriteKeys) -> None:
        """At least one key."""
        self._keys = keys

    async def process_resource(self, request: Request, _response: Response, _resource: Any, _params: Any) -> None:
        """Raises `WriteKeyError`."""
        if request.method != "POST" or request.path not in INGESTION:
            return
        given = request.get_header(HEADER) or request.get_param(PARAMETER)
        label = self._keys.label_of(given) if given else None
        if label is None:
            raise WriteKeyError
        request.context.write_key = label

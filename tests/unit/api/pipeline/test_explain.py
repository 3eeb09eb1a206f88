"""What a refusal shows of the value that it is about."""

from __future__ import annotations

import json

import pytest

from api.pipeline.client import UNKNOWN_CLIENT
from api.pipeline.ingestion import Ingestion
from api.pipeline.rejections import RejectionError
from tests.unit.api.conftest import NEW_ID, NOW

BROKEN_ID = b"0190a6a0-5c52-4003\x9b00-000000000001"
# The 65th byte, where what is shown ends, is the first of a character's two.
CUT_LETTER = b"x" * 63 + "ж".encode() + b"\xff"


@pytest.mark.parametrize("value", [BROKEN_ID, CUT_LETTER], ids=["a byte", "a byte behind a letter that is cut"])
def test_text_that_is_not_utf8_is_refused_like_any_other_wrong_value(value: bytes) -> None:
    document = json.dumps({"event_type": "page_view", "user_id": "u", "view_id": "HERE"}).encode()
    body = document.replace(b"HERE", value)
    ingestion = Ingestion(lambda _now: NEW_ID)
    with pytest.raises(RejectionError):
        ingestion.one(body, UNKNOWN_CLIENT, NOW)
    sound = b'{"event_type": "click", "user_id": "u", "element": "movie"}'
    batch = ingestion.batch(b'{"events": [' + body + b", " + sound + b"]}", UNKNOWN_CLIENT, NOW)
    assert (batch.accepted, len(batch.refused)) == (1, 1)

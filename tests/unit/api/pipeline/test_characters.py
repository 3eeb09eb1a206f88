"""Which texts certainly have no character that nobody sees, and which characters those are."""

from __future__ import annotations

import json
import re
import sys

import pytest

from api.pipeline.characters import PLAIN, is_plain, unseen

CHARACTERS = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code <= 0xDFFF]
UNSEEN = [each for each in CHARACTERS if unseen(each) is not None]


def test_text_with_an_unseen_character_is_never_taken_for_plain() -> None:
    assert len(UNSEEN) > 70
    for each in UNSEEN:
        assert not is_plain(json.dumps(f"a{each}", ensure_ascii=True).encode()), hex(ord(each))
        if ord(each) >= ord(" "):
            assert not is_plain(f'"a{each}"'.encode()), hex(ord(each))


def test_document_and_service_mean_the_same_characters() -> None:
    assert [each for each in CHARACTERS if not re.fullmatch(PLAIN, each)] == UNSEEN


@pytest.mark.parametrize("text", ['{"label": "Watch now"}', '{"label": "Смотреть"}', '{"label": "Δες"}', '{"a": "é"}'])
def test_text_in_usual_letters_is_plain_at_a_glance(text: str) -> None:
    assert is_plain(text.encode())

"""The typed context of a request."""

from __future__ import annotations

import pytest

from api.pipeline.client import UNKNOWN_CLIENT
from api.server.request import Context


def test_context_is_complete_from_the_start() -> None:
    context = Context()
    assert (context.request_id, context.write_key, context.client, context.timings) == ("", None, UNKNOWN_CLIENT, None)
    assert (context.foreign, dict(context.reasons)) == (False, {})


def test_context_takes_nothing_that_it_does_not_name() -> None:
    with pytest.raises(AttributeError):
        Context().usr_id = "u1"  # type: ignore[attr-defined]

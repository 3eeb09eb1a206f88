"""The steps on an event's way: their names, their functions, their order, and their times."""

from __future__ import annotations

import gzip
import importlib
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from api.pipeline import steps
from api.pipeline.client import UNKNOWN_CLIENT
from api.pipeline.ingestion import Ingestion
from api.pipeline.rejections import RejectionError
from api.pipeline.timing import Step, Timings
from api.telemetry.observing import TIME_ONE_IN
from tests.unit.api.conftest import NEW_ID, NOW

if TYPE_CHECKING:
    from tests.unit.api.conftest import Service

ROOT = Path(__file__).parents[4]
ITEM = re.compile(r"^\d+\. `(\w+)`, (`api\.[^:]+`):", re.MULTILINE)
IN_PIPELINE = [step for step in Step if step not in {Step.RECEIVE, Step.UNPACK, Step.SEND}]


def documented() -> dict[str, list[str]]:
    """The steps that the documentation lists, in order, each with the dotted names of its functions."""
    text = (ROOT / "docs" / "architecture.md").read_text()
    return {name: re.findall(r"`([\w.]+)`", functions) for name, functions in ITEM.findall(text)}


def found(dotted: str) -> Any:
    """What a dotted name names: a module's function, or a method of one of its classes."""
    words = dotted.split(".")
    place: Any = importlib.import_module(".".join(words[:3]))
    for word in words[3:]:
        place = getattr(place, word)
    return place


def test_documentation_lists_the_steps_in_their_order() -> None:
    assert list(documented()) == [step.value for step in Step]


@pytest.mark.parametrize("step", list(Step))
def test_each_step_is_a_function_that_is_found_by_the_name_in_the_documentation(step: Step) -> None:
    for name in documented()[step]:
        assert callable(found(name)), name
        assert name.rsplit(".", 1)[-1].startswith(step.value)


def test_steps_between_decoding_and_encoding_are_called_what_they_are_named() -> None:
    assert {step.value: function.__name__ for step, function in steps.STEPS.items()} == {
        step.value: step.value for step in steps.STEPS
    }


def figures(service: Service) -> dict[str, int]:
    """How often each step was timed."""
    text = service.client.simulate_get("/metrics").text
    counts = re.findall(r'^ugc_step_seconds_count\{step="(\w+)"\} (\d+)\.0$', text, re.MULTILINE)
    return {step: int(count) for step, count in counts}


def test_one_post_in_so_many_is_timed_step_by_step(service: Service, click: dict[str, Any]) -> None:
    body = gzip.compress(json.dumps(click).encode())
    for _ in range(TIME_ONE_IN):
        assert service.post("/api/v1/events", body, Content_Encoding="gzip").status_code == 202
    assert figures(service) == {step.value: 1 for step in Step}
    assert service.batch([click] * 3).status_code == 202
    assert figures(service) == {step.value: 2 - (step is Step.UNPACK) for step in Step}


def test_request_is_timed_as_a_whole_and_what_is_timed_is_in_order(click: dict[str, Any]) -> None:
    timings = Timings()
    body = json.dumps({"events": [click] * 100}).encode()
    ingestion = Ingestion(lambda _now: NEW_ID)
    ingestion.batch(body, UNKNOWN_CLIENT, NOW, timings)
    assert list(timings.seconds) == IN_PIPELINE
    assert all(seconds > 0 for seconds in timings.seconds.values())


def test_timing_changes_nothing_about_the_outcome(click: dict[str, Any]) -> None:
    ingestion = Ingestion(lambda _now: NEW_ID)
    body = json.dumps(click).encode()
    assert ingestion.one(body, UNKNOWN_CLIENT, NOW, Timings()) == ingestion.one(body, UNKNOWN_CLIENT, NOW)
    batch = json.dumps({"events": [click, {**click, "user_id": None}]}).encode()
    plain, timed = ingestion.batch(batch, UNKNOWN_CLIENT, NOW), ingestion.batch(batch, UNKNOWN_CLIENT, NOW, Timings())
    assert (plain.messages, plain.event_types) == (timed.messages, timed.event_types)
    assert [str(each.rejection) for each in plain.refused] == [str(each.rejection) for each in timed.refused]


def test_step_that_refuses_is_timed_too(click: dict[str, Any]) -> None:
    timings = Timings()
    ingestion = Ingestion(lambda _now: NEW_ID)
    with pytest.raises(RejectionError):
        ingestion.one(json.dumps({**click, "user_id": "null"}).encode(), UNKNOWN_CLIENT, NOW, timings)
    assert list(timings.seconds) == [Step.DECODE, Step.REQUIRE_IDENTITY, Step.REFUSE_JUNK_IDENTITY]

"""The running service against its own OpenAPI document: every check of Schemathesis, and one of our own.

The document's examples, its boundary values (some 6,800 cases), what chance makes of it, and chains of requests along
its links. `UGC_TEST_CASES` is how many cases chance makes for each operation that takes a body (default 100).
"""

from __future__ import annotations

import copy
import os
import time
from collections import Counter
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.core.failures import FailureGroup

from api.documentation.examples import EXAMPLES
from api.documentation.openapi import document
from tests.api.documented import Documented, follow_the_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from schemathesis import Case, CheckContext, Response

    from tests.support.stack import Stack

CASES = int(os.environ.get("UGC_TEST_CASES", "100"))
KEY = {"X-Write-Key": "web-key-of-tests"}
ONE, BATCH = "POST /api/v1/events", "POST /api/v1/events/batch"
DOCUMENT = document(needs_key=True)
DOCUMENTED = Documented(DOCUMENT)
# What is right is stored, what is wrong is not; but a batch keeps its good events, and which those are is for
# `verdict_is_the_documented_one` to know.
STATUSES = {
    ONE: (["202"], ["400", "401", "405", "413", "415"]),
    BATCH: (["202"], ["207", "400", "401", "405", "413", "415"]),
}
CONFIG = {
    # The key is right in every request: whether others are refused is what the check `ignored_auth` tries each time.
    "generation": {"with-security-parameters": False},
    "checks": {"max_response_time": 5.0},
    "operations": [
        {
            "include-name": label,
            "checks": {
                "positive_data_acceptance": {"expected-statuses": good},
                "negative_data_rejection": {"expected-statuses": bad},
            },
        }
        for label, (good, bad) in STATUSES.items()
    ],
}
seen: Counter[tuple[str, str, str, int]] = Counter()
"""Operation, kind of data, phase and status: how often."""

# A text/plain body is JSON as well.
schemathesis.serializer.alias("text/plain", "application/json")


@schemathesis.check
def verdict_is_the_documented_one(_context: CheckContext, response: Response, case: Case[Any]) -> None:
    """Whatever was sent is stored or refused as the document says, and what is named is what is wrong with it."""
    label = case.operation.label
    assert case.meta is not None
    seen[label, case.meta.generation.mode.value, case.meta.phase.name.value, response.status_code] += 1
    if label not in STATUSES or case.method.upper() != "POST" or response.status_code in (401, 415):
        return
    body = response.request.body or b""
    assert isinstance(body, bytes)
    check = _check_event if label == ONE else _check_batch
    check(body, response.status_code, response.json(), time.time_ns() // 1_000_000)


def _check_event(body: bytes, status: int, answer: Any, now: int) -> None:
    expected = DOCUMENTED.of_event(body, now)
    assert status == expected.status, expected
    if status == 202:
        own_id = DOCUMENTED.read(body).get("event_id")
        assert own_id is None or UUID(answer["event_id"]) == UUID(own_id)
    else:
        [error] = answer["errors"]
        assert error["path"].startswith(expected.paths[0]), expected


def _check_batch(body: bytes, status: int, answer: Any, now: int) -> None:
    expected = DOCUMENTED.of_batch(body, now)
    assert status == expected.status, expected
    rejected = answer.get("rejected", [])
    assert [each["index"] for each in rejected] == list(expected.paths), expected
    for each in rejected:
        assert each["error"].startswith(expected.paths[each["index"]]), expected
    if status != 400:
        assert answer["accepted"] + len(rejected) == len(DOCUMENTED.read(body)["events"])


def _schema(served: dict[str, Any]) -> Any:
    return schemathesis.openapi.from_dict(served, config=schemathesis.Config.from_dict(CONFIG))


def _prepare(case: Case[Any]) -> None:
    """Make data that fit the schemas follow the document's words, too, and put good events beside some bad ones."""
    assert case.meta is not None
    body: Any = case.body
    if case.meta.generation.mode.is_positive:
        case.body = follow_the_words(body, time.time_ns() // 1_000_000)
    elif case.operation.label == BATCH and isinstance(body, dict) and isinstance(body.get("events"), list):
        # None, one before them, or one before and one after.
        good = len(str(body)) % 3
        around = [EXAMPLES["click"]]
        case.body = {**body, "events": around * (good > 0) + body["events"] + around * (good > 1)}


SCHEMA = _schema(DOCUMENT)
bounded = settings(max_examples=CASES, deadline=None, suppress_health_check=list(HealthCheck), database=None)


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    with requests.Session() as opened:
        # Without a look for proxies in the environment at each request.
        opened.trust_env = False
        yield opened


@pytest.fixture(scope="module")
def how(keyed_stack: Stack, session: requests.Session) -> dict[str, Any]:
    return {"base_url": keyed_stack.url, "session": session, "headers": KEY, "timeout": 30}


def test_the_running_service_serves_the_document_that_is_tested(keyed_stack: Stack) -> None:
    served = requests.get(f"{keyed_stack.url}/openapi.json", timeout=30).json()
    assert served == DOCUMENT


@pytest.mark.timeout(0)
@SCHEMA.parametrize()  # type: ignore[untyped-decorator]
@bounded
def test_no_answer_is_outside_the_document(case: Case[Any], how: dict[str, Any]) -> None:
    _prepare(case)
    case.call_and_validate(**how)


def _for_chains(served: dict[str, Any]) -> dict[str, Any]:
    """The document as Schemathesis can follow its links: what a link says is the whole body, and of one media type."""
    chained = copy.deepcopy(served)
    for path in (ONE, BATCH):
        post = chained["paths"][path.removeprefix("POST ")]["post"]
        del post["requestBody"]["content"]["text/plain"]
        for link in post["responses"]["202"]["links"].values():
            link["x-schemathesis"] = {"merge_body": False}
    return chained


@pytest.mark.timeout(0)
def test_what_was_accepted_is_accepted_again_along_the_links(how: dict[str, Any]) -> None:
    followed: Counter[str] = Counter()

    class Chain(_schema(_for_chains(DOCUMENT)).as_state_machine()):  # type: ignore[misc]
        def before_call(self, case: Case[Any]) -> None:
            _prepare(case)

        def get_call_kwargs(self, case: Case[Any]) -> dict[str, Any]:
            del case
            return how

        def step(self, input: Any) -> Any:  # noqa: A002 - the library's name for it
            output = super().step(input)
            link = input.transition
            # Those that Schemathesis infers on top promise nothing.
            if link is not None and not link.is_inferred and input.is_applied:
                assert output.response.status_code == 202
                followed[link.id] += 1
            return output

    Chain.run(
        settings=settings(bounded, phases=[Phase.generate], max_examples=max(60, CASES // 5), stateful_step_count=6)
    )
    for link in (f"{ONE} -> [202] again -> {ONE}", f"{ONE} -> [202] againInBatch -> {BATCH}"):
        assert followed[link] >= 3, followed
    assert followed[f"{BATCH} -> [202] again -> {BATCH}"] >= 3, followed


def test_every_kind_of_data_and_of_answer_was_seen() -> None:
    # Somebody who asks for this test alone has not run what it counts; on CI that would be a gap.
    if "CI" not in os.environ and not {phase for _, _, phase, _ in seen} >= {"coverage", "stateful"}:
        pytest.skip("counts what the others of this file have seen")
    total = Counter[tuple[str, str, int]]()
    for (label, kind, _, status), number in seen.items():
        total[label, kind, status] += number
    for key, number in sorted(seen.items()):
        print(f"{number:6}", *key)
    assert total.total() >= 5_000
    for label in STATUSES:
        assert total[label, "positive", 202] >= 20
        assert total[label, "negative", 400] >= 500
        assert {phase for each, kind, phase, _ in seen if (each, kind) == (label, "positive")} == {
            "examples",
            "coverage",
            "fuzzing",
            "stateful",
        }
    assert total[BATCH, "negative", 207] >= 500


def _allows_too_much(served: dict[str, Any]) -> None:
    for reference in served["components"]["schemas"]["Event"]["discriminator"]["mapping"].values():
        served["components"]["schemas"][reference.rpartition("/")[2]]["properties"]["session_id"] = {"const": ""}


def _allows_too_little(served: dict[str, Any]) -> None:
    fields = {"event_type": "click", "user_id": "u1", "element": "movie", "label": "the only one"}
    served["components"]["schemas"]["Event"] = {
        "type": "object",
        "properties": {name: {"type": "string", "const": value} for name, value in fields.items()},
        "required": list(fields),
        "additionalProperties": False,
    }


def _knows_no_refusal(served: dict[str, Any]) -> None:
    del served["paths"]["/api/v1/events"]["post"]["responses"]["400"]


def _promises_more(served: dict[str, Any]) -> None:
    served["components"]["schemas"]["EventAccepted"]["required"].append("stored_at")


@pytest.mark.parametrize(
    ("lie", "kind", "found"),
    [
        (_allows_too_much, GenerationMode.POSITIVE, "RejectedPositiveData"),
        (_allows_too_little, GenerationMode.NEGATIVE, "AcceptedNegativeData"),
        (_knows_no_refusal, GenerationMode.NEGATIVE, "UndefinedStatusCode"),
        (_promises_more, GenerationMode.POSITIVE, "JsonSchemaError"),
    ],
)
def test_document_that_is_wrong_is_found_out(
    how: dict[str, Any], lie: Callable[[dict[str, Any]], None], kind: GenerationMode, found: str
) -> None:
    wrong = copy.deepcopy(DOCUMENT)
    lie(wrong)
    del wrong["paths"]["/api/v1/events"]["post"]["requestBody"]["content"]["text/plain"]
    del wrong["paths"]["/api/v1/events"]["post"]["requestBody"]["content"]["application/json"]["examples"]
    operation = _schema(wrong)["/api/v1/events"]["POST"]
    names: set[str] = set()

    @settings(bounded, max_examples=100, derandomize=True, phases=[Phase.generate])
    @given(case=operation.as_strategy(generation_mode=kind))
    def run(case: Case[Any]) -> None:
        _prepare(case)
        try:
            case.call_and_validate(**how, excluded_checks=[verdict_is_the_documented_one])
        except FailureGroup as failures:
            names.update(type(each).__name__ for each in failures.exceptions)

    run()
    assert names == {found}

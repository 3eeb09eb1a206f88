"""The running service against its own OpenAPI document.

`UGC_TEST_CASES` is how many cases to make of each kind for each operation (default 50): 1000 make some 6,000 in all.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from api.openapi import document

if TYPE_CHECKING:
    from collections.abc import Iterator

    from schemathesis import Case

    from tests.support.stack import Stack

CASES = int(os.environ.get("UGC_TEST_CASES", "50"))
KEY = {"X-Write-Key": "web-key"}
SCHEMA = schemathesis.openapi.from_dict(document(needs_key=True))
OPERATIONS: dict[str, Any] = {
    found.ok().label: found.ok() for found in SCHEMA.get_all_operations() if isinstance(found, Ok)
}
# What has no parameters and no body has nothing that could be wrong.
KINDS = [
    *((label, GenerationMode.POSITIVE) for label in OPERATIONS),
    *((label, GenerationMode.NEGATIVE) for label in OPERATIONS if label.startswith("POST")),
]
# A batch with a bad event keeps its good ones: that is a success, too.
PARTLY = {"POST /api/v1/events/batch": (negative_data_rejection,)}


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    with requests.Session() as opened:
        yield opened


def test_the_running_service_serves_the_document_that_is_tested(keyed_stack: Stack) -> None:
    served = requests.get(f"{keyed_stack.url}/openapi.json", timeout=30).json()
    assert served == document(needs_key=True)


@pytest.mark.timeout(0)
@pytest.mark.parametrize(("label", "kind"), KINDS, ids=lambda each: str(getattr(each, "value", each)))
def test_no_answer_is_outside_the_document(
    keyed_stack: Stack, session: requests.Session, label: str, kind: GenerationMode
) -> None:
    @settings(
        max_examples=CASES if label.startswith("POST") else min(CASES, 5),
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate],
        database=None,
    )
    @given(case=OPERATIONS[label].as_strategy(generation_mode=kind))
    def run(case: Case[Any]) -> None:
        # A schema cannot say which times are plausible, nor which identities name nobody.
        case.call_and_validate(
            base_url=keyed_stack.url,
            session=session,
            headers=KEY,
            excluded_checks=[positive_data_acceptance, *PARTLY.get(label, ())],
            timeout=30,
        )

    run()

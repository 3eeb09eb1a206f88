"""The OpenAPI document and the page that shows it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openapi_spec_validator import validate

from api.documentation.examples import EXAMPLES
from api.documentation.openapi import document
from api.guards.rates import weight_of
from api.pipeline.identities import JUNK, PATTERN, is_junk

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.api.conftest import Service

DOCS = Path(__file__).parents[4] / "docs"


def test_document_is_valid_openapi_3_1(service: Service) -> None:
    served = service.client.simulate_get("/openapi.json").json
    assert served["openapi"] == "3.1.0"
    validate(served)
    assert served == document()


def test_every_status_of_the_contract_is_documented() -> None:
    paths = document()["paths"]
    refusals = {"400", "401", "403", "408", "413", "415", "429", "500", "503"}
    assert set(paths["/api/v1/events"]["post"]["responses"]) == {"202", *refusals}
    assert set(paths["/api/v1/events/batch"]["post"]["responses"]) == {"202", "207", *refusals}
    assert set(paths["/readyz"]["get"]["responses"]) == {"200", "503"}


def test_unit_of_weight_is_documented_as_it_is_charged() -> None:
    for text in (document()["info"]["description"], (DOCS / "api.md").read_text()):
        (kibibytes,) = re.findall(r"1 for each started\s+(\d+) KiB of its", text)
        assert weight_of(int(kibibytes) * 1024) == 1 < weight_of(int(kibibytes) * 1024 + 1)


def test_every_answer_has_an_example_and_names_its_headers() -> None:
    for path in ("/api/v1/events", "/api/v1/events/batch"):
        for status, answer in document()["paths"][path]["post"]["responses"].items():
            (content,) = answer["content"].values()
            assert content["example"], (path, status)
            assert "X-Request-Id" in answer["headers"]
            assert ("Retry-After" in answer["headers"]) == (status in {"429", "503"})


def test_key_is_optional_in_the_document_only_where_none_is_configured(service_with: Callable[..., Service]) -> None:
    for keys, optional in (("", True), ("web:secret-key", False)):
        served = service_with(UGC_WRITE_KEYS=keys).client.simulate_get("/openapi.json").json
        assert ({} in served["paths"]["/api/v1/events"]["post"]["security"]) is optional


def test_event_is_a_plain_union_by_its_discriminator_and_no_property_has_a_default() -> None:
    schemas = document()["components"]["schemas"]
    assert set(schemas["Event"]) == {"description", "oneOf", "discriminator"}
    assert [each["$ref"] for each in schemas["Event"]["oneOf"]] == list(
        schemas["Event"]["discriminator"]["mapping"].values()
    )
    for name, schema in schemas.items():
        for field, each in schema.get("properties", {}).items():
            assert "default" not in each, f"{name}.{field}: generators would require it"


def test_document_has_a_server_and_every_route_its_security() -> None:
    served = document()
    assert served["servers"] == [{"url": "/"}]
    for path in served["paths"].values():
        for operation in path.values():
            assert "security" in operation, operation["operationId"]


def test_each_event_type_has_its_example_in_the_document() -> None:
    content = document()["paths"]["/api/v1/events"]["post"]["requestBody"]["content"]
    for media_type in ("application/json", "text/plain"):
        examples = content[media_type]["examples"]
        assert {name: each["value"] for name, each in examples.items()} == EXAMPLES


def _matches(event: Any) -> bool:
    schema = {"$ref": "#/components/schemas/Event", **document()}
    return bool(jsonschema.Draft202012Validator(schema).is_valid(event))


@pytest.mark.parametrize("event_type", sorted(EXAMPLES))
def test_schema_knows_the_examples_and_what_is_wrong(event_type: str) -> None:
    example = EXAMPLES[event_type]
    assert _matches(example)
    assert not _matches({**example, "colour": "red"})
    assert not _matches({key: value for key, value in example.items() if key not in ("user_id", "anonymous_id")})


SPELLED = st.builds(
    "{}{}{}".format,
    st.text(" \t\r\n\"'", max_size=50),
    st.sampled_from(sorted(JUNK)).flatmap(
        lambda word: st.tuples(*(st.sampled_from(sorted({each, each.upper(), "\u212a", "x"})) for each in word))
    ).map("".join),
    st.text(" \t\r\n\"'_", max_size=50),
)  # fmt: skip


@settings(deadline=None)
@given(identity=SPELLED)
def test_schema_knows_the_junk_identities_of_the_service(identity: str) -> None:
    assert (re.search(PATTERN, identity) is not None) is is_junk(identity)


@pytest.mark.parametrize("junk", sorted(JUNK))
def test_schema_refuses_junk_identities(junk: str) -> None:
    assert not _matches({**EXAMPLES["click"], "user_id": junk.upper()})


def test_each_link_names_an_operation_of_the_document() -> None:
    posts = [path["post"] for path in document()["paths"].values() if "post" in path]
    links = [
        link for post in posts for answer in post["responses"].values() for link in answer.get("links", {}).values()
    ]
    assert len(links) == 3
    assert {link["operationId"] for link in links} == {post["operationId"] for post in posts}


@pytest.mark.parametrize(("path", "files"), [("/apidocs", 5), ("/apidocs/", 5), ("/", 6)])
def test_page_loads_local_files_only(service: Service, path: str, files: int) -> None:
    page = service.client.simulate_get(path)
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "'self'" in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]
    assert "//" not in page.text
    links = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(links) == files
    for link in links:
        answer = service.client.simulate_get(link)
        assert answer.status_code == 200
        assert answer.content

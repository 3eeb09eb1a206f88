"""The document's schemas: those that msgspec makes of the types, in the shape from which generators make good types.

That is: the union of the events is a plain `oneOf` with its discriminator, and no property has a default, because
generators take a property with one for a property that is always there.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from api.documentation.repairable import allow_what_is_repaired
from api.pipeline.events import AnyEvent, Batch, Event
from api.resources.batch import BatchAnswer
from api.resources.problems import Problem

_IDENTITIES: Final = ("user_id", "anonymous_id")


def ref(name: str) -> dict[str, str]:
    """The reference to a schema of the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def schemas() -> dict[str, dict[str, Any]]:
    """All schemas of the document, by name."""
    (event, *_), found = msgspec.json.schema_components(
        [AnyEvent, Batch, BatchAnswer, Problem], ref_template=ref("{name}")["$ref"]
    )
    found["Identity"] = _taken_out(found, _IDENTITIES)
    allow_what_is_repaired(found)
    for schema in found.values():
        for each in schema.get("properties", {}).values():
            _without_default(each)
            _typed(each)
    for kind in Event.__subclasses__():
        found[kind.__name__] |= _NAMES_SOMEBODY
    found["Event"] = {
        "description": "One event; `event_type` says of which type. At least one of `user_id` and `anonymous_id` is "
        "needed, which the types that are generated from this document cannot say.",
        "oneOf": event["anyOf"],
        "discriminator": event["discriminator"],
    }
    found["Batch"]["properties"]["events"]["items"] = ref("Event")
    found["EventAccepted"] = {
        "type": "object",
        "properties": {"event_id": {"type": "string", "format": "uuid"}},
        "required": ["event_id"],
    }
    found["Status"] = {"type": "object", "properties": {"status": {"type": "string"}}, "required": ["status"]}
    return found


# Not by `anyOf`, of which generators make one type for each field that may be there.
_NAMES_SOMEBODY: Final[dict[str, Any]] = {
    "if": {"properties": {"user_id": {"type": "null"}}},
    "then": {"required": ["anonymous_id"], "properties": {"anonymous_id": {"type": "string"}}},
}


def _taken_out(found: dict[str, Any], fields: tuple[str, ...]) -> dict[str, Any]:
    """Move out the schema that these fields share, and have each of them refer to it, because it is long."""
    shared: dict[str, Any] = {}
    for schema in found.values():
        for field in fields:
            if field in schema.get("properties", {}):
                alternatives = schema["properties"][field]["anyOf"]
                shared, alternatives[0] = alternatives[0], ref("Identity")
    return shared


def _without_default(schema: dict[str, Any]) -> None:
    """Say in words what an absent field means, where that is not `null`."""
    default = schema.pop("default", None)
    if default is not None:
        words = f"`{msgspec.json.encode(default).decode()}` when it is absent."
        schema["description"] = f"{schema['description']} {words}" if "description" in schema else words


def _typed(schema: dict[str, Any]) -> None:
    if "enum" in schema and "type" not in schema:
        schema["type"] = "string"
    if schema.get("type") == "object":
        # Of whatever it holds; generators take an object of which nothing is said for an empty one.
        schema.setdefault("additionalProperties", True)

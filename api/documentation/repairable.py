"""The schemas say what may be sent, and that is more than what is stored: some values are repaired."""

from __future__ import annotations

from typing import Any

from api.pipeline.repairs import NUMBERS, SCREEN, STAYS, TEXT_LIMITS


def allow_what_is_repaired(components: dict[str, Any]) -> None:
    """Loosen the schemas of the decoder's types in place."""
    for component in components.values():
        for name, schema in component.get("properties", {}).items():
            for each in schema.get("anyOf", [schema]):
                _loosen(name, each)


def _loosen(name: str, schema: dict[str, Any]) -> None:
    if name in TEXT_LIMITS:
        schema.pop("maxLength", None)
    elif name == "timezone" and "enum" in schema:
        schema.clear()
        schema.update(type="string", description="An IANA time zone, such as `Europe/Berlin`.")
    elif name in NUMBERS and schema.get("type") == "integer":
        schema["type"] = "number"
        if name in SCREEN:
            schema["minimum"] = 0
        if name in STAYS:
            schema.pop("maximum", None)

"""What all parts must agree on is written once, in common/: a second definition is an error."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from common import kafka, names

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]
PARTS = ("api", "bench", "clickhouse", "common", "local")
CONSTANTS = {value: name for name, value in vars(names).items() if name.isupper()} | {
    kafka.BOOTSTRAP_VARIABLE: "BOOTSTRAP_VARIABLE"
}
# `read`, `Address` and the like are words that anybody may use for something else.
SHARED = {"Bootstrap", "KafkaEnvironment", "KafkaSecurity", "KafkaUnavailableError", "SettingsError", "Topic"}


def source(part: str) -> Iterator[tuple[str, ast.Module]]:
    for path in sorted((ROOT / part).rglob("*.py")):
        yield str(path.relative_to(ROOT)), ast.parse(path.read_text(encoding="utf-8"))


def test_the_constants_are_those_that_the_parts_share() -> None:
    assert {"ugc", "analytics", "ugc.events", "ugc_clickhouse", "ugc.events_queue", "ugc.events_errors"} <= set(
        CONSTANTS
    )


@pytest.mark.parametrize("part", PARTS)
def test_a_shared_name_is_written_only_in_common(part: str) -> None:
    found = [
        f"{file}:{node.lineno}: take {node.value!r} from common, where it is {CONSTANTS[node.value]}"
        for file, tree in source(part)
        if part != "common"
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in CONSTANTS
    ]
    assert found == []


@pytest.mark.parametrize("part", PARTS)
def test_a_shared_type_is_defined_only_in_common(part: str) -> None:
    found = [
        f"{file}:{node.lineno}: {node.name} is defined in common"
        for file, tree in source(part)
        if part != "common"
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and node.name in SHARED
    ]
    assert found == []


@pytest.mark.parametrize("part", PARTS)
def test_only_common_speaks_kafkas_admin_protocol(part: str) -> None:
    found = [
        file
        for file, tree in source(part)
        if part != "common"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "confluent_kafka.admin"
    ]
    assert found == []


ADDRESSES = re.compile(r"(\\d|\[0-9\])(\{1,5\}|\+)\)?(\(\?:?,|,\?|\(,)|\(\?P<port>")
"""A pattern of a port with a comma behind it, or with the port as a group: another grammar of brokers' addresses."""


@pytest.mark.parametrize(
    "grammar",
    [
        r"[^\s,:]+:\d{1,5}(,[^\s,:]+:\d{1,5})*",
        r"(\[[0-9a-fA-F:]+\]:\d{1,5},?)+",
        r"(?P<host>[A-Za-z0-9.-]+):(?P<port>[0-9]{1,5})",
    ],
)
def test_a_second_grammar_of_addresses_would_be_seen(grammar: str) -> None:
    assert ADDRESSES.search(grammar)


@pytest.mark.parametrize("part", PARTS)
def test_addresses_of_brokers_have_one_grammar(part: str) -> None:
    found = [
        f"{file}:{node.lineno}"
        for file, tree in source(part)
        if file != "common/kafka.py"
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and ADDRESSES.search(node.value)
    ]
    assert found == []


@pytest.mark.parametrize("part", ["clickhouse", "local"])
def test_waiting_for_something_has_one_loop(part: str) -> None:
    """A loop that looks at the clock and pauses is another `wait_until`."""
    found = [
        f"{file}:{loop.lineno}"
        for file, tree in source(part)
        for loop in ast.walk(tree)
        if isinstance(loop, ast.While)
        and {"monotonic", "wait"}
        <= {
            node.func.attr
            for node in ast.walk(loop)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        }
    ]
    assert found == []

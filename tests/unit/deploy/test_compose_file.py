"""docker-compose.yml as far as it can be judged without an engine: its form, what it refers to, the rules it keeps."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import msgspec
import pytest
import yaml

from api.configuration.settings import Settings as ApiSettings
from clickhouse.connection.settings import Environment as ClickHouseEnvironment

ROOT = Path(__file__).parents[3]
COMPOSE = ROOT / "docker-compose.yml"
EXAMPLE = ROOT / ".env.example"
GUIDE = ROOT / "docs" / "production.md"

Mapping = dict[str, Any]

# ${NAME}, ${NAME:-default}, ${NAME:?message}; $$ is a dollar sign.
VARIABLE = re.compile(r"\$(?:(?P<dollar>\$)|\{(?P<name>\w+)(?::(?P<kind>[-?])(?P<word>[^}]*))?\})")

# Every key that this file uses, and no other: a misspelt key is silently ignored by no one.
_TEXTS = {"type": "array", "items": {"type": "string"}}
_FLAT = {"type": "object", "additionalProperties": {"type": ["string", "null"]}}
_LIMITS = {
    "type": "object",
    "additionalProperties": False,
    "required": ["memory"],
    "properties": {"cpus": {"type": "string", "pattern": r"^\d+\.\d+$"}, "memory": {"pattern": r"^\d+[mg]$"}},
}
_DURATION = {"type": "string", "pattern": r"^\d+s$"}
_SERVICE = {
    "type": "object",
    "additionalProperties": False,
    "required": ["image", "networks", "deploy", "logging"],
    "properties": {
        "image": {"type": "string"},
        "build": {"const": "."},
        "profiles": _TEXTS,
        "restart": {"enum": ["unless-stopped", "on-failure:5"]},
        "networks": _TEXTS,
        "ports": _TEXTS,
        "volumes": _TEXTS,
        "tmpfs": _TEXTS,
        "environment": _FLAT,
        "entrypoint": _TEXTS,
        "command": _TEXTS,
        "read_only": {"type": "boolean"},
        "init": {"type": "boolean"},
        "cap_drop": {"const": ["ALL"]},
        "security_opt": {"const": ["no-new-privileges:true"]},
        "stop_grace_period": _DURATION,
        "ulimits": {"type": "object"},
        "logging": {"type": "object", "required": ["driver", "options"]},
        "depends_on": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "additionalProperties": False,
                "required": ["condition"],
                "properties": {"condition": {"enum": ["service_healthy", "service_completed_successfully"]}},
            },
        },
        "healthcheck": {
            "type": "object",
            "additionalProperties": False,
            "required": ["test", "interval", "timeout", "retries", "start_period"],
            "properties": {
                "test": {**_TEXTS, "contains": {"const": "CMD"}},
                "interval": _DURATION,
                "timeout": _DURATION,
                "start_period": _DURATION,
                "retries": {"type": "integer"},
            },
        },
        "deploy": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "resources": {"type": "object", "additionalProperties": False, "properties": {"limits": _LIMITS}}
            },
        },
    },
}
SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "patternProperties": {"^x-": {}},
    "properties": {
        "name": {"type": "string"},
        "services": {"type": "object", "additionalProperties": _SERVICE},
        "networks": {"type": "object"},
        "volumes": {"type": "object", "additionalProperties": {"type": "null"}},
    },
}


class UnsetVariableError(Exception):
    """A required variable of the compose file has no value."""


def interpolate(value: object, variables: dict[str, str]) -> Any:
    """Replace variables as Compose does, in every string of a parsed YAML document."""

    def replace(match: re.Match[str]) -> str:
        if match["dollar"]:
            return "$"
        text = variables.get(match["name"], "")
        if text or match["kind"] is None:
            return text
        if match["kind"] == "?":
            raise UnsetVariableError(match["name"])
        return match["word"]

    if isinstance(value, str):
        return VARIABLE.sub(replace, value)
    if isinstance(value, list):
        return [interpolate(item, variables) for item in value]
    if isinstance(value, dict):
        return {key: interpolate(item, variables) for key, item in value.items()}
    return value


def example(*, commented: bool) -> dict[str, str]:
    """Read the variables of .env.example, with those that are commented out if asked for."""
    lines = EXAMPLE.read_text().splitlines()
    pattern = re.compile(r"(?:# )?([A-Z_]+)=(.*)" if commented else r"([A-Z_]+)=(.*)")
    return {found[1]: found[2] for line in lines if (found := pattern.fullmatch(line))}


def load(variables: dict[str, str]) -> Mapping:
    document: Mapping = interpolate(yaml.safe_load(COMPOSE.read_text()), variables)
    return document


def services() -> dict[str, Mapping]:
    found: dict[str, Mapping] = load(example(commented=False))["services"]
    return found


def passed_through() -> set[str]:
    """Return the variables that reach our own containers as they are, or not at all."""
    own = (services()[container]["environment"] for container in ("api", "migrate"))
    return {name for variables in own for name, value in variables.items() if value is None}


def needed_first(name: str) -> set[str]:
    """Return everything that has to be up, or done, before a service starts; refuse a cycle."""

    def walk(current: str, path: tuple[str, ...]) -> set[str]:
        assert current not in path, f"cycle: {' → '.join((*path, current))}"
        direct = set(services()[current].get("depends_on", {}))
        return direct.union(*(walk(other, (*path, current)) for other in direct))

    return walk(name, ())


def test_file_has_only_keys_and_values_that_compose_knows() -> None:
    jsonschema.validate(load(example(commented=False)), SCHEMA)


@pytest.mark.parametrize("commented", [False, True])
def test_example_env_sets_everything_that_is_required(*, commented: bool) -> None:
    assert load(example(commented=commented))["services"]


def test_missing_password_is_an_error_that_names_it() -> None:
    with pytest.raises(UnsetVariableError, match=r"^CLICKHOUSE_PASSWORD$"):
        load({})


def test_variables_of_compose_file_example_and_guide_are_the_same() -> None:
    text = re.sub(r"^ *#.*$", "", COMPOSE.read_text(), flags=re.MULTILINE)
    used = {match["name"] for match in VARIABLE.finditer(text) if match["name"]} | passed_through()
    assert used == set(example(commented=True))
    assert {name for name in used if f"`{name}`" not in GUIDE.read_text()} == set()


def test_defaults_in_example_env_are_those_of_the_compose_file() -> None:
    required = {"CLICKHOUSE_PASSWORD": "x"}
    from_example = example(commented=True) | required
    accepts = passed_through()
    assert load(required) == load({name: value for name, value in from_example.items() if name not in accepts})


def test_every_image_has_an_exact_version() -> None:
    for name, service in services().items():
        assert re.fullmatch(r"[a-z/-]+:\d+\.\d+\.\d+([.-]\d+)?", service["image"]), f"{name}: {service['image']}"


def test_only_the_api_is_published() -> None:
    published = {name: service["ports"] for name, service in services().items() if "ports" in service}
    assert set(published) == {"api", "vertica"}
    assert published["api"] == ["0.0.0.0:9001:9001"]
    assert services()["vertica"]["profiles"] == ["vertica"], "the benchmark's database is not part of the product"
    assert all(port.startswith("127.0.0.1:") for port in published["vertica"])


def test_kafka_and_clickhouse_are_on_a_network_without_a_way_out() -> None:
    assert load(example(commented=False))["networks"]["backend"] == {"internal": True}
    for name in ("kafka", "topics", "clickhouse", "migrate"):
        assert services()[name]["networks"] == ["backend"]


def test_networks_and_volumes_are_all_declared_and_all_used() -> None:
    document = load(example(commented=False))
    used_networks = {network for service in services().values() for network in service["networks"]}
    mounts = [mount.split(":")[0] for service in services().values() for mount in service.get("volumes", [])]
    assert used_networks == set(document["networks"])
    assert {mount for mount in mounts if not mount.startswith(".")} == set(document["volumes"])


def test_every_file_that_is_mounted_exists_and_is_read_only() -> None:
    mounts = [mount for service in services().values() for mount in service.get("volumes", []) if mount.startswith(".")]
    assert mounts
    for mount in mounts:
        source, _, mode = mount.split(":")
        assert (ROOT / source).is_file(), source
        assert mode == "ro", mount


def test_topic_and_tables_exist_before_the_api_starts() -> None:
    assert needed_first("api") == {"kafka", "topics", "clickhouse", "migrate"}
    assert needed_first("migrate") == {"kafka", "topics", "clickhouse"}
    assert needed_first("topics") == {"kafka"}
    assert needed_first("kafka") == needed_first("clickhouse") == set()


def test_jobs_are_awaited_to_their_end_and_servers_until_healthy() -> None:
    for service in services().values():
        for other, how in service.get("depends_on", {}).items():
            is_job = services()[other]["restart"] == "on-failure:5"
            assert how["condition"] == ("service_completed_successfully" if is_job else "service_healthy")
            assert is_job or "healthcheck" in services()[other], f"{other} is awaited and has no health check"


def test_every_server_of_the_product_comes_back_after_a_crash() -> None:
    for name, service in services().items():
        assert "profiles" in service or "restart" in service, name


def test_logs_of_every_container_are_bounded() -> None:
    for service in services().values():
        assert set(service["logging"]["options"]) == {"max-size", "max-file"}


@pytest.mark.parametrize("name", ["api", "migrate"])
def test_own_containers_can_write_nothing_and_have_no_rights(name: str) -> None:
    service = services()[name]
    assert service["read_only"] is True
    assert service["tmpfs"] == ["/tmp:size=64m,mode=1777"]  # noqa: S108 - the container's
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("name", ["api", "migrate"])
def test_variables_of_own_containers_are_known_to_their_code(name: str) -> None:
    package = services()[name]["command"][2]
    source = "".join(path.read_text() for folder in (package, "common") for path in (ROOT / folder).rglob("*.py"))
    for variable in services()[name]["environment"]:
        # The settings take the prefix off: UGC_API_PORT is written either so, or as the field api_port.
        assert variable in source or variable.removeprefix("UGC_").lower() in source, (
            f"{package} does not know {variable}"
        )


@pytest.mark.parametrize(
    ("container", "settings", "not_needed"),
    [
        ("api", ApiSettings, {"UGC_KAFKA_PORT"}),
        ("migrate", ClickHouseEnvironment, {"UGC_KAFKA_PORT", "UGC_CLICKHOUSE_PORT", "UGC_API_PORT"}),
    ],
)
def test_everything_that_can_be_configured_can_be_set_in_env(
    container: str, settings: type[msgspec.Struct], not_needed: set[str]
) -> None:
    names = {each.encode_name for each in msgspec.structs.fields(settings)}
    known = {name for name in names if name.startswith("UGC_")}
    assert known - set(services()[container]["environment"]) == not_needed


def test_api_does_not_know_the_password_of_clickhouse() -> None:
    assert "secret-in-test" not in str(load({"CLICKHOUSE_PASSWORD": "secret-in-test"})["services"]["api"])


@pytest.mark.parametrize("name", ["api", "migrate"])
def test_command_of_own_container_exists(name: str) -> None:
    command = services()[name]["command"]
    assert command[:2] == ["python", "-m"]
    assert (ROOT / command[2] / "__main__.py").is_file()


def test_migration_command_is_one_that_the_runner_knows() -> None:
    command = [sys.executable, *services()["migrate"]["command"][1:], "--help"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def test_clients_use_the_address_that_kafka_advertises() -> None:
    advertised = services()["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"].removeprefix("PLAINTEXT://")
    for name in ("api", "migrate"):
        assert services()[name]["environment"]["UGC_KAFKA_BOOTSTRAP"] == advertised
    assert f"--bootstrap-server {advertised} " in services()["topics"]["command"][0]


def test_kafka_keeps_its_log_and_offsets_in_a_volume_and_longer_than_the_events() -> None:
    kafka = services()["kafka"]
    assert f"kafka-data:{kafka['environment']['KAFKA_LOG_DIRS']}" in kafka["volumes"]
    retention_ms = int(services()["topics"]["environment"]["RETENTION_MS"])
    assert int(kafka["environment"]["KAFKA_OFFSETS_RETENTION_MINUTES"]) * 60_000 > retention_ms


def test_acknowledged_message_is_on_disk_because_there_is_one_copy() -> None:
    assert services()["kafka"]["environment"]["KAFKA_LOG_FLUSH_INTERVAL_MESSAGES"] == "1"


def test_topic_is_the_one_that_the_queue_table_reads() -> None:
    queue = next((ROOT / "clickhouse" / "migrations").glob("*_events_queue.sql")).read_text()
    topic = re.search(r"kafka_topic_list = '([^']+)'", queue)
    assert topic
    assert f"--topic {topic[1]} " in services()["topics"]["command"][0]

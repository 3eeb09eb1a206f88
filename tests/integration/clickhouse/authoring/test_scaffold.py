"""`new event-type NAME`: what it writes keeps the rules, migrates, and passes the test that it writes."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import msgspec
import pytest

from api.pipeline.events import EVENT_TYPES
from clickhouse.__main__ import main
from clickhouse.authoring import validation
from clickhouse.authoring.engine import ephemeral_engine
from clickhouse.authoring.scaffold import event_type
from clickhouse.connection.client import connected
from clickhouse.connection.errors import OperationError
from clickhouse.schema import catalog, retention, runner, views
from tests.integration.clickhouse import conftest

if TYPE_CHECKING:
    from pathlib import Path

TYPES = [str(kind.__struct_config__.tag) for kind in EVENT_TYPES]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Migrations and views that a test may add to, and an empty folder for tests."""
    shutil.copytree(runner.FOLDER, tmp_path / "migrations")
    shutil.copytree(views.FOLDER, tmp_path / "views")
    (tmp_path / "tests").mkdir()
    return tmp_path


def test_a_scaffolded_type_keeps_the_rules_migrates_and_its_test_passes(copy: Path) -> None:
    made = event_type.write("film_rating", copy / "migrations", copy / "views", copy / "tests")
    names = [path.name for path in made.files]
    assert names[0].endswith("_film_ratings.sql")
    assert names[2:] == ["film_ratings.sql", "test_film_ratings.py"]
    assert validation.problems(copy / "migrations", copy / "views", [*TYPES, "film_rating"]) == []
    assert "which the API does not know" in "\n".join(validation.problems(copy / "migrations", copy / "views"))
    with ephemeral_engine() as settings, connected(settings) as client:
        runner.migrate(settings, copy / "migrations")
        views.apply(client, views.load(copy / "views"))
        common = set(catalog.columns(client, "ugc.clicks")) - {"element", "element_id", "label", "x", "y"}
        assert set(catalog.columns(client, "ugc.film_ratings")) == common | {"detail"}
        ttl = (
            "SELECT extract(engine_full, 'TTL .*? SETTINGS') AS ttl FROM system.tables "
            "WHERE database = 'ugc' AND name = {name:String}"
        )
        kept = {conftest.one(client, ttl, name=name)["ttl"] for name in ("clicks", "film_ratings")}
        assert len(kept) == 1
        shorter = msgspec.structs.replace(settings.retention, typed_months=12)
        changed = retention.follow(client, msgspec.structs.replace(settings, retention=shorter), copy / "migrations")
        assert {"clicks", "film_ratings"} <= set(changed)
        _passes(made.files[3], settings.url)
        assert runner.down(settings, copy / "migrations")[0].endswith("_film_ratings.down.sql")


def _passes(test: Path, url: str) -> None:
    """Run the written test against this engine."""
    (test.parent / "conftest.py").write_text(
        "import pytest\n"
        "from clickhouse.connection.client import connected\n"
        "from clickhouse.connection.settings import Settings\n\n\n"
        "@pytest.fixture\n"
        "def client():\n"
        f"    with connected(Settings(url={url!r})) as connection:\n"
        "        yield connection\n",
        encoding="utf-8",
    )
    root = event_type.TESTS.parents[2]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(test.parent), str(test)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", ["Film", "film-rating", "1film", "", "film__rating"])
def test_a_name_that_is_no_event_type_is_refused(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", "event-type", name]) == 2
    assert "lower case" in capsys.readouterr().err


def test_a_type_that_is_there_is_refused(copy: Path) -> None:
    with pytest.raises(OperationError, match="click has its table already"):
        event_type.write("click", copy / "migrations", copy / "views", copy / "tests")

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from clickhouse.connection.errors import OperationError
from clickhouse.schema import views

if TYPE_CHECKING:
    from pathlib import Path


def write(folder: Path, name: str, source: str, comment: str = "") -> None:
    header = f"-- What: {name}{comment}\n-- Query: x\n-- Mind: y\n\n"
    text = f"{header}CREATE OR REPLACE VIEW analytics.{name}\nAS SELECT a FROM {source};\n"
    (folder / f"{name}.sql").write_text(text, encoding="utf-8")


def test_views_come_after_what_they_need(tmp_path: Path) -> None:
    write(tmp_path, "a_top", "analytics.m_middle, analytics.z_base")
    write(tmp_path, "m_middle", "analytics.z_base")
    write(tmp_path, "z_base", "ugc.clicks")
    write(tmp_path, "b_alone", "ugc.events")
    loaded = views.load(tmp_path)
    order = [view.name for view in loaded]
    assert order.index("z_base") < order.index("m_middle") < order.index("a_top")
    assert {view.name: set(view.tables) for view in loaded}["z_base"] == {"clicks"}


def test_a_name_in_a_comment_is_no_need(tmp_path: Path) -> None:
    write(tmp_path, "a", "ugc.x", comment=" like analytics.b")
    write(tmp_path, "b", "analytics.a")
    assert [view.name for view in views.load(tmp_path)] == ["a", "b"]


def test_a_circle_is_named(tmp_path: Path) -> None:
    write(tmp_path, "a", "analytics.b")
    write(tmp_path, "b", "analytics.c")
    write(tmp_path, "c", "analytics.a")
    with pytest.raises(OperationError, match=r"in a circle: (a → b → c → a|b → c → a → b|c → a → b → c)"):
        views.load(tmp_path)


def test_a_need_without_a_file_is_named(tmp_path: Path) -> None:
    write(tmp_path, "a", "analytics.gone")
    with pytest.raises(OperationError, match=r"views/a\.sql reads analytics\.gone, but there is no views/gone\.sql"):
        views.load(tmp_path)


def test_a_file_makes_the_view_of_its_own_name_and_nothing_else(tmp_path: Path) -> None:
    write(tmp_path, "a", "ugc.x")
    (tmp_path / "a.sql").rename(tmp_path / "b.sql")
    with pytest.raises(
        OperationError, match=r"views/b\.sql must hold one statement: CREATE OR REPLACE VIEW analytics\.b"
    ):
        views.load(tmp_path)


def test_a_change_marks_the_view_and_all_that_rest_on_it(tmp_path: Path) -> None:
    write(tmp_path, "base", "ugc.x")
    write(tmp_path, "top", "analytics.base")
    write(tmp_path, "other", "ugc.x")
    before = {view.name: view.mark for view in views.load(tmp_path)}
    write(tmp_path, "base", "ugc.y")
    after = {view.name: view.mark for view in views.load(tmp_path)}
    assert {name for name in before if before[name] != after[name]} == {"base", "top"}


def test_the_views_of_the_project_load() -> None:
    assert {"clicks", "events", "daily_active_users", "pipeline_freshness"} <= {view.name for view in views.load()}

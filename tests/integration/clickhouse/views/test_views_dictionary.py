"""The page about events, tables and views says what the schema says."""

from __future__ import annotations

from clickhouse.authoring import dictionary
from clickhouse.schema import views


def test_the_dictionary_is_current() -> None:
    assert dictionary.FILE.read_text(encoding="utf-8") == dictionary.generated(), "run python -m clickhouse dictionary"


def test_every_view_has_a_question_and_those_about_events_an_answer() -> None:
    text = dictionary.FILE.read_text(encoding="utf-8")
    for view in views.load():
        section = text.partition(f"\n### {view.name}\n")[2].partition("\n### ")[0]
        assert "```sql\nSELECT" in section, view.name
        assert "No rows." not in section, view.name

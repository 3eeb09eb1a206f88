"""The page about events, tables and views says what the schema says."""

from __future__ import annotations

import re

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


def test_questions_and_rules_stand_in_front_of_what_is_looked_up() -> None:
    titles = re.findall(r"^## (.*)$", dictionary.FILE.read_text(encoding="utf-8"), re.MULTILINE)
    assert titles[:2] == ["Which view answers a question", "Rules for every number"]


def test_every_link_leads_to_a_heading() -> None:
    text = dictionary.FILE.read_text(encoding="utf-8")
    headings = [title.lower().replace(" ", "-") for title in re.findall(r"^#+ (.*)$", text, re.MULTILINE)]
    for target in re.findall(r"\]\(#([^)]+)\)", text):
        assert headings.count(target) == 1, target


def test_columns_that_all_events_have_are_listed_once() -> None:
    lines = dictionary.FILE.read_text(encoding="utf-8").splitlines()
    assert len([line for line in lines if line.startswith("| `user_agent` |")]) == 1
    assert len([line for line in lines if line.startswith("| `key_time` |")]) == 1

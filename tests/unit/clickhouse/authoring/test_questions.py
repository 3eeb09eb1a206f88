"""The dictionary's index: every view answers a question, and every answer is a view."""

from __future__ import annotations

from clickhouse.authoring.questions import QUESTIONS
from clickhouse.schema import views

NAMED = [name for questions in QUESTIONS.values() for names in questions.values() for name in names]


def test_every_view_answers_a_question() -> None:
    assert {view.name for view in views.load()} - set(NAMED) == set()


def test_every_answer_is_a_view_and_answers_one_question() -> None:
    assert set(NAMED) - {view.name for view in views.load()} == set()
    assert len(NAMED) == len(set(NAMED))


def test_a_question_is_asked_once() -> None:
    asked = [question for questions in QUESTIONS.values() for question in questions]
    assert len(asked) == len(set(asked))
    assert all(question.endswith("?") for question in asked)

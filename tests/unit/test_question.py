from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nl2sql.errors import QuestionInvalid
from nl2sql.question import MAX_QUESTION_CHARS, Principal, Question, Turn, looks_like_sql


@pytest.mark.parametrize("text", ["", "   ", "\n\t", "?!…", "\x00\x1b", "—"])
def test_nothing_to_read_is_no_question(text: str) -> None:
    with pytest.raises(QuestionInvalid, match="Please type a question"):
        Question.parse(text)


def test_a_pasted_document_is_no_question() -> None:
    assert Question.parse("a" * MAX_QUESTION_CHARS).text == "a" * MAX_QUESTION_CHARS
    with pytest.raises(QuestionInvalid, match="2,001 characters"):
        Question.parse("a" * (MAX_QUESTION_CHARS + 1))


def test_control_characters_and_odd_spaces_become_spaces() -> None:
    assert Question.parse(" How\u00a0many\x1b[31m\tlistings\r\n?\u200b ").text == "How many [31m listings ?"


def test_look_alike_letters_become_the_letters_they_look_like() -> None:
    assert Question.parse("Ｈｏｗ　ｍａｎｙ　ﬁrms").text == "How many firms"


def test_other_scripts_are_kept() -> None:
    assert Question.parse("昨日の売上は？ Größe").text.startswith("昨日の売上は")


def test_who_asks_and_when_travel_along() -> None:
    turn = Turn("How many?", "SELECT 1")
    asked = Question.parse("And sold?", principal=Principal("ann", "auditor"), history=(turn,), as_of=date(2026, 6, 30))
    assert (asked.principal.role, asked.history, asked.as_of) == ("auditor", (turn,), date(2026, 6, 30))


def test_unnamed_askers_are_analysts() -> None:
    assert Question.parse("How many?").principal == Principal("local", "analyst")


@given(st.text(max_size=300))
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    try:
        once = Question.parse(text)
    except QuestionInvalid:
        return
    assert Question.parse(once.text) == once
    assert once.text.isprintable()
    assert once.text == once.text.strip()


@pytest.mark.parametrize(
    ("text", "is_sql"),
    [
        ("SELECT id FROM users", True),
        ("with x as (select 1 from users) select * from x", True),
        ("select a winner for me", False),
        ("With PayPal, how much was paid?", False),
        ("", False),
    ],
)
def test_a_statement_is_told_from_a_question(text: str, is_sql: bool) -> None:
    assert looks_like_sql(text) is is_sql

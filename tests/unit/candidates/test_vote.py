"""From ballots to what they decide."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nl2sql.candidates.base import CandidateRules, Reading
from nl2sql.candidates.equal import says_the_same
from nl2sql.candidates.vote import Agreed, Differing, InWords, vote
from nl2sql.writers.base import CannotAnswer, CannotCode, Clarification, Draft, Explanation, Origin, SqlDraft
from tests.unit.candidates.auction import reading

LLM = Origin("llm", "some-model")
ASKS = Clarification("Which?", LLM, ("A?", "B?"))
CANNOT = CannotAnswer("No such data.", "unanswerable", LLM)
TITLES = "SELECT title FROM listings"


def gave(n: object, confidence: float | None = None) -> Reading:
    made = reading(f"SELECT COUNT(*) + {n} AS n FROM listings", {"n": [n]})
    return replace(made, draft=replace(made.draft, confidence=confidence))


def test_equal_results_are_one_answer_of_the_surest_draft() -> None:
    first, second, third = gave(5, 0.4), gave(5.0, 0.9), gave(5, 0.6)
    assert vote([first, second, third]) == Agreed(second, 3)


def test_a_wider_result_is_shown_between_drafts_that_are_as_sure() -> None:
    narrow = reading("SELECT id FROM users", {"id": [1, 2]})
    wide = reading("SELECT id, username FROM users", {"id": [1, 2], "username": ["a", "b"]})
    assert vote([narrow, wide]) == Agreed(wide, 2)


def test_between_equals_the_first_is_shown() -> None:
    first, second = gave(5), gave(5)
    decided = vote([first, second])
    assert isinstance(decided, Agreed)
    assert decided.reading is first


def test_a_bare_majority_is_no_answer() -> None:
    lone, first, second = gave(7, 0.1), gave(5, 0.8), gave(5, 0.9)
    assert vote([lone, first, second]) == Differing((second, lone))


def test_every_result_has_its_place_the_first_first() -> None:
    ballots = (gave(1), gave(2), gave(3))
    assert vote(ballots) == Differing(ballots)


def test_being_equal_up_to_more_columns_does_not_carry_over() -> None:
    id_only = reading("SELECT id FROM users", {"id": [1, 2]})
    with_name = reading("SELECT id, username FROM users", {"id": [1, 2], "x": ["a", "b"]})
    with_country = reading("SELECT id, country FROM users", {"id": [1, 2], "x": ["DE", "FR"]})
    decided = vote([id_only, with_name, with_country])
    assert decided == Differing((with_name, with_country))


@pytest.mark.parametrize("word", [ASKS, CANNOT])
def test_what_most_say_in_words_is_the_answer(word: Clarification | CannotAnswer) -> None:
    assert vote([gave(5), word, word]) == InWords(word)
    one = gave(5)
    assert vote([word, one, one]) == Agreed(one, 2)
    assert vote([word, one]) == Agreed(one, 1)


def test_where_nobody_has_a_result_a_question_back_goes_first() -> None:
    assert vote([CANNOT, ASKS]) == InWords(ASKS)
    assert vote([CANNOT]) == InWords(CANNOT)


def test_results_that_were_cut_are_equal_only_where_they_were_computed_alike() -> None:
    rows: dict[str, list[object]] = {"title": ["a", "b"]}
    cut = reading(TITLES, rows, truncated=True)
    assert says_the_same(cut, reading("SELECT l.title AS t FROM listings AS l", rows, truncated=True))
    assert not says_the_same(cut, reading(f"{TITLES} WHERE status = 'sold'", rows, truncated=True))
    assert not says_the_same(cut, reading(f"{TITLES} WHERE status = 'sold'", rows))


def test_an_order_that_both_state_counts() -> None:
    up = reading(f"{TITLES} ORDER BY title", {"title": ["a", "b"]})
    down = reading(f"{TITLES} ORDER BY title DESC", {"title": ["b", "a"]})
    assert not says_the_same(up, down)
    assert says_the_same(up, reading(TITLES, {"title": ["b", "a"]}))


def draft(confidence: float | None, writer: str = "llm") -> SqlDraft:
    return SqlDraft("SELECT 1", Origin(writer), confidence=confidence)


@pytest.mark.parametrize(
    ("rules", "first", "wanted"),
    [
        (CandidateRules(), draft(None), 1),
        (CandidateRules(), draft(0.6), 1),
        (CandidateRules(), draft(0.59), 3),
        (CandidateRules(count=5), draft(0.1), 5),
        (CandidateRules(count=2), draft(0.9), 2),
        (CandidateRules(when_unsure=0), draft(0.1), 1),
        (CandidateRules(count=3), draft(0.1, "offline"), 1),
        (CandidateRules(count=3), draft(None, "verified"), 1),
        (CandidateRules(count=3), ASKS, 3),
        (CandidateRules(), ASKS, 1),
        (CandidateRules(count=3), Explanation("x", LLM), 1),
    ],
)
def test_how_many_drafts_are_wanted(rules: CandidateRules, first: Draft, wanted: int) -> None:
    assert rules.wanted(first) == wanted


@pytest.mark.parametrize(("code", "wanted"), [("unsafe", 1), ("sensitive", 1), ("unanswerable", 3)])
def test_what_a_model_refuses_is_not_put_to_the_vote(code: CannotCode, wanted: int) -> None:
    assert CandidateRules(count=3).wanted(CannotAnswer("No.", code, LLM)) == wanted

"""What cannot be read is declined by name, and never by an exception."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date
from statistics import median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nl2sql.catalog.model import SemanticModel
from nl2sql.catalog.visibility import seen_by
from nl2sql.context.base import Context
from nl2sql.question import MAX_QUESTION_CHARS, Question
from nl2sql.writers.base import CannotAnswer, Clarification, Draft, Explanation, SqlDraft
from nl2sql.writers.offline.lexicon import Lexicon
from nl2sql.writers.offline.writer import OfflineWriter

Ask = Callable[..., Draft]
DRAFTS = (SqlDraft, Clarification, CannotAnswer, Explanation)


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("What was our profit margin last year?", {"profit", "margin"}),
        ("GMV by zodiac sign", {"zodiac", "sign"}),
        ("Do we get more bids when it rains?", {"more", "rains"}),
        ("How many bids per fortnightly?", {"fortnightly"}),
        ("Show me everyone's shoe size", {"everyone", "size"}),
        ("How many listings sold for more than 500 dollars?", {"dollars"}),
    ],
)
def test_unknown_words_are_named_as_typed(question: str, words: set[str], ask: Ask) -> None:
    draft = ask(question)
    assert isinstance(draft, CannotAnswer)
    assert draft.code == "not_understood"
    assert words <= set(draft.unknown_words)
    assert all(word in draft.message for word in words)
    assert draft.suggestions


@pytest.mark.parametrize(
    ("question", "word"),
    [
        ("Average email length", "email"),
        ("Users sorted by surname", "surname"),
        ("How many listings have a reserve price?", "reserve price"),
        ("Count of users by password", "password"),
        ("Which users share the same e-mail address?", "e mail address"),
    ],
)
def test_a_hidden_field_is_refused_by_the_word_used_for_it(question: str, word: str, ask: Ask) -> None:
    draft = ask(question)
    assert isinstance(draft, CannotAnswer)
    assert draft.code == "sensitive"
    assert word.split()[0] in draft.message


@pytest.mark.parametrize(
    "question", ["Delete all bids", "Please cancel listing 42", "Update the price of listing 42", "drop the bids table"]
)
def test_a_request_to_write_is_unsafe(question: str, ask: Ask) -> None:
    draft = ask(question)
    assert isinstance(draft, CannotAnswer) and draft.code == "unsafe"
    assert "Nothing was changed" in draft.message


@pytest.mark.parametrize(
    "question",
    ["How many listings were cancelled?", "Refunds by month in 2025", "How many listings were created in 2025?"],
)
def test_a_deed_that_was_done_is_no_request_to_do_it(question: str, ask: Ask) -> None:
    assert isinstance(ask(question), SqlDraft)


def test_things_that_exclude_each_other_are_named(ask: Ask) -> None:
    draft = ask("GMV of unsold listings")
    assert isinstance(draft, CannotAnswer)
    assert "sold" in draft.message and "unsold" in draft.message


def test_any_sequence_of_known_words_gets_a_draft(ask: Ask, auction_lexicon: Lexicon) -> None:
    function_words = [
        "by",
        "and",
        "or",
        "not",
        "over",
        "between",
        "5",
        "42",
        "in 2025",
        "top",
        "share of",
        "who",
        "most",
    ]
    known = sorted(auction_lexicon.known_phrases())
    words = st.lists(st.one_of(st.sampled_from(known), st.sampled_from(function_words)), min_size=1, max_size=14)

    @settings(max_examples=400)
    @given(words)
    def law(chosen: list[str]) -> None:
        assert isinstance(ask(" ".join(chosen)[:MAX_QUESTION_CHARS]), DRAFTS)

    law()


@settings(max_examples=200)
@given(text=st.text(max_size=200))
def test_any_text_gets_a_draft(text: str, ask: Ask) -> None:
    assert isinstance(ask(text), DRAFTS)


PATHOLOGICAL = (
    "and by ", "by listing and ", "not ", "bids ", "in 2025 and ", "Germany or ", "who sold ", "share of users who ",
    "5 ", "top ", "xqzzyk ", "catgeory ", "between 5 and ", "How many bids over 100 euros in Art ",
)  # fmt: skip


@pytest.mark.parametrize("part", PATHOLOGICAL)
def test_the_longest_question_is_read_in_a_blink(part: str, ask: Ask) -> None:
    """2,000 characters take about 0.1 s at worst; the bound is far above that for busy machines that count coverage."""
    question = (part * MAX_QUESTION_CHARS)[:MAX_QUESTION_CHARS]
    ask(question)
    times = []
    for _ in range(3):
        start = time.perf_counter()
        assert isinstance(ask(question), DRAFTS)
        times.append(time.perf_counter() - start)
    assert min(times) < 2


def test_time_grows_no_faster_than_the_question(ask: Ask) -> None:
    def seconds(copies: int) -> float:
        question = "xqzzyk in Art by month and " * copies
        times = []
        for _ in range(5):
            start = time.perf_counter()
            ask(question)
            times.append(time.perf_counter() - start)
        return min(times)

    seconds(4)
    assert seconds(64) < 8 * 8 * max(seconds(8), 0.0005)  # quadratic growth would be 64 times


def test_an_everyday_question_takes_few_milliseconds(ask: Ask) -> None:
    """About 1 ms warm; the bound leaves room for a busy machine."""
    questions = ("GMV by category and year", "Which users never placed a bid?", "Top 5 sellers by GMV in 2025")
    times = []
    for question in questions * 10:
        start = time.perf_counter()
        ask(question)
        times.append(time.perf_counter() - start)
    assert median(times) < 0.05


def test_what_a_role_may_not_see_is_neither_read_nor_recognised(
    auction_writer: OfflineWriter, auction_model: SemanticModel
) -> None:
    """The value behind a misspelt or singular word would tell that it exists."""
    hidden = seen_by(auction_model, frozenset({"users.country", "users.email"}))
    context = Context(hidden, "sqlite", date(2026, 6, 30), ())
    for text in ("How many users are from Germany?", "How many users are from Germny?", "users from DE"):
        draft = auction_writer.write(Question(text), context)
        assert isinstance(draft, CannotAnswer)
        assert not {"DE", "Germany"} & set(draft.message.replace("“Germany”", "").replace("“DE”", "").split())
    by_field = auction_writer.write(Question("users by country"), context)
    assert isinstance(by_field, CannotAnswer) and by_field.code == "sensitive"


def test_what_a_role_may_see_is_no_secret_to_it(auction_writer: OfflineWriter, auction_model: SemanticModel) -> None:
    context = Context(seen_by(auction_model, frozenset()), "sqlite", date(2026, 6, 30), ())
    assert isinstance(auction_writer.write(Question("average reserve price by category"), context), SqlDraft)

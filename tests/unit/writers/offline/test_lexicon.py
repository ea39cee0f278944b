from __future__ import annotations

from datetime import date

import pytest

from nl2sql.writers.offline.lexicon import Lexicon
from nl2sql.writers.offline.senses import (
    Chunk,
    FieldSense,
    FilterSense,
    MetricSense,
    NumberSense,
    PeriodSense,
    ValueSense,
)
from nl2sql.writers.offline.tokens import tokenize


def link(lexicon: Lexicon, text: str) -> tuple[Chunk, ...]:
    return lexicon.link(tokenize(text), date(2026, 6, 30))


def test_the_longest_phrase_wins(auction_lexicon: Lexicon) -> None:
    (chunk,) = link(auction_lexicon, "average starting price")[1:]
    assert chunk.of(FieldSense) == (FieldSense("listings", "starting_price"),)
    (metric,) = link(auction_lexicon, "sell-through rate")
    assert metric.of(MetricSense) == (MetricSense("sell_through_rate"),)


def test_a_word_keeps_all_its_senses(auction_lexicon: Lexicon) -> None:
    (chunk,) = link(auction_lexicon, "sold")
    assert chunk.has(FilterSense) and chunk.has(ValueSense)


def test_a_code_of_two_letters_is_read_only_as_written(auction_lexicon: Lexicon) -> None:
    assert link(auction_lexicon, "US")[0].of(ValueSense) == (ValueSense("users", "country", "US"),)
    assert not link(auction_lexicon, "us")[0].has(ValueSense)


def test_a_typo_of_one_letter_is_read_and_said(auction_lexicon: Lexicon) -> None:
    (chunk,) = link(auction_lexicon, "catgeory")
    assert chunk.corrected == "category"


@pytest.mark.parametrize(("typed", "read"), [("solld", "sold"), ("pirce", "price"), ("Electroncs", "electronic")])
def test_swapped_missing_and_doubled_letters_are_slips(auction_lexicon: Lexicon, typed: str, read: str) -> None:
    assert link(auction_lexicon, typed)[0].corrected == read


@pytest.mark.parametrize("word", ["prize", "solid", "resold", "inactve"])
def test_another_word_and_an_opposite_are_no_slips(auction_lexicon: Lexicon, word: str) -> None:
    assert link(auction_lexicon, word)[0].corrected in ("", "inactive")


def test_words_behind_contains_are_a_text_and_not_misspelt(auction_lexicon: Lexicon) -> None:
    assert [c.corrected for c in link(auction_lexicon, "title contains phnes")] == ["", "", ""]


@pytest.mark.parametrize("word", ["bidz", "rains", "xqzzyk", "usr"])
def test_a_short_or_strange_word_is_not_guessed(auction_lexicon: Lexicon, word: str) -> None:
    assert link(auction_lexicon, word)[0].senses == ()


def test_a_year_behind_a_comparison_is_a_number(auction_lexicon: Lexicon) -> None:
    assert link(auction_lexicon, "over 2000")[1].has(NumberSense)
    assert link(auction_lexicon, "in 2000")[0].has(PeriodSense)

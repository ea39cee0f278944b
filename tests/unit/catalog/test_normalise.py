"""Words that differ in case, accents, punctuation or number only are one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nl2sql.catalog.normalise import normalised, plural, singular


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("São Paulo", "sao paulo"),
        ("bank_transfer", "bank transfer"),
        ("Bank-Transfers", "bank transfer"),
        ("  Straße ", "strasse"),
        ("Łódź", "lodz"),
        ("sellers' ratings", "seller rating"),
        ("the seller's rating", "the seller rating"),
        ("categories", "category"),
        ("addresses", "address"),
        ("status", "status"),
        ("People", "person"),
        ("gas", "gas"),
        ("…", ""),
    ],
)
def test_words_are_brought_to_one_spelling(text: str, expected: str) -> None:
    assert normalised(text) == expected


@given(st.text(max_size=30))
def test_what_is_normal_stays_as_it_is(text: str) -> None:
    once = normalised(text)
    assert " ".join(once.split()) == once
    assert normalised(once).casefold() == normalised(once)


@pytest.mark.parametrize(
    "word",
    ["order", "category", "box", "branch", "bus", "address", "person", "order item", "day", "status", "child"],
)
def test_a_plural_leads_back_to_its_word(word: str) -> None:
    many = plural(word)
    assert many != word and singular(many.split()[-1]) == word.split()[-1]


@pytest.mark.parametrize("word", ["orders", "people", "categories"])
def test_a_plural_stays_one(word: str) -> None:
    assert plural(word) == word

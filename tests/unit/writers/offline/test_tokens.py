from __future__ import annotations

from decimal import Decimal

import pytest

from nl2sql.writers.offline.tokens import normalize, singular, tokenize


@pytest.mark.parametrize(
    ("text", "norms"),
    [
        ("Top-5 categories", ("top", "5", "category")),
        ("don't", ("do", "not")),
        ("didn’t sell", ("did", "not", "sell")),
        ("sellers' items", ("seller", "item")),
        ("listing 42's bids", ("listing", "42", "bid")),
        ("What's new?", ("what", "is", "new")),
        ("like-new boxes", ("like", "new", "box")),
        ("anna_k and marco77", ("anna_k", "and", "marco77")),
    ],
)
def test_words_are_lower_case_singular_and_spelled_out(text: str, norms: tuple[str, ...]) -> None:
    assert normalize(text) == norms


@pytest.mark.parametrize(
    ("text", "number", "unit"),
    [
        ("1,000", "1000", ""),
        ("€500", "500", "EUR"),
        ("2.5k", "2500", ""),
        ("3 million", "3000000", ""),
        ("20%", "20", "%"),
        ("$9.99", "9.99", "USD"),
        ("£5", "5", "GBP"),
        ("twelve", "12", ""),
    ],
)
def test_numbers_have_their_size_and_unit(text: str, number: str, unit: str) -> None:
    (token,) = tokenize(text)
    assert (token.number, token.unit) == (Decimal(number), unit)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("two hundred and fifty", "250"),
        ("half a million", "500000"),
        ("a dozen", "12"),
        ("twenty-five", "25"),
        ("three thousand five hundred", "3500"),
        ("2 hundred", "200"),
    ],
)
def test_numbers_in_words_are_counted_together(text: str, number: str) -> None:
    assert [t.number for t in tokenize(text) if t.norm != "a"] == [Decimal(number)]


def test_between_two_numbers_in_words_nothing_is_added_up() -> None:
    assert [t.norm for t in tokenize("between one hundred and fifty")] == ["between", "100", "and", "fifty"]


@pytest.mark.parametrize("text", ["1.000,50", "1.000", "12,50"])
def test_a_number_that_can_be_read_in_two_ways_is_none(text: str) -> None:
    assert [t.number for t in tokenize(text)] == [None]


def test_what_is_quoted_is_one_token_and_an_apostrophe_quotes_nothing() -> None:
    assert [(t.text, t.quoted) for t in tokenize("'City e-bike, size M'")] == [("City e-bike, size M", True)]
    assert not any(t.quoted for t in tokenize("the sellers' items and the buyers' items"))


@pytest.mark.parametrize(
    ("british", "american"), [("jewellery", "jewelry"), ("cancelled", "canceled"), ("favourites", "favorites")]
)
def test_british_spelling_is_american(british: str, american: str) -> None:
    assert normalize(british) == normalize(american)


def test_nothing_meaningful_is_lost() -> None:
    assert [t.norm for t in tokenize("a > 5, b")] == ["a", ">", "5", ",", "b"]


@pytest.mark.parametrize("word", ["status", "less", "this", "previous", "us"])
def test_words_that_only_look_plural_stay(word: str) -> None:
    assert singular(word) == word

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


def test_nothing_meaningful_is_lost() -> None:
    assert [t.norm for t in tokenize("a > 5, b")] == ["a", ">", "5", ",", "b"]


@pytest.mark.parametrize("word", ["status", "less", "this", "previous", "us"])
def test_words_that_only_look_plural_stay(word: str) -> None:
    assert singular(word) == word

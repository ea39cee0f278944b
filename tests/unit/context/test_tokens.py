from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nl2sql.context.tokens import estimate

# Text → the larger of two vocabularies' counts.
COUNTED = {
    "SELECT u.country, SUM(l.current_bid) AS gmv FROM listings AS l JOIN users AS u ON u.id = l.highest_bidder_id": 30,
}


@pytest.mark.parametrize("text", COUNTED)
def test_a_statement_is_estimated_within_a_tenth(text: str) -> None:
    assert COUNTED[text] * 0.9 <= estimate(text) <= COUNTED[text] * 1.1


def test_nothing_is_nothing() -> None:
    assert estimate("") == 0


@given(st.text(), st.text())
def test_two_texts_together_are_at_most_both_and_no_less_than_one(first: str, second: str) -> None:
    both = estimate(first + second)
    assert both <= estimate(first) + estimate(second)
    assert both >= estimate(first) - 1


@given(st.text(min_size=1))
def test_a_text_is_never_more_tokens_than_characters(text: str) -> None:
    assert 1 <= estimate(text) <= len(text)


def test_letters_beyond_ascii_count_one_each() -> None:
    assert estimate("売上高") == 3

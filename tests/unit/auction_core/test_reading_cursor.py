"""Cursors come back as they went out, and nothing else comes back at all; names are masked."""

import base64
from datetime import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auction_core.errors import InvalidRequest
from auction_core.reading.cursor import decode, encode
from auction_core.reading.rows import masked

KEYS = st.one_of(
    st.integers(0, 2**40), st.datetimes(), st.decimals(0, 10**10, allow_nan=False, allow_infinity=False, places=2)
)


@given(st.text(), KEYS, st.integers(1, 2**31))
def test_a_cursor_comes_back_as_it_went_out(of: str, key: int | datetime | Decimal, row_id: int) -> None:
    assert decode(of, encode(of, key, row_id)) == (key, row_id)


@given(KEYS, st.data())
def test_a_cursor_with_one_letter_changed_is_refused(key: int | datetime | Decimal, data: st.DataObject) -> None:
    cursor = encode("list", key, 7)
    # The last letter may carry bits that mean nothing.
    place = data.draw(st.integers(0, len(cursor) - 2))
    letter = data.draw(st.sampled_from(sorted(set("ABCabc019-_") - {cursor[place]})))
    with pytest.raises(InvalidRequest):
        decode("list", cursor[:place] + letter + cursor[place + 1 :])


@given(st.text(max_size=300))
def test_no_text_breaks_the_reading_of_cursors(text: str) -> None:
    with pytest.raises(InvalidRequest):
        decode("list", text)


def test_a_cursor_of_another_list_is_refused() -> None:
    with pytest.raises(InvalidRequest):
        decode("bids of 8", encode("bids of 7", 1, 1))


def test_a_cursor_is_safe_in_an_address() -> None:
    cursor = encode("list", datetime(2026, 6, 30, 1, 2, 3, 4), 7)  # noqa: DTZ001 - as tables keep times
    assert cursor == base64.urlsafe_b64encode(base64.urlsafe_b64decode(cursor + "==")).decode().rstrip("=")


@pytest.mark.parametrize(
    ("name", "shown"), [("anna_k", "a***k"), ("ab", "a***b"), ("x", "x***"), ("a" * 40, "a***a"), ("😀z", "😀***z")]
)
def test_a_masked_name_tells_its_ends_and_not_its_length(name: str, shown: str) -> None:
    assert masked(name) == shown

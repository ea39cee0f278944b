"""The platform's share of a sale."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auction_core.fees import FEE_RATES, USUAL_RATE, fee_of, fee_rate
from auction_core.seed.catalogue import SECTIONS

AMOUNTS = st.decimals(min_value="0.01", max_value="9999999999.99", places=2)


def test_every_top_level_category_has_a_rate() -> None:
    assert set(FEE_RATES) == {section.name for section in SECTIONS}
    assert all(section.fee == float(FEE_RATES[section.name]) for section in SECTIONS)


@pytest.mark.parametrize(
    ("amount", "section", "fee"),
    [
        ("100.00", "Vehicles", "4.00"),
        ("123.45", "Jewelry & Watches", "12.35"),  # half a cent goes up
        ("0.01", "Fashion", "0.00"),
        ("0.05", "Jewelry & Watches", "0.01"),
        ("9999999999.99", "Art", "1200000000.00"),
        ("10.00", "Something new", "1.00"),
    ],
)
def test_a_fee_is_the_rate_of_the_price_in_whole_cents(amount: str, section: str, fee: str) -> None:
    assert fee_of(Decimal(amount), section) == Decimal(fee)


def test_an_unknown_category_pays_the_usual_rate() -> None:
    assert fee_rate("Something new") == USUAL_RATE


@given(AMOUNTS, AMOUNTS, st.sampled_from(sorted(FEE_RATES)))
def test_a_fee_is_within_the_amount_and_never_falls_with_it(one: Decimal, other: Decimal, section: str) -> None:
    low, high = sorted((one, other))
    assert Decimal(0) <= fee_of(low, section) <= low
    assert fee_of(low, section) <= fee_of(high, section)
    assert fee_of(low, section).as_tuple().exponent == -2

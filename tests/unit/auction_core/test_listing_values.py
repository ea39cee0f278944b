"""What a listing's texts, amounts and times may be; and texts, ids and times in general."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auction_core.errors import InvalidRequest
from auction_core.writes.listings import Draft
from auction_core.writes.transact import fingerprint_of
from auction_core.writes.validation import choice, identifier, line, moment, prose

DRAFT = Draft(
    seller_id=1,
    category_id=2,
    title="Vintage steel watch",
    description="",
    item_condition="good",
    starting_price=Decimal("10.00"),
    reserve_price=None,
    buy_now_price=None,
    starts_at=None,
    ends_at=datetime(2025, 6, 1, tzinfo=UTC),
)


def with_values(**values: Any) -> Draft:
    return Draft(**{name: getattr(DRAFT, name) for name in Draft.__slots__} | values).checked()


@pytest.mark.parametrize(
    "title",
    [
        "a",
        "a" * 120,
        "\U0001f9ff" * 120,
        "\U0001f468\u200d\U0001f469\u200d\U0001f467 family",  # joined by characters that are invisible alone
        "ساعة قديمة",
        "שעון ישן \u200f(1968)",
        "\U0001d518\U0001d52b",
        "e\u0301 is not é",
        "1",
        "§",
    ],
)
def test_a_title_is_kept_exactly(title: str) -> None:
    assert with_values(title=f" \t{title}\n ").title == title


@pytest.mark.parametrize(
    "title",
    [
        "",
        "   ",
        "\u200b\u200d",
        "a" * 121,
        "a" * 10_000_000,
        "two\nlines",
        "two\u2028lines",
        "tab\tin it",
        "bell\x07",
        "a\x85next",
        "nul\0",
        "half \ud83e",
        "\u202egnp.exe",
        "\u2066a\u2069",
        None,
        b"bytes",
        7,
    ],
)
def test_a_title_is_one_visible_line_without_tricks(title: Any) -> None:
    with pytest.raises(InvalidRequest) as refused:
        with_values(title=title)
    assert refused.value.field == "title"


def test_a_description_has_lines_and_a_bound() -> None:
    longest = "\U0001f9ff" * 10_000
    assert with_values(description=longest).description == longest
    assert with_values(description=" a\r\n\tb\n\nc ").description == "a\r\n\tb\n\nc"
    for description in (longest + "a", "nul\0", "\x1b[31mred", "half \udc00", None):
        with pytest.raises(InvalidRequest, match="description"):
            with_values(description=description)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("starting_price", Decimal(value)) for value in ("0", "-1", "NaN", "sNaN", "Infinity", "1.001", "1e10")),
        *(("starting_price", value) for value in (10, 10.0, "10.00", None, True)),
        ("reserve_price", Decimal("9.99")),
        ("reserve_price", Decimal("10.005")),
        ("buy_now_price", Decimal("9.99")),
        ("buy_now_price", 20),
        ("item_condition", "mint"),
        ("item_condition", ["good"]),
        ("seller_id", True),
        ("category_id", "2"),
        ("ends_at", datetime(2025, 6, 1)),  # noqa: DTZ001 - without a zone on purpose
        ("ends_at", "2025-06-01T00:00:00Z"),
        ("starts_at", 1_748_736_000),
        ("ends_at", datetime.max.replace(tzinfo=timezone(timedelta(hours=-1)))),
    ],
)
def test_a_value_that_no_listing_has_is_named(field: str, value: Any) -> None:
    with pytest.raises(InvalidRequest) as refused:
        with_values(**{field: value})
    assert refused.value.field == field


def test_prices_stand_in_order() -> None:
    ten, twenty = Decimal("10.00"), Decimal("20.00")
    assert with_values(reserve_price=ten, buy_now_price=ten).buy_now_price == ten
    assert with_values(reserve_price=ten, buy_now_price=twenty).reserve_price == ten
    with pytest.raises(InvalidRequest, match="buy_now_price"):
        with_values(reserve_price=twenty, buy_now_price=Decimal("19.99"))


def test_one_request_has_one_fingerprint_however_it_is_written() -> None:
    zone = timezone(timedelta(hours=2))
    same = with_values(
        title=" Vintage steel watch ", starting_price=Decimal("10"), ends_at=datetime(2025, 6, 1, 2, tzinfo=zone)
    )
    assert fingerprint_of(same.request()) == fingerprint_of(DRAFT.request())
    for name, value in (("title", "Other"), ("starting_price", Decimal("11")), ("reserve_price", Decimal("10"))):
        assert fingerprint_of(with_values(**{name: value}).request()) != fingerprint_of(DRAFT.request())


@given(st.text(max_size=150))
def test_checking_a_line_twice_changes_nothing(text: str) -> None:
    try:
        kept = line(text, "title", 120)
    except InvalidRequest:
        return
    assert line(kept, "title", 120) == kept == text.strip()
    assert kept.encode("utf-8")
    assert "\n" not in kept


@given(st.text(max_size=60))
def test_prose_that_is_refused_as_empty_shows_nothing(text: str) -> None:
    try:
        kept = prose(text, "body", 50, may_be_empty=True)
    except InvalidRequest:
        return
    shows = any(character.isprintable() and not character.isspace() for character in kept)
    if shows:
        assert prose(text, "body", 50, may_be_empty=False) == kept


@given(st.one_of(st.integers(), st.booleans(), st.floats(), st.text(), st.none(), st.decimals()))
def test_an_id_is_an_integer_in_range(value: Any) -> None:
    good = type(value) is int and 1 <= value < 2**31
    try:
        assert identifier(value, "id") == value
    except InvalidRequest as refused:
        assert not good
        assert refused.field == "id"
    else:
        assert good


@given(st.datetimes(timezones=st.timezones()))
def test_a_moment_is_the_same_in_utc(value: datetime) -> None:
    try:
        utc = moment(value, "at")
    except InvalidRequest:
        assert value.year in {1, 9999}
        return
    assert utc == value.astimezone(UTC)
    assert utc.tzinfo is UTC


def test_a_choice_names_what_there_is() -> None:
    assert choice("card", "method", ("card", "wallet")) == "card"
    with pytest.raises(InvalidRequest, match="must be one of card, wallet"):
        choice("cash", "method", ("card", "wallet"))

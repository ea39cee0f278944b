"""What people type, and how money, times and refusals are written for them."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from auction_core.api.pages.forms import HOW_TO_WRITE, amount_of_text, optional_amount, refused
from auction_core.api.pages.render import environment, euros, iso, left, moment
from auction_core.api.pages.visit import safe_target
from auction_core.errors import (
    BidAboveBuyNow,
    BidTooLow,
    DatabaseUnreachable,
    IdempotencyConflict,
    InvalidRequest,
    OutcomeUnknown,
    SellerCannotBid,
    TooBusy,
)


@pytest.mark.parametrize(
    ("typed", "amount"),
    [
        ("12.75", "12.75"),
        ("12,75", "12.75"),
        ("12,5", "12.5"),
        (" 12.75 € ", "12.75"),
        ("€1250", "1250"),
        ("1\u202f250,00\u00a0€", "1250.00"),
        ("0", "0"),
    ],
)
def test_amounts_are_read_as_people_write_them(typed: str, amount: str) -> None:
    assert amount_of_text(typed, "amount") == Decimal(amount)


@pytest.mark.parametrize(
    "typed", ["", "1,250", "1.250", "1,250.00", "-5", "NaN", "1e3", "٣", "12.", ".5", "12345678901", "abc", "1\x002"]
)
def test_what_could_mean_two_amounts_or_none_is_asked_again(typed: str) -> None:
    with pytest.raises(InvalidRequest, match=HOW_TO_WRITE):
        amount_of_text(typed, "amount")


def test_an_amount_that_is_left_out_is_none() -> None:
    assert optional_amount("  ", "reserve_price") is None


@pytest.mark.parametrize("target", ["/", "/my", "/listings/42?done=bid", "/?q=a%20b"])
def test_paths_of_this_site_are_safe_targets(target: str) -> None:
    assert safe_target(target) == target


@pytest.mark.parametrize(
    "target",
    ["", "my", "//evil", "///evil", "/\\evil", "https://evil", "/\n/evil", "/\x00", "/" + "a" * 600, "javascript:x"],
)
def test_other_targets_become_the_start_page(target: str) -> None:
    assert safe_target(target) == "/"


def test_refusals_stand_beside_their_field_with_what_helps() -> None:
    typed = {"amount": "5", "condition": "x"}
    low = refused(BidTooLow(Decimal("12.75")), typed, "k")
    assert low.problem("amount") == "The least that counts now is 12.75\u00a0€."
    assert low.value("amount") == "5" and low.status == 409
    high = refused(BidAboveBuyNow(Decimal("1250")), typed, "k")
    assert "1,250.00\u00a0€" in high.problem("amount")
    odd = refused(InvalidRequest("item_condition", "must be new"), typed, "k", {"item_condition": "condition"})
    assert odd.problem("condition") == "This must be new." and odd.status == 422
    assert refused(SellerCannotBid(), typed, "k").problem("") == "Sellers cannot bid on their own listings."
    assert refused(InvalidRequest("idempotency key", "must be short"), typed, "k").problem("")


def test_a_form_whose_outcome_is_unknown_keeps_its_key_and_others_get_a_new_one() -> None:
    for error in (OutcomeUnknown("The database went away."), TooBusy(), DatabaseUnreachable("It is away at x.")):
        again = refused(error, {}, "kept")
        assert (again.key, again.status) == ("kept", 503) and "away at" not in again.problem("")
    assert refused(BidTooLow(Decimal(1)), {}, "kept").key != "kept"
    assert refused(IdempotencyConflict(), {}, "kept").key != "kept"


def test_money_and_times_are_written_plainly() -> None:
    assert euros(Decimal("1234567.5")) == "1,234,567.50\u00a0€"
    when = datetime(2026, 7, 1, 1, 5, 9, tzinfo=timezone(timedelta(hours=2)))
    assert (moment(when), iso(when)) == ("30 Jun 2026, 23:05 UTC", "2026-06-30T23:05:09Z")
    assert moment(datetime(2026, 1, 1, tzinfo=UTC)) == "1 Jan 2026, 00:00 UTC"
    assert [left(seconds).replace("\u00a0", " ") for seconds in (-1, 59, 60, 3599, 3600, 86_400, 200_000)] == [
        "0 s", "59 s", "1 min 0 s", "59 min 59 s", "1 h 0 min", "1 d 0 h", "2 d 7 h",
    ]  # fmt: skip


def test_templates_escape_whatever_they_are_given() -> None:
    assert environment().autoescape is True
    shown = environment().from_string("{{ x }}").render(x="<b>\"'&")
    assert shown == "&lt;b&gt;&#34;&#39;&amp;"

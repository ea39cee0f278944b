from __future__ import annotations

from decimal import Decimal

import pytest

from nl2sql.catalog.model import Dataset, DataType, Field, SemanticModel
from nl2sql.engines.base import Estimate
from nl2sql.guard.check import check
from nl2sql.guard.checked import CheckedSql
from nl2sql.guard.policy import Cost, Limits, Policy
from nl2sql.price_tag import (
    FINE,
    PriceTag,
    cheaper_ways,
    judge,
    shareable,
    spoken,
    spoken_bytes,
    spoken_price,
    spoken_rows,
    wants_estimate,
)
from nl2sql.writers.base import Origin, SqlDraft

GB = 10**9
MODEL = SemanticModel(
    "shop",
    (
        Dataset(
            "orders",
            "orders",
            (
                Field("id", "id", DataType.INTEGER),
                Field("placed_at", "placed_at", DataType.DATETIME, is_time=True, label="placed at"),
                Field("paid_at", "paid_at", DataType.DATETIME),
                Field("amount", "amount", DataType.DECIMAL),
            ),
            label="orders",
            time_field="placed_at",
        ),
        Dataset("countries", "countries", (Field("code", "code", DataType.STRING),)),
    ),
    fingerprint="unit-price-tag",
)


def checked(sql: str) -> CheckedSql:
    verdict = check(SqlDraft(sql, Origin("sql")), MODEL, Policy(), "sqlite")
    assert isinstance(verdict, CheckedSql)
    return verdict


def test_by_default_only_bytes_that_are_charged_for_are_bounded() -> None:
    assert judge(Estimate(), Limits()) is FINE
    assert judge(Estimate(rows=10**15), Limits()) is FINE
    assert judge(Estimate(scanned_bytes=10 * GB, price=Decimal("9999")), Limits()) is FINE
    assert judge(Estimate(scanned_bytes=10 * GB + 1), Limits()).kind == "ask"
    assert judge(Estimate(scanned_bytes=100 * GB), Limits()).kind == "ask"
    assert judge(Estimate(scanned_bytes=100 * GB + 1), Limits()).kind == "refuse"


def test_a_question_names_what_is_read_what_it_costs_and_from_where_on_it_is_asked() -> None:
    estimate = Estimate(scanned_bytes=25 * GB, price=Decimal("0.1526"))
    assert judge(estimate, Limits()) == PriceTag(
        "ask",
        "Running this reads about 25 GB, about 0.15 USD. Your role is asked first above 10 GB.",
        "Asking for fewer columns reads less.",
    )


def test_a_refusal_names_the_limit_that_was_met_and_the_cheaper_way() -> None:
    estimate = Estimate(scanned_bytes=250 * GB, price=Decimal("1.53"), currency="EUR", advice=("Filter by day.",))
    limits = Limits(refuse_above=Cost(price=Decimal(1)))
    assert judge(estimate, limits, ("Ask for less.",)) == PriceTag(
        "refuse",
        "Running this would read about 250 GB, about 1.53 EUR. Your role may go up to 1.00 EUR.",
        "Filter by day. Ask for less.",
    )


def test_an_optimizers_rows_count_only_where_a_policy_wants_them() -> None:
    limits = Limits(ask_above=Cost(rows=5_000_000), refuse_above=Cost(rows=50_000_000))
    assert judge(Estimate(rows=5_000_000), limits).kind == "fine"
    asked = judge(Estimate(rows=12_345_678), limits)
    assert asked.sentence == (
        "Running this reads about 12.3 million rows. Your role is asked first above 5 million rows."
    )
    assert asked.hint == "", "columns that are not asked for are read all the same, row by row"
    assert judge(Estimate(rows=50_000_001), limits).kind == "refuse"


def test_who_sees_some_rows_only_is_not_told_how_many_there_are() -> None:
    limits = Limits(ask_above=Cost(rows=5_000_000), refuse_above=Cost(rows=50_000_000))
    asked, refused = (judge(Estimate(rows=rows), limits, filtered=True).sentence for rows in (12_345_678, 60_000_000))
    assert asked == "Running this reads more than 5 million rows. Your role is asked first above 5 million rows."
    assert refused == "Running this would read more than 50 million rows. Your role may go up to 50 million rows."


def test_who_sees_some_rows_only_is_told_a_price_in_two_digits() -> None:
    estimate = Estimate(9, 25_678_901_234, Decimal("0.15672"), "EUR", ("Filter by day.",))
    told = shareable(estimate, filtered=True)
    assert told == Estimate(None, 26_000_000_000, Decimal("0.16"), "EUR", ("Filter by day.",))
    assert shareable(Estimate(), filtered=True) == Estimate()
    assert shareable(Estimate(scanned_bytes=0, price=Decimal(0)), filtered=True).scanned_bytes == 0
    assert shareable(estimate, filtered=False) is estimate
    assert judge(estimate, Limits(), filtered=True).sentence.startswith("Running this reads about 26 GB, about 0.16")


def test_a_bound_says_nothing_of_what_the_database_cannot_tell() -> None:
    limits = Limits(ask_above=Cost(1, 1, Decimal(1)), refuse_above=Cost(1, 1, Decimal(1)))
    assert judge(Estimate(), limits) is FINE


def test_a_hint_holds_three_sentences_and_the_databases_own_come_first() -> None:
    estimate = Estimate(scanned_bytes=25 * GB, advice=("One.", "Two."))
    assert judge(estimate, Limits(), ("Three.", "Four.")).hint == "One. Two. Three."


@pytest.mark.parametrize(
    ("charges", "limits", "wanted"),
    [
        (False, Limits(), False),
        (True, Limits(), True),
        (False, Limits(ask_above=Cost(rows=1)), True),
        (False, Limits(refuse_above=Cost(rows=1)), True),
        (False, Limits(refuse_above=Cost(bytes=1, price=Decimal(1))), False),
    ],
)
def test_an_estimate_is_asked_for_only_where_it_can_matter(charges: bool, limits: Limits, wanted: bool) -> None:
    assert wants_estimate(charges, limits) is wanted


def test_a_table_without_a_limit_on_its_time_is_named_as_the_cheaper_way() -> None:
    without = cheaper_ways(checked("SELECT SUM(amount) FROM orders"), MODEL)
    assert without == ("Ask about a shorter time: a limit on “placed at” of orders may read less.",)
    for time in ("placed_at", "paid_at"):
        limited = cheaper_ways(checked(f"SELECT SUM(amount) FROM orders WHERE {time} >= '2026-01-01'"), MODEL)
        assert limited == ()
    assert cheaper_ways(checked("SELECT code FROM countries"), MODEL) == ()


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1_000, "1 kB"),
        (25_000_000_000, "25 GB"),
        (1_234_567_890, "1.23 GB"),
        (123_456_789_012, "123 GB"),
        (1_500_000_000, "1.5 GB"),
        (999_400_000, "999 MB"),
        (999_600_000, "1 GB"),
        (5 * 10**18, "5000 PB"),
    ],
)
def test_bytes_are_told_in_decimal_units(count: int, words: str) -> None:
    assert spoken_bytes(count) == words


@pytest.mark.parametrize(
    ("count", "words"), [(1, "1 row"), (5_000, "5,000 rows"), (5_000_000, "5 million rows"), (10**9, "1 billion rows")]
)
def test_rows_are_told_in_words_from_a_million_on(count: int, words: str) -> None:
    assert spoken_rows(count) == words


@pytest.mark.parametrize(
    ("price", "words"),
    [("0", "0.00 USD"), ("0.0001", "less than 0.01 USD"), ("0.01", "0.01 USD"), ("1234.567", "1,234.57 USD")],
)
def test_prices_are_told_in_cents(price: str, words: str) -> None:
    assert spoken_price(Decimal(price), "USD") == words


def test_what_is_cheap_is_not_called_about_less() -> None:
    assert spoken(Estimate(scanned_bytes=10_000_000, price=Decimal("0.0001"))) == "about 10 MB, less than 0.01 USD"
    assert spoken(Estimate(rows=12)) == "about 12 rows"
    assert spoken(Estimate()) == ""

"""What an answer becomes in the ledger: who wrote it, how it was read, what it cost."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from nl2sql.answer.base import Answer, Receipt, ReceiptLine, StageTime
from nl2sql.engines.base import Estimate, ResultTable
from nl2sql.ledger.base import LedgerRow
from nl2sql.ledger.row import Prices, row_of
from nl2sql.llm.base import Usage
from nl2sql.llm.prices import TokenPrice
from nl2sql.question import Principal, Question
from nl2sql.writers.base import Origin

AT = datetime(2026, 6, 30, 12, 0, 0, 5)  # noqa: DTZ001 - the ledger's moments are UTC without zone
PRICES = Prices(Decimal("6.25"), "USD", lambda day: TokenPrice(Decimal("0.25"), Decimal("0.025"), Decimal(2)))
NO_PRICES = Prices()
TIB = 1024**4


def result(billed: int | None = None) -> ResultTable:
    return ResultTable(pa.table({"n": pa.array([1, 2, 3], pa.int64())}), 1_000, False, 1.0, billed_bytes=billed)


ANSWER = Answer(
    Question("how many?", Principal("anna", "finance")),
    "answered",
    "There are 3.",
    origin=Origin("llm", "gpt · 5-mini · sql_writer@v2"),
    interpretation="counts things",
    sql="SELECT 1",
    table=result(),
    id="a1",
    usage=Usage(1_000, 50),
    stages=(StageTime("write", 1.5), StageTime("guard", 0.5), StageTime("write", 2.0)),
)


def row(answer: Answer, prices: Prices = PRICES, verdict: str | None = None) -> LedgerRow:
    return row_of(answer, at=AT, engine="sqlite", prices=prices, verdict=verdict)


def test_a_row_says_who_asked_what_and_what_came_of_it() -> None:
    made = row(ANSWER)
    assert (made.id, made.at, made.user, made.role, made.question) == ("a1", AT, "anna", "finance", "how many?")
    assert (made.outcome, made.code, made.sql, made.engine) == ("answered", "ok", "SELECT 1", "sqlite")
    assert (made.rows, made.result_bytes, made.scanned_bytes) == (3, 24, None)
    assert (made.prompt_tokens, made.completion_tokens) == (1_000, 50)
    assert (made.milliseconds, made.stage_ms) == (4.0, {"write": 3.5, "guard": 0.5})


def test_model_and_prompt_version_come_from_a_language_models_origin_alone() -> None:
    assert (row(ANSWER).writer, row(ANSWER).model, row(ANSWER).prompt_version) == (
        "llm",
        "gpt · 5-mini",
        "sql_writer@v2",
    )
    bare = row(replace(ANSWER, origin=Origin("llm", "gpt")))
    assert (bare.model, bare.prompt_version) == ("gpt", "")
    offline = row(replace(ANSWER, origin=Origin("offline", "a · b")))
    assert (offline.writer, offline.model, offline.prompt_version) == ("offline", "", "")


def test_the_plan_is_the_interpretation_or_else_the_receipt_in_words() -> None:
    receipt = Receipt((ReceiptLine("measure", "counts things"), ReceiptLine("filter", "sold ones only")))
    assert row(replace(ANSWER, receipt=receipt)).plan == "counts things"
    assert row(replace(ANSWER, interpretation="", receipt=receipt)).plan == "counts things; sold ones only"
    assert row(replace(ANSWER, interpretation="")).plan == ""


def test_tokens_are_paid_for_to_the_last_digit() -> None:
    assert row(ANSWER).cost == Decimal("0.00035")
    one = row(
        replace(ANSWER, usage=Usage(1, 0)),
        Prices(tokens_on=lambda day: TokenPrice(Decimal("0.0125"), Decimal(0), Decimal(0))),
    )
    assert one.cost == Decimal("0.0000000125")


def test_a_cost_that_is_not_known_is_not_zero() -> None:
    assert row(ANSWER, NO_PRICES).cost is None
    assert row(replace(ANSWER, usage=Usage())).cost is None


def test_billed_bytes_stand_above_the_estimate() -> None:
    estimate = Estimate(scanned_bytes=4 * TIB, price=Decimal(25))
    guessed = replace(ANSWER, usage=Usage(), estimate=estimate)
    billed = replace(guessed, table=result(billed=TIB))
    assert (row(guessed).scanned_bytes, row(guessed).cost) == (4 * TIB, Decimal(25))
    assert (row(billed).scanned_bytes, row(billed).cost) == (TIB, Decimal("6.25"))
    assert row(guessed, NO_PRICES).cost == Decimal(25)


def test_a_price_in_another_currency_is_not_added() -> None:
    estimate = Estimate(scanned_bytes=TIB, price=Decimal(25), currency="EUR")
    assert row(replace(ANSWER, estimate=estimate), replace(PRICES, bytes_per_tib=Decimal(0))).cost == Decimal("0.00035")


@pytest.mark.parametrize(
    ("answer", "scanned"),
    [
        (replace(ANSWER, cached=True, table=result(billed=TIB)), None),
        (Answer(ANSWER.question, "clarification", "Run it?", "over_soft_limit"), None),
        (Answer(ANSWER.question, "failed", "Too much.", "query_too_costly"), None),
        (Answer(ANSWER.question, "failed", "Stopped.", "query_cancelled"), TIB),
        (Answer(ANSWER.question, "failed", "Too long.", "query_timed_out"), TIB),
    ],
    ids=lambda each: each.code if isinstance(each, Answer) else "",
)
def test_only_what_ran_is_counted_as_read(answer: Answer, scanned: int | None) -> None:
    made = row(replace(answer, estimate=Estimate(scanned_bytes=TIB, price=Decimal("6.25")), usage=Usage()))
    assert made.scanned_bytes == scanned
    assert made.cost == (None if scanned is None else Decimal("6.25"))


def test_the_verdict_is_what_was_given_or_what_the_answer_tells() -> None:
    refused = Answer(ANSWER.question, "refused", "No.", "hidden_column", sql="SELECT secret")
    declined = Answer(ANSWER.question, "declined", "I do not know.", "not_understood")
    assert [row(each).verdict for each in (ANSWER, refused, declined)] == ["passed", "hidden_column", ""]
    assert row(declined, verdict="passed").verdict == "passed"


def test_an_answer_without_an_id_gets_a_new_one() -> None:
    nameless = replace(ANSWER, id="")
    assert row(nameless).id
    assert row(nameless).id != row(nameless).id


def test_the_table_says_what_a_token_costs_on_the_day_of_the_question() -> None:
    asked: list[date] = []

    def table(day: date) -> TokenPrice | None:
        asked.append(day)
        return TokenPrice(Decimal("0.25"), Decimal("0.025"), Decimal(2))

    assert row(ANSWER, Prices(tokens_on=table)).cost == Decimal("0.00035")
    assert asked == [AT.date()]
    cached = replace(ANSWER, usage=Usage(1_000, 50, 1_000))
    assert row(cached, Prices(tokens_on=table)).cost == Decimal("0.000125")
    assert row(ANSWER, Prices(tokens_on=lambda day: None)).cost is None


def test_tokens_in_another_currency_than_bytes_are_not_added_to_them() -> None:
    def table(day: date) -> TokenPrice | None:
        return TokenPrice(Decimal("0.25"), Decimal("0.025"), Decimal(2), "EUR")

    alone = row(ANSWER, Prices(tokens_on=table))
    assert (alone.cost, alone.currency) == (Decimal("0.00035"), "EUR")
    billed = replace(ANSWER, table=result(billed=TIB))
    beside = row(billed, Prices(bytes_per_tib=Decimal("6.25"), tokens_on=table))
    assert (beside.cost, beside.currency) == (Decimal("6.25"), "USD")

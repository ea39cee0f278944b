"""What an answer says of its age and price, in phrases, on a terminal and as JSON."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pytest

from nl2sql.answer.base import Answer, ColumnLabel
from nl2sql.engines.base import Estimate, ResultTable
from nl2sql.llm.base import Usage
from nl2sql.provenance import provenance
from nl2sql.question import Question
from nl2sql.terminal import print_answer, print_no_answer
from nl2sql.wire import answer_to_json

NOW = datetime.fromisoformat("2026-07-01T12:00")
NEWEST = datetime.fromisoformat("2026-06-30T23:59")
RESULT = ResultTable(pa.table({"sold": [7]}), 1000, False, 1.0)
ANSWER = Answer(Question("Sold?"), "answered", "7 were sold.", table=RESULT, columns=(ColumnLabel("sold"),), id="a1")
PRICED = Answer(
    Question("Sold?"),
    "clarification",
    "Running this reads about 25 GB, about 0.15 USD. Your role is asked first above 10 GB.",
    "over_soft_limit",
    hint="Filter by day.",
    estimate=Estimate(scanned_bytes=25_000_000_000, price=Decimal("0.15")),
)


def billed(count: int, price: str = "") -> Answer:
    estimate = Estimate(scanned_bytes=count, price=Decimal(price) if price else None, currency="EUR")
    return replace(ANSWER, table=replace(RESULT, billed_bytes=count), estimate=estimate)


def printed(show: Callable[[Answer, io.StringIO], None], answer: Answer) -> list[str]:
    out = io.StringIO()
    show(answer, out)
    return out.getvalue().splitlines()


@pytest.mark.parametrize(
    ("answer", "parts"),
    [
        (ANSWER, ()),
        (replace(ANSWER, data_as_of=NEWEST), ("Data as of 30 June 2026, 23:59 UTC",)),
        (replace(ANSWER, cached=True), ("from the cache",)),
        (replace(ANSWER, cached=True, stored_at=NOW - timedelta(hours=3)), ("from the cache, 3 hours old",)),
        (billed(2_000_000_000), ("read 2 GB",)),
        (billed(2_000_000_000, "0.0125"), ("read 2 GB for about 0.01 EUR",)),
        (billed(1_000, "0.00001"), ("read 1 kB for less than 0.01 EUR",)),
        (replace(billed(2_000_000_000, "0.0125"), cached=True), ("from the cache",)),
        (replace(ANSWER, estimate=Estimate(rows=6_000_000)), ("was to read about 6 million rows",)),
        (replace(ANSWER, estimate=Estimate()), ()),
        (PRICED, ()),
    ],
)
def test_only_what_is_known_is_told(answer: Answer, parts: tuple[str, ...]) -> None:
    assert provenance(answer, NOW) == parts


def test_a_terminal_names_the_age_and_how_to_get_a_new_answer() -> None:
    kept = replace(ANSWER, cached=True, data_as_of=NEWEST)
    lines = printed(print_answer, kept)
    assert "Data as of 30 June 2026, 23:59 UTC · from the cache · --fresh runs it again" in lines
    assert not any("--fresh" in line for line in printed(print_answer, ANSWER))


def test_a_terminal_names_the_cost_and_how_to_accept_it() -> None:
    assert printed(print_no_answer, PRICED) == [
        "Running this reads about 25 GB, about 0.15 USD. Your role is asked first above 10 GB.",
        "Filter by day.",
        "Nothing was run. To run it at this cost, ask again with --accept-cost.",
    ]


def test_a_terminal_offers_no_way_around_a_hard_limit() -> None:
    refused = replace(PRICED, outcome="refused", code="too_costly", headline="Too much.")
    assert printed(print_no_answer, refused) == ["Too much.", "Filter by day."]


def test_json_holds_the_id_the_moments_the_price_and_the_tokens() -> None:
    estimate = Estimate(scanned_bytes=9, price=Decimal("0.10"), advice=("Filter by day.",))
    told = json.loads(
        answer_to_json(
            replace(
                ANSWER,
                data_as_of=NEWEST,
                stored_at=NOW,
                cached=True,
                table=replace(RESULT, billed_bytes=9),
                estimate=estimate,
                usage=Usage(3, 4, 2),
            )
        )
    )
    assert told["id"] == "a1"
    assert (told["cached"], told["stored_at"]) == (True, "2026-07-01T12:00:00")
    assert told["data_as_of"] == "2026-06-30T23:59:00"
    assert told["estimate"] == {
        "rows": None,
        "scanned_bytes": 9,
        "price": "0.10",
        "currency": "USD",
        "advice": ["Filter by day."],
    }
    assert told["billed_bytes"] == 9
    assert told["usage"] == {"prompt_tokens": 3, "completion_tokens": 4, "cached_tokens": 2}


def test_json_says_null_for_what_is_not_known() -> None:
    told = json.loads(answer_to_json(ANSWER))
    assert [told[name] for name in ("stored_at", "data_as_of", "estimate", "billed_bytes")] == [None] * 4

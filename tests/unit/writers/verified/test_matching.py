"""Which questions are verified ones: those that ask the same, word for word, and no others."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

from nl2sql.catalog.visibility import seen_by
from nl2sql.writers.base import CannotAnswer, Clarification, Draft, SqlDraft
from nl2sql.writers.verified.writer import VerifiedWriter
from tests.unit.writers.verified.shop import MODEL, QUERIES, ask, write, writer_of


def literals(draft: Draft) -> list[str]:
    assert isinstance(draft, SqlDraft), draft
    return [each.this for each in sqlglot.parse_one(draft.sql, read="sqlite").find_all(exp.Literal)]


def query_of(draft: Draft) -> str:
    return draft.origin.detail.partition(" ")[0] if isinstance(draft, SqlDraft) else ""


@pytest.mark.parametrize(
    ("text", "query", "values"),
    [
        ("Top 5 clients by turnover in 2024", "top-clients", {"5", "2024-01-01", "2025-01-01"}),
        (
            "Please show me the top five clients by turnover last month",
            "top-clients",
            {"5", "2026-05-01", "2026-06-01"},
        ),
        ("top 5 CLIENTS by turnover, in Q1 2026.", "top-clients", {"5", "2026-01-01", "2026-04-01"}),
        ("Could you tell me which 1 clients had the highest turnover in May 2026?", "top-clients", {"1", "2026-05-01"}),
        ("top clients by turnover", "top-clients", {"10", "2025-01-01", "2026-01-01"}),
        ("Turnover per week in 2025", "turnover-by-grain", {"2025-01-01", "2026-01-01", "weekday 1"}),
        ("weekly turnover in 2025", "turnover-by-grain", {"2025-01-01", "2026-01-01", "weekday 1"}),
        ("Turnover of the Netherlands in 2025", "of-country", {"NL", "2025-01-01"}),
        ("turnover of GERMANY in 2025", "of-country", {"DE", "2025-01-01"}),
        ("Turnover of IT in 2025", "of-country", {"IT", "2025-01-01"}),
        ("Turnover of Italy", "of-country", {"IT", "2025-01-01"}),
        ("Orders of client O'Brien", "of-client", {"O'Brien"}),
        ("Orders of client period", "of-client", {"Period"}),
        ("Orders of client Home and Garden", "of-client", {"Home & Garden"}),
        ("Orders of client not", "of-client", {"not"}),
        ("Orders above €1,000.50 on 5 March 2025", "above", {"1000.5", "2025-03-05"}),
        ("Orders above 0 on yesterday", "above", {"0", "2026-06-29"}),
        ("share of phones in 2025", "share-of-phones", {"phones"}),
    ],
)
def test_the_same_question_in_its_words_fills_the_slots(
    writer: VerifiedWriter, text: str, query: str, values: set[str]
) -> None:
    draft = ask(writer, text)
    assert query_of(draft) == query
    assert values <= {value.rstrip("0") if "." in value else value for value in literals(draft)}


@pytest.mark.parametrize(
    "text",
    [
        # a word more
        "Top 5 clients by turnover in 2024 without Germany",
        "Top 5 German clients by turnover in 2024",
        "Top 5 clients not by turnover in 2024",
        "Top 5 clients by turnover not in 2024",
        "Top 5 clients by turnover except in 2024",
        "Top 5 clients by turnover in 2024 but 2025",
        "Top 5 clients by turnover in 2024 2025",
        "Top 5 clients by turnover in 2024 per month",
        "Isn't top 5 clients by turnover in 2024",
        "Orders of client not Period",
        "Orders not of client Period",
        "Never show me the top 5 clients by turnover in 2024",
        # a word less, or another
        "Top 5 by turnover in 2024",
        "Top client by turnover",
        "Top clients by turnovers",
        "Top 5 clients by turnover by 2024",
        "Bottom 5 clients by turnover in 2024",
        "Top 5 clients by turnovers average in 2024",
        "clients top 5 by turnover in 2024",
        "How many share of phones in 2025",
        # another fixed year, and words for it
        "share of phones in 2024",
        "share of phones in 25",
        "share of phones last year",
        "share of phones",
        # numbers that are none of the parameter
        "Top 0 clients by turnover in 2024",
        "Top -5 clients by turnover in 2024",
        "Top – 5 clients by turnover in 2024",
        "Top 5.5 clients by turnover in 2024",
        "Top 101 clients by turnover in 2024",
        "Top 5% clients by turnover in 2024",
        "Top 5th clients by turnover in 2024",
        "Top 5-10 clients by turnover in 2024",
        "Top 5k clients by turnover in 2024",
        "Top 5 000 clients by turnover in 2024",
        "Top _5 clients by turnover in 2024",
        "Top {n} clients by turnover in 2024",
        "Top n clients by turnover in 2024",
        "Orders above $500 on 5 March 2025",
        "Orders above 5th on 5 March 2025",
        "Orders above -500 on 5 March 2025",
        "Orders above 500% on 5 March 2025",
        "Orders above <500 on 5 March 2025",
        # periods that are no period with two ends, or no day
        "Top 5 clients by turnover since 2024",
        "Top 5 clients by turnover before 2024",
        "Top 5 clients by turnover in period",
        "Top 5 clients by turnover in €2024",
        "Orders above 500 on March 2025",
        "Top 5 clients by turnover next year",
        "Top 5 clients by turnover in 2031",
        "Top 5 clients by turnover tomorrow",
        f"Orders above {'9' * 400} on 5 March 2025",
        "Orders above 500 on 2025",
        # values that are not there, not the field's, or words of another kind
        "Turnover of Atlantis in 2025",
        "Turnover of it in 2025",
        "Turnover of us in 2025",
        "Turnover of phones in 2025",
        "Turnover of Germany, Italy in 2025",
        "Turnover of Germany and Italy in 2025",
        "Turnover of !Germany in 2025",
        "Turnover of -Germany in 2025",
        "Turnover of non-Germany in 2025",
        "Turnover of Germany/Italy in 2025",
        "Turnover of Germanyy in 2025",
        "Orders of client O'Brian",
        "Orders of client Toys",
        "Orders of client DROP TABLE",
        "Orders of client a@example.com",
        "Turnover per decade in 2025",
        "Turnover per month and week in 2025",
        "SELECT * FROM orders",
    ],
)
def test_a_question_that_nearly_matches_is_left_to_the_next_writer(writer: VerifiedWriter, text: str) -> None:
    draft = ask(writer, text)
    assert isinstance(draft, CannotAnswer)
    assert (draft.code, draft.origin.writer) == ("not_understood", "verified")


@pytest.mark.parametrize("text", ["Orders of client '); DROP TABLE orders; --", "orders of client drop table orders"])
def test_a_value_that_is_sql_is_compared_with_as_text(writer: VerifiedWriter, text: str) -> None:
    assert literals(ask(writer, text)) == ["'); DROP TABLE orders; --"]


@pytest.mark.parametrize("dialect", ["sqlite", "mysql", "postgres", "duckdb", "bigquery"])
@pytest.mark.parametrize(
    ("typed", "stored"),
    [("O'Brien", "O'Brien"), ("Back\\slash\\", "Back\\slash\\"), (");drop table orders", "'); DROP")],
)
def test_a_hostile_value_stays_one_literal_in_every_grammar(
    writer: VerifiedWriter, dialect: str, typed: str, stored: str
) -> None:
    draft = ask(writer, f"Orders of client {typed}", dialect=dialect)
    if not isinstance(draft, SqlDraft):
        assert "\\" in typed  # a backslash is no word of a question
        return
    statements = sqlglot.parse(draft.sql, read=dialect)
    assert len(statements) == 1 and isinstance(statements[0], exp.Select)
    (literal,) = statements[0].find_all(exp.Literal)
    assert literal.this.startswith(stored)


def test_words_that_mean_two_values_of_a_field_mean_none(writer: VerifiedWriter) -> None:
    assert query_of(ask(writer, "Orders of client Toy")) == ""  # "Toy" and "Toys" are both stored


def test_a_query_that_could_be_filled_in_two_ways_is_not_filled(folder: Path) -> None:
    pair = """
question: "Orders of {one} {two}"
parameters:
  one: {type: text, field: orders.kind, example: red}
  two: {type: text, field: orders.kind, example: green}
sql: SELECT COUNT(*) AS orders FROM orders AS o WHERE o.kind = :one OR o.kind = :two
"""
    writer = writer_of(write(folder, {"pair": pair}))
    assert query_of(ask(writer, "Orders of red green")) == "pair"
    assert query_of(ask(writer, "Orders of red blue green")) == ""


def test_what_was_not_named_is_told_as_assumed(writer: VerifiedWriter) -> None:
    draft = ask(writer, "Top clients by turnover")
    assert isinstance(draft, SqlDraft)
    assert draft.interpretation == "Top 10 clients by turnover in 2025"
    assert draft.assumptions == (
        "The question names no number of clients, so it is the usual one: 10.",
        "The question names no period, so it is the usual one: in 2025.",
    )


def test_a_draft_says_which_query_it_is_and_who_verified_it_when(writer: VerifiedWriter) -> None:
    draft = ask(writer, "show me the top 3 clients by turnover in 2024")
    assert isinstance(draft, SqlDraft)
    assert draft.origin.writer == "verified"
    assert draft.origin.detail == "top-clients · the shop's maintainers · 2026-06-01"
    assert draft.interpretation == "Top 3 clients by turnover in 2024"
    assert draft.assumptions == ()


OF_KIND = QUERIES["of-country"].replace("{country}", "{kind}").replace("country: ", "kind: ")
OF_KIND = OF_KIND.replace("orders.country", "orders.kind").replace("o.country = :country", "o.kind = :kind")


def test_words_that_ask_two_queries_are_left_to_the_next_writer_where_no_words_tell_them_apart(folder: Path) -> None:
    write(folder, {"of-kind": OF_KIND})
    writer = writer_of(folder)
    assert query_of(ask(writer, "Turnover of phones in 2025")) == "of-kind"
    assert query_of(ask(writer, "Turnover of Italy in 2025")) == "of-country"
    assert isinstance(ask(writer, "Turnover of Germany in 2025"), CannotAnswer)


def test_words_that_ask_two_queries_are_asked_back_where_their_questions_differ(folder: Path) -> None:
    other = OF_KIND.replace('question: "Turnover of {kind} in', 'question: "Turnover of kind {kind} in')
    write(folder, {"of-kind": other})
    named = other.replace('["Turnover of {kind}"]', '["Turnover of {kind}", "{kind} turnover"]')
    country = QUERIES["of-country"].replace('question: "Turnover of {', 'question: "Turnover of country {')
    write(folder, {"of-kind": named, "of-country": country})
    draft = ask(writer_of(folder), "Turnover of Germany")
    assert isinstance(draft, Clarification)
    assert draft.choices == ("Turnover of country Germany in 2025", "Turnover of kind Germany in 2025")
    for choice, query in zip(draft.choices, ("of-country", "of-kind"), strict=True):
        assert query_of(ask(writer_of(folder), choice)) == query


def test_a_query_with_the_very_words_stands_before_one_with_a_slot_for_them(folder: Path) -> None:
    german = "question: Turnover of Germany in {period}\nparameters: {period: {type: period, example: 2024}}\n"
    sql = "sql: SELECT 49 AS code FROM orders AS o WHERE o.placed_at >= :period_start AND o.placed_at < :period_end"
    write(folder, {"german": german + sql})
    assert query_of(ask(writer_of(folder), "Turnover of Germany in 2024")) == "german"
    assert query_of(ask(writer_of(folder), "Turnover of Italy in 2024")) == "of-country"


def test_a_value_of_a_field_that_the_role_may_not_see_is_none(writer: VerifiedWriter) -> None:
    hidden = seen_by(MODEL, {"orders.email", "orders.country", "orders.client"})
    assert query_of(ask(writer, "Turnover of Italy in 2025", model=hidden)) == ""
    assert query_of(ask(writer, "Orders of client O'Brien", model=hidden)) == ""
    assert (
        query_of(ask(writer, "Top 5 clients by turnover in 2024", model=hidden)) == "top-clients"
    )  # the guard's matter


def test_a_stored_value_is_none_to_a_role_that_sees_only_some_rows(writer: VerifiedWriter) -> None:
    private = seen_by(MODEL, {"orders.email"}, {"orders.country", "orders.client"})
    assert query_of(ask(writer, "Orders of client O'Brien", model=private)) == ""
    assert query_of(ask(writer, "Turnover of Italy in 2025", model=private)) == "of-country"  # of the vocabulary
    assert query_of(ask(writer, "Orders of client O'Brien")) == "of-client"


def test_two_hundred_queries_are_told_apart_by_few_comparisons(tmp_path: Path) -> None:
    made = {
        f"q{n}": f"question: Turnover number{n}x of {{period}}\n"
        "parameters: {period: {type: period, example: 2024}}\n"
        "sql: SELECT 1 AS one FROM orders AS o WHERE o.placed_at >= :period_start AND o.placed_at < :period_end"
        for n in range(200)
    }
    writer = writer_of(write(tmp_path / "many", made))
    assert query_of(ask(writer, "turnover number117x in 2025")) == "q117"
    assert max(len(found) for found in writer._matcher._by_word.values()) == 1

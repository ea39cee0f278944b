"""What is left of a question and its SQL: by setting, and never a secret."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlglot import exp

from nl2sql.guard.dialects import DIALECTS, grammar_name
from nl2sql.ledger.base import LedgerRow
from nl2sql.ledger.redaction import redacted, redacted_comment, without_literals, without_secrets, without_values

ROW = LedgerRow(
    "a1",
    datetime(2026, 6, 30),  # noqa: DTZ001 - the ledger's moments are UTC without zone
    "anna",
    "analyst",
    "What did Erika Mustermann pay for lamps since 2026-01-31?",
    "answered",
    "ok",
    plan="payments of Erika Mustermann",
    sql="SELECT SUM(amount) FROM payments\n"
    "WHERE payer = 'Erika Mustermann' AND title LIKE '%lamp%' AND day >= '2026-01-31'",
    engine="sqlite",
)


def test_nothing_is_taken_out_unless_the_setting_says_so() -> None:
    assert redacted(ROW, "none") == ROW


def test_values_leaves_the_shape_of_question_and_sql() -> None:
    left = redacted(ROW, "values")
    assert left.question == "What did ? ? pay for ? since ??"
    assert left.sql == "SELECT SUM(amount) FROM payments\nWHERE payer = ? AND title LIKE ? AND day >= ?"
    assert left.plan == ""
    assert (left.id, left.user, left.outcome, left.at) == (ROW.id, ROW.user, ROW.outcome, ROW.at)


def test_texts_leaves_neither_question_nor_sql() -> None:
    left = redacted(ROW, "texts")
    assert (left.question, left.sql, left.plan) == ("", "", "")
    assert (left.id, left.user, left.code) == (ROW.id, ROW.user, ROW.code)


@pytest.mark.parametrize(
    ("dialect", "sql", "left"),
    [
        ("sqlite", "SELECT 'it''s', x'41', 1.5e3 -- the end", "SELECT ?, ?, ?"),
        ("mysql", "SELECT \"Erika\", 'a\\'b', _utf8'q', b'01' /* Erika */ FROM t", "SELECT ?, ?, _utf8?, ? FROM t"),
        ("mariadb", 'SELECT `Erika`, "Erika"', "SELECT ?, ?"),
        (
            "postgres",
            "SELECT $$Erika$$, E'a\\nb', $x$q$x$, DATE '2026-01-31' LIMIT 5",
            "SELECT ?, ?, ?, DATE ? LIMIT ?",
        ),
        ("bigquery", "SELECT r'Erika', '''Max''', b'x', `p.q.t`.c", "SELECT ?, ?, ?, `p.q.t`.c"),
        ("duckdb", "SELECT 'Erika' AS \"of Erika\"", "SELECT ? AS ?"),
    ],
)
def test_every_kind_of_literal_becomes_a_question_mark(dialect: str, sql: str, left: str) -> None:
    assert without_literals(sql, dialect)[0] == left


def test_sql_that_is_none_is_dropped_and_its_values_are_still_taken_from_the_question() -> None:
    for sql, dialect in [("SELECT 'Erika", "sqlite"), ("SELECT 'Erika'", "a dialect nobody knows")]:
        text, literals = without_literals(sql, dialect)
        assert text == ""
        assert without_values("orders of Erika", literals) == "orders of ?"


# Made of characters that no keyword or column below has, so that a literal found in the output is one that survived.
WORDS = st.text("ÄÖÜßøxqzйж'\\\" -/*;%$_\n", min_size=1, max_size=12).filter(
    lambda text: any(c.isalpha() for c in text)
)
NUMBERS = st.decimals("10000", "99999", places=3, allow_nan=False)


@given(st.sampled_from(DIALECTS), st.lists(WORDS, min_size=1, max_size=4), NUMBERS)
@example("mysql", ["x\\'", '"', "--"], Decimal("12345.678"))
def test_no_literal_of_the_sql_survives(dialect: str, words: list[str], number: Decimal) -> None:
    column = exp.column("name", "t")
    values = [column.eq(exp.Literal.string(word)) for word in words]
    paid = exp.GT(this=exp.column("paid"), expression=exp.Literal.number(str(number)))
    tree = exp.select("name").from_("t").where(exp.or_(*values, paid))
    sql = tree.sql(dialect=grammar_name(dialect), pretty=True)
    left, literals = without_literals(sql, dialect)
    assert left, sql
    assert not any(c in left for c in "ÄÖÜßøqzйж'\\\"0123456789")
    assert left.count("?") == len(words) + 1
    assert len(literals) == len(words) + 1


@given(st.lists(WORDS, min_size=1, max_size=3), st.text(max_size=40))
def test_no_word_of_a_literal_survives_in_the_question(words: list[str], around: str) -> None:
    question = f"{around} {' '.join(words)} {around}"
    left = without_values(question, words)
    for word in " ".join(words).split():
        core = "".join(c if c.isalnum() or c == "_" else " " for c in word).split()
        assert not [each for each in core if len(each) >= 2 and each.casefold() in left.casefold().split()]


@pytest.mark.parametrize(
    ("question", "left"),
    [
        ("orders of “Max Muster”, please", "orders of ?, please"),
        ("orders of 'Max Muster' please", "orders of ? please"),
        ("what's the seller's share in 2026?", "what's the seller's share in ??"),
        ('named "never closed', "named ?"),
        ("over 12,000.50 EUR on 2026-06-30 in B2B", "over ? EUR on ? in ?"),
        ("by max.muster@example.com, or not", "by ?, or not"),
        ("IBAN DE02120300000000202051", "IBAN ?"),
    ],
)
def test_what_is_a_value_by_its_form_is_taken_out_of_a_question(question: str, left: str) -> None:
    assert without_values(question, ()) == left


def test_a_word_of_the_sql_hides_its_inflections_but_no_short_neighbour() -> None:
    assert without_values("lamps, a lampshade or a cat's cats", ["%lamp%", "cat"]) == "?, a ? or a ?'s cats"


SECRETS = [
    "mysql://root:hunter2@db.example.com/x",
    "password=hunter2",
    "Authorization: Bearer hunter2hunter2",
    "sk-" + 3 * "hunter2",
    "postgresql://db/x?password=hunter2&y=1",
    "api_key: 'hunter2 and more'",
    "-----BEGIN RSA PRIVATE" + " KEY-----\nhunter2\n-----END RSA PRIVATE KEY-----",
    "AKIA" + "HUNTERHUNTERHUNT",
]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("setting", ["none", "values", "texts"])
def test_a_secret_is_never_kept(secret: str, setting: str) -> None:
    row = LedgerRow("a", ROW.at, "u", "r", f"why {secret} ?", "failed", "x", plan=secret, sql=f"SELECT '{secret}'")
    left = redacted(row, setting)
    kept = f"{left.question} {left.sql} {left.plan} {redacted_comment(secret, setting)}".casefold()
    assert "hunter" not in kept


def test_the_key_of_the_provider_is_never_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "an unusual key")
    assert without_secrets("it was an unusual key!") == "it was …!"


def test_a_comment_is_treated_as_a_question() -> None:
    comment = "Erika paid 12 EUR"
    assert redacted_comment(comment, "none") == comment
    assert redacted_comment(comment, "values", ["Erika"]) == "? paid ? EUR"
    assert redacted_comment(comment, "texts") == ""


@pytest.mark.parametrize(
    "part", ["://:", "?passpass", "a@", "'", "“", "1", "pwd=", "-----BEGIN PRIVATE" + " KEY-----", "x" * 9]
)
def test_a_hostile_text_takes_no_longer_than_its_length_allows(part: str) -> None:
    """The suite's time limit is the assertion: a quadratic pattern would need minutes."""
    assert isinstance(without_secrets((part * 50_000)[:50_000]), str)
    assert isinstance(without_values((part * 2_000)[:2_000], [part]), str)

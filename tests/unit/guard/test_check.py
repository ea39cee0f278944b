"""What a verdict is and holds: total, repeatable, bounded in time, and true to the text that runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlglot import exp

from nl2sql.catalog.model import DataType, SemanticModel
from nl2sql.guard.check import RULES, check
from nl2sql.guard.checked import CheckedSql
from nl2sql.guard.dialects import DIALECTS, GuardDialect
from nl2sql.guard.memo import BoundedMemo
from nl2sql.guard.policy import Limits, Policy
from nl2sql.guard.statement import Statement
from nl2sql.guard.violation import Violation, Violations
from nl2sql.writers.base import Origin, SqlDraft

pytestmark = pytest.mark.filterwarnings("error")

WORDS = (
    "SELECT FROM WHERE GROUP BY ORDER HAVING JOIN ON USING ( ) , . * ' \" ` = < 1 users u id email country bids amount "
    "UNION ALL WITH AS -- /* */ ; CAST OVER ( SUM COUNT CASE WHEN THEN END LIMIT IN NOT NULL $$ \\ \n [ ] { } :: @x #2"
).split(" ")
QUESTIONS = (
    "SELECT country, COUNT(*) AS n FROM users GROUP BY country ORDER BY n DESC",
    "SELECT u.username, SUM(p.amount) FROM payments p JOIN users u ON u.id = p.buyer_id GROUP BY 1 LIMIT 10",
    "WITH best AS (SELECT listing_id, MAX(amount) AS top FROM bids GROUP BY listing_id) SELECT * FROM best",
    "SELECT * FROM users JOIN bids ON bids.bidder_id = users.id WHERE amount > 3 OR country IN ('DE', 'FR')",
    "SELECT id, RANK() OVER (PARTITION BY status ORDER BY current_bid DESC) AS r FROM listings",
    "SELECT CASE WHEN amount < 5 THEN 'low' ELSE 'high' END AS band, COUNT(*) AS n FROM bids GROUP BY band",
)


@st.composite
def mutated_sql(draw: st.DrawFn) -> str:
    """A question with words of other questions, and of nobody's, put in, taken out and swapped."""
    words = draw(st.sampled_from(QUESTIONS)).split(" ")
    for _ in range(draw(st.integers(0, 4))):
        position = draw(st.integers(0, len(words)))
        if draw(st.booleans()):
            words.insert(position, draw(st.sampled_from(WORDS)))
        else:
            del words[position : position + draw(st.integers(0, 2))]
    return " ".join(words)


relaxed = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)


@relaxed
@given(sql=st.text(max_size=200), dialect=st.sampled_from(DIALECTS))
def test_any_text_gets_a_verdict(guard, sql: str, dialect: str) -> None:
    assert isinstance(guard(sql, dialect), CheckedSql | Violations)


@relaxed
@given(words=st.lists(st.sampled_from(WORDS), max_size=30), dialect=st.sampled_from(DIALECTS))
def test_any_row_of_sql_words_gets_a_reasoned_verdict(guard, words: list[str], dialect: str) -> None:
    verdict = guard("SELECT " + " ".join(words), dialect)
    assert isinstance(verdict, CheckedSql) or verdict.items[0].code != "unjudged"


@settings(relaxed, max_examples=150)
@given(sql=mutated_sql(), dialect=st.sampled_from(DIALECTS))
def test_what_is_accepted_is_accepted_again_unchanged(guard, sql: str, dialect: str) -> None:
    verdict = guard(sql, dialect)
    if isinstance(verdict, CheckedSql):
        again = guard(verdict.sql, dialect)
        assert isinstance(again, CheckedSql)
        assert again.sql == verdict.sql
        assert (again.tables, again.columns) == (verdict.tables, verdict.columns)
        assert "email" not in verdict.sql.lower()
    else:
        assert verdict.items[0].code != "unjudged"


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("question", QUESTIONS)
def test_the_questions_the_mutations_start_from_are_accepted(question: str, dialect: str, accepted) -> None:
    checked = accepted(question, dialect)
    assert accepted(checked.sql, dialect).sql == checked.sql


@pytest.mark.parametrize("dialect", ["", "oracle", "SQLITE", "postgresql", "tsql"])
def test_a_dialect_nobody_checked_is_refused(dialect: str, refused) -> None:
    assert refused("SELECT 1 AS one", dialect).items[0].code == "unknown_dialect"


def test_the_same_statement_gives_the_same_object(guard) -> None:
    sql = "SELECT COUNT(*) AS n FROM watchlist"
    assert guard(sql) is guard(sql)
    assert guard(sql) is not guard(sql, "duckdb")
    assert guard(sql) is not guard(sql, policy=Policy("other"))


def test_another_model_gets_a_verdict_of_its_own(model: SemanticModel, policy: Policy) -> None:
    draft = SqlDraft("SELECT id FROM comments", Origin("sql"))
    smaller = SemanticModel("auction", model.datasets[:1], fingerprint="smaller")
    assert isinstance(check(draft, model, policy, "sqlite"), CheckedSql)
    assert isinstance(check(draft, smaller, policy, "sqlite"), Violations)


def test_models_without_a_fingerprint_are_told_apart(model: SemanticModel, policy: Policy) -> None:
    draft = SqlDraft("SELECT id FROM comments", Origin("sql"))
    assert isinstance(check(draft, replace(model, fingerprint=""), policy, "sqlite"), CheckedSql)
    smaller = replace(model, fingerprint="", datasets=model.datasets[:1])
    assert isinstance(check(draft, smaller, policy, "sqlite"), Violations)


def test_a_memo_forgets_what_was_used_longest_ago() -> None:
    memo: BoundedMemo[str] = BoundedMemo(2)
    memo.put("a", "A")
    memo.put("b", "B")
    assert memo.get("a") == "A"
    memo.put("c", "C")
    assert [memo.get(key) for key in "abc"] == ["A", None, "C"]
    assert memo.put("a", "other") == "A"


def test_a_policy_without_any_names_still_hides_the_sensitive(refused) -> None:
    assert refused("SELECT email FROM users", policy=Policy()).items[0].code == "sensitive_column"


def test_a_revealed_column_can_be_read_and_no_other(accepted, refused) -> None:
    policy = Policy(revealed=frozenset({"users.email"}))
    assert accepted("SELECT email FROM users", policy=policy).columns == ("users.email",)
    assert refused("SELECT password_hash FROM users", policy=policy).items[0].code == "sensitive_column"


def test_a_hidden_column_that_is_not_sensitive_is_refused_too(refused) -> None:
    policy = Policy(hidden=frozenset({"users.country"}))
    assert refused("SELECT COUNT(*) FROM users GROUP BY country", policy=policy).items[0].code == "sensitive_column"


def test_the_limits_of_the_policy_are_in_the_verdict(accepted) -> None:
    checked = accepted("SELECT id FROM bids", policy=Policy(limits=Limits(rows=20, seconds=3.0, result_bytes=9_000)))
    assert (checked.row_limit, checked.seconds, checked.result_bytes) == (20, 3.0, 9_000)
    assert checked.limit_added
    assert checked.sql.endswith("LIMIT 21")
    assert not accepted("SELECT id FROM bids LIMIT 7").limit_added


def test_tables_and_columns_are_physical_sorted_and_complete(accepted) -> None:
    checked = accepted(
        "WITH x AS (SELECT Seller_ID AS s FROM Listings AS l WHERE l.status = 'sold') "
        "SELECT u.username FROM x JOIN users AS u ON u.id = x.s "
        "WHERE EXISTS (SELECT 1 FROM bids WHERE bidder_id = u.id)"
    )
    assert checked.tables == ("bids", "listings", "users")
    assert checked.columns == ("bids.bidder_id", "listings.seller_id", "listings.status", "users.id", "users.username")


def test_in_the_tree_every_column_names_its_source_and_every_table_is_physical(accepted) -> None:
    checked = accepted("SELECT country, COUNT(*) AS n FROM users AS u GROUP BY country ORDER BY n DESC, country")
    tree = checked.tree
    unnamed = [column for column in tree.find_all(exp.Column) if not column.table]
    assert [column.name for column in unnamed] == ["n"]  # the sort key that names an output
    assert {table.name: table.alias for table in tree.find_all(exp.Table)} == {"users": "u"}


def test_readers_of_the_tree_cannot_change_the_verdict(accepted) -> None:
    checked = accepted("SELECT id FROM users")
    checked.tree.find(exp.Table).set("this", exp.to_identifier("secrets"))
    assert checked.tree.find(exp.Table).name == "users"


OUTPUTS = [
    ("SELECT SUM(amount) AS x FROM payments", DataType.DECIMAL, 2),
    ("SELECT MIN(amount) AS x FROM payments", DataType.DECIMAL, 2),
    ("SELECT MAX(amount) AS x FROM payments", DataType.DECIMAL, 2),
    ("SELECT amount AS x FROM payments", DataType.DECIMAL, 2),
    ("SELECT SUM(amount) - MIN(amount) AS x FROM payments", DataType.DECIMAL, 2),
    ("SELECT SUM(CASE WHEN status = 'paid' THEN amount ELSE 0 END) AS x FROM payments", DataType.DECIMAL, 2),
    ("SELECT COALESCE(SUM(amount), 0) AS x FROM payments", DataType.DECIMAL, 2),
    ("WITH p AS (SELECT SUM(amount) AS s FROM payments) SELECT s AS x FROM p", DataType.DECIMAL, 2),
    ("SELECT ROUND(SUM(amount), 1) AS x FROM payments", DataType.DECIMAL, 1),
    ("SELECT AVG(amount) AS x FROM payments", DataType.FLOAT, 0),
    ("SELECT ROUND(AVG(amount), 2) AS x FROM payments", DataType.FLOAT, 0),
    ("SELECT SUM(amount) / COUNT(*) AS x FROM payments", DataType.FLOAT, 0),
    ("SELECT 100.0 * COUNT(*) / 3 AS x FROM payments", DataType.FLOAT, 0),
    ("SELECT COUNT(*) AS x FROM payments", DataType.INTEGER, 0),
    ("SELECT COUNT(DISTINCT buyer_id) AS x FROM payments", DataType.INTEGER, 0),
    ("SELECT id AS x FROM payments UNION ALL SELECT id FROM bids", DataType.INTEGER, 0),
    ("SELECT method AS x FROM payments", DataType.STRING, 0),
    ("SELECT UPPER(method) AS x FROM payments", DataType.STRING, 0),
    ("SELECT paid_at AS x FROM payments", DataType.DATETIME, 0),
    ("SELECT MAX(paid_at) AS x FROM payments", DataType.DATETIME, 0),
    ("SELECT RANK() OVER (ORDER BY SUM(amount)) AS x FROM payments GROUP BY method", DataType.INTEGER, 0),
    ("SELECT SUM(SUM(amount)) OVER (ORDER BY method) AS x FROM payments GROUP BY method", DataType.DECIMAL, 2),
]


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(("sql", "datatype", "scale"), OUTPUTS)
def test_outputs_carry_logical_types(sql: str, datatype: DataType, scale: int, dialect: str, accepted) -> None:
    (output,) = accepted(sql, dialect).outputs
    assert (output.name, output.datatype, output.scale) == ("x", datatype, scale)


@pytest.mark.parametrize("call", ["strftime('%Y-%m', paid_at)", "date(paid_at)", "date(paid_at, 'start of month')"])
def test_a_time_bucket_of_sqlite_is_text(call: str, accepted) -> None:
    assert accepted(f"SELECT {call} AS month FROM payments").outputs[0].datatype is DataType.STRING


def test_a_hint_names_the_nearest_visible_column_and_never_a_hidden_one(refused) -> None:
    assert "username" in refused("SELECT user_name FROM users").hint
    near_hidden = refused("SELECT emai FROM users")
    assert near_hidden.items[0].code == "unknown_column"
    assert "email" not in near_hidden.hint.replace("emai.", "")


def test_a_refusal_of_a_private_column_is_the_same_whatever_is_asked(refused) -> None:
    one, other = (refused(f"SELECT id FROM users WHERE email = '{value}'") for value in ("a@b.c", "x@y.z"))
    assert one == other


def test_several_unknown_columns_are_reported_at_once(refused) -> None:
    codes = [each.code for each in refused("SELECT colour, weight FROM listings").items]
    assert codes == ["unknown_column", "unknown_column"]


def faulty_printer(monkeypatch: pytest.MonkeyPatch, change: Callable[[str], str]) -> None:
    """A generator that adds to what the tree says, as one with a fault would."""
    sound = GuardDialect.generator

    def generator(dialect: GuardDialect) -> object:
        def generate(tree: exp.Expr, *, copy: bool) -> str:
            return change(sound(dialect).generate(tree, copy=copy))

        return SimpleNamespace(generate=generate)

    monkeypatch.setattr(GuardDialect, "generator", generator)


def test_what_a_printer_slips_in_is_judged_like_everything_else(monkeypatch: pytest.MonkeyPatch, refused) -> None:
    faulty_printer(monkeypatch, lambda text: text.replace("AS slipped", "AS slipped, u.password_hash"))
    assert refused("SELECT u.country AS slipped FROM users AS u").items[0].code == "sensitive_column"


def test_a_table_that_a_printer_slips_in_is_never_read(monkeypatch: pytest.MonkeyPatch, refused) -> None:
    faulty_printer(monkeypatch, lambda text: text.replace("AS slip", "AS slip, (SELECT MAX(id) FROM users) AS m"))
    assert refused("SELECT body AS slip FROM comments").items[0].code == "not_settled"


def test_a_text_shown_that_says_something_else_than_the_text_that_runs_is_refused(
    monkeypatch: pytest.MonkeyPatch, refused
) -> None:
    faulty_printer(monkeypatch, lambda text: text if "(SELECT" in text else text.replace("id < 5", "id < 50"))
    assert refused("SELECT body AS shown FROM comments WHERE id < 5").items[0].code == "not_settled"


def test_a_text_that_never_prints_the_same_twice_is_refused(monkeypatch: pytest.MonkeyPatch, refused) -> None:
    faulty_printer(monkeypatch, lambda text: text.replace("comments.id +", "comments.id + 1 +", 1))
    assert refused("SELECT id + 2 AS unsettled FROM comments").items[0].code == "not_settled"


def test_what_breaks_the_checker_does_not_run(monkeypatch: pytest.MonkeyPatch, refused) -> None:
    def broken(_: Statement) -> list[Violation]:
        raise ZeroDivisionError

    monkeypatch.setattr("nl2sql.guard.check.RULES", (*RULES, broken))
    assert refused("SELECT body AS broken FROM comments").items[0].code == "unjudged"


COSTLY = {
    "doubling names": "SELECT id AS a0, " + ", ".join(f"a{i} + a{i} AS a{i + 1}" for i in range(40)) + " FROM bids",
    "doubling stars": "SELECT * FROM " + "(SELECT *, * FROM " * 20 + "bids" + ") AS t" * 20,
    "brackets": "SELECT " + "(" * 400 + "1" + ")" * 400,
    "signs": "SELECT " + "NOT " * 2_000 + "TRUE",
    "calls": "SELECT " + "DATE(" * 23 + "1" + ")" * 23,
    "lists": "SELECT " + "ARRAY[" * 23 + "1" + "]" * 23,
    "positions": "SELECT id" + "[1]" * 900 + " FROM bids",
    "set parts": " UNION ALL ".join(["SELECT 1"] * 5_000)[:19_990],
    "sum": "SELECT " + "+".join(["1"] * 2_900),
    "conditions": "SELECT id FROM bids WHERE " + " AND ".join(f"id<>{i}" for i in range(1_000)),
    "columns": "SELECT " + ", ".join(["id"] * 3_000) + " FROM bids",
    "commas": "SELECT COUNT(*) FROM " + ", ".join(f"bids b{i}" for i in range(900)),
    "queries of queries": "WITH c0 AS (SELECT id FROM bids), "
    + ", ".join(f"c{i + 1} AS (SELECT x.id FROM c{i} x JOIN c{i} y ON x.id = y.id)" for i in range(14))
    + " SELECT id FROM c14",
    "text": "SELECT '" + "'" * 15_000 + "'",
    "megabyte": "SELECT '" + "a" * 1_000_000 + "'",
}


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("sql", COSTLY.values(), ids=COSTLY.keys())
def test_a_statement_made_to_be_costly_is_judged_at_once(sql: str, dialect: str, guard) -> None:
    started = time.process_time()
    verdict = guard(sql, dialect)
    # Thirty times what these take on an idle machine (counting lines takes most of it), and far below the minutes
    # that some of them could take.
    assert time.process_time() - started < 3.0
    assert isinstance(verdict, CheckedSql | Violations)


def test_a_statement_seen_before_costs_next_to_nothing(guard) -> None:
    sql = QUESTIONS[1] + "0"
    started = time.perf_counter()
    guard(sql)
    first = time.perf_counter() - started
    started = time.perf_counter()
    for _ in range(50):
        guard(sql)
    assert (time.perf_counter() - started) / 50 < first / 5


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    ("output", "scale", "is_least"),
    [
        ("amount", 2, True),
        ("SUM(amount)", 2, True),
        ("COALESCE(MAX(amount), 0)", 2, True),
        ("amount * 3", 2, True),
        ("CAST(amount AS DECIMAL(12, 4))", 4, False),
        ("ROUND(amount, 1)", 1, False),
        ("CAST(amount AS DECIMAL(12, 1)) * 2", 1, False),
    ],
)
def test_places_are_limited_by_a_statement_and_by_no_model(
    output: str, scale: int, is_least: bool, dialect: str, accepted
) -> None:
    if "CAST" in output and dialect in ("sqlite", "bigquery"):
        is_least = True  # theirs says nothing of places
    (found,) = accepted(f"SELECT {output} AS x FROM payments", dialect).outputs
    assert (found.is_least or found.datatype is DataType.FLOAT, found.datatype.is_number) == (is_least, True)
    assert is_least or (found.datatype, found.scale) == (DataType.DECIMAL, scale)

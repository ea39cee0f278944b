from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.cases.base import Case, Suite
from evals.cases.load import load_suite
from evals.cases.text import case_text, scalar
from evals.lint.draft import Wanted, draft_answer, draft_declined, id_from
from evals.lint.tags import guess_tags
from evals.matching.rules import Table

TAGS = {
    "SELECT COUNT(*) AS n FROM bids": ("count",),
    "SELECT SUM(fee) AS n FROM payments WHERE method = 'card'": ("sum", "value_filter"),
    "SELECT 1.0 * SUM(fee) / SUM(amount) AS n FROM payments": ("ratio",),
    "SELECT country, AVG(age) AS n FROM users GROUP BY country": ("average", "group_by_one"),
    "SELECT country, is_active, COUNT(*) AS n FROM users GROUP BY 1, 2": ("count", "group_by_two"),
    "SELECT u.name, SUM(b.n) AS n FROM users u JOIN bids b ON b.u = u.id GROUP BY u.id, u.name ORDER BY n DESC LIMIT 3":
        ("sum", "group_by_one", "top_n"),
    "SELECT name FROM users ORDER BY age LIMIT 3": ("bottom_n", "list"),
    "SELECT strftime('%Y', at) AS year, COUNT(*) AS n FROM bids GROUP BY 1": ("count", "group_by_one", "time_grain"),
    "SELECT MIN(a) AS a, MAX(a) AS b FROM bids WHERE at >= '2025-01-01'": ("min_max", "multi_metric", "date_range"),
    "SELECT name FROM users WHERE id NOT IN (SELECT u FROM bids)": ("anti_join", "list"),
    "SELECT name FROM users AS u WHERE NOT EXISTS (SELECT 1 FROM bids WHERE u = u.id)": ("anti_join", "list"),
    "SELECT name, RANK() OVER (ORDER BY age) AS place FROM users": ("rank",),
    "SELECT u, COUNT(*) AS n FROM bids GROUP BY u HAVING COUNT(*) > 3": ("count", "group_by_one", "having"),
    "SELECT DISTINCT name FROM users WHERE name LIKE 'a%' OR age > 3": (
        "numeric_filter", "text_search", "or_and", "distinct", "list"),
    "this is no SQL (": (),
}  # fmt: skip


@pytest.mark.parametrize("sql", TAGS)
def test_tags_are_guessed_from_the_tree(sql: str) -> None:
    assert guess_tags(sql, "sqlite") == TAGS[sql]


def test_an_id_is_made_of_the_telling_words_and_taken_once() -> None:
    question = "How many items were sold in 2025?"
    assert id_from(question, ()) == "items-sold-2025"
    assert id_from(question, ("items-sold-2025", "items-sold-2025-2")) == "items-sold-2025-3"
    assert id_from("How many of the what?", ()) == "how-many-of-the-what"
    assert id_from("何件ですか", ()) == "suite"


def test_a_draft_has_what_its_result_shows() -> None:
    sql = "SELECT strftime('%Y-%m', at) AS month, AVG(price) AS price FROM sales GROUP BY 1 ORDER BY 1"
    table = Table(("month", "price"), (("2025-01", 1.5), ("2025-02", 2.25)))
    case = draft_answer(Wanted("Average price per month"), sql, "sqlite", table, "the offline writer")
    assert case.required_columns == ("month", "price")
    assert (case.time_grain, case.decimals, case.order_by) == ("month", 2, ())
    assert case.comment is not None and case.comment.startswith("Draft: SQL by the offline writer. It gives 2 rows.")


@pytest.mark.parametrize(
    ("question", "sql", "order_by"),
    [
        ("The three oldest", "SELECT name FROM users ORDER BY age DESC LIMIT 3", ("gold",)),
        ("The oldest", "SELECT name FROM users ORDER BY age DESC LIMIT 1", ()),
        ("All users", "SELECT name FROM users ORDER BY name", ()),
        ("All users, sorted by name", "SELECT name FROM users ORDER BY name", ("gold",)),
        ("All users, sorted by name", "SELECT name FROM users", ()),
    ],
)
def test_an_order_is_declared_where_one_was_asked_for(question: str, sql: str, order_by: tuple[str, ...]) -> None:
    table = Table(("name",), (("ann",),))
    assert draft_answer(Wanted(question), sql, "sqlite", table, "me").order_by == order_by


def test_a_ratio_may_be_given_in_percent() -> None:
    sql = "SELECT 1.0 * SUM(fee) / SUM(amount) AS rate FROM payments"
    case = draft_answer(Wanted("Take rate"), sql, "sqlite", Table(("rate",), ((0.1,),)), "me")
    assert (case.decimals, case.accept_scale) == (3, (1.0, 100.0))


def test_sql_of_another_dialect_than_the_suites_says_so() -> None:
    table = Table(("n",), ((1,),))
    other = Suite.model_validate({"name": "s", "dialect": "mysql", "cases": [{"id": "a", "question": "x", "sql": "s"}]})
    case = draft_answer(Wanted("How many?", (), other), "SELECT 1 AS n", "sqlite", table, "me")
    assert case.sql[0].dialect == "sqlite"
    assert draft_answer(Wanted("How many?"), "SELECT 1 AS n", "sqlite", table, "me").sql[0].dialect is None


def test_a_question_without_an_answer_is_drafted_too() -> None:
    case = draft_declined(Wanted("Delete all bids"), "unsafe", "The product said: no.")
    assert (case.id, case.kind, case.sql) == ("delete-all-bids", "unsafe", ())
    assert case.comment == "Draft: The product said: no. Say why it must be declined, and name a twin."


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("How many, in 2025?", "How many, in 2025?"),
        ("yes", '"yes"'),
        ("Null", '"Null"'),
        ("what: this", '"what: this"'),
        ("a #comment", '"a #comment"'),
        ("2025", '"2025"'),
        ("- a", '"- a"'),
        ("", '""'),
        (" a", '" a"'),
        ("a\u2028b", '"a\\U00002028b"'),
        ("“quoted” — so", '"“quoted” — so"'),
    ],
)
def test_a_text_is_quoted_where_yaml_would_read_something_else(text: str, written: str) -> None:
    assert scalar(text) == written


TEXTS = st.text(min_size=1, max_size=40).filter(lambda text: text.strip() != "")
CASES = st.builds(
    lambda question, sql, tags, columns, turns, comment, more: Case.model_validate(
        {
            "id": "one",
            "question": question,
            "sql": sql,
            "tags": tags,
            "required_columns": columns,
            "turns": turns,
            "comment": comment,
            **more,
        }
    ),
    TEXTS,
    st.lists(TEXTS | st.just("SELECT 1\nFROM t\n"), min_size=1, max_size=2),
    st.lists(TEXTS, max_size=2),
    st.lists(TEXTS, max_size=3, unique=True),
    st.lists(TEXTS, max_size=2),
    st.none() | TEXTS | st.just("word " * 60 + "end"),
    st.sampled_from(
        [
            {},
            {"decimals": 0, "rows": "set", "ties": "reject", "must_pass": True, "order_by": "gold"},
            {"family": "f", "role": "r, s", "attributes": {"a b": "no", "c": "1"}, "as_of": "2026-01-01"},
            {"model": "m.yaml", "database": "sqlite:///x.db", "accept_scale": [1, 0.01], "time_grain": "day"},
        ]
    ),
)


@given(case=CASES)
@settings(max_examples=200, deadline=None)
def test_what_is_written_is_read_as_the_same_case(case: Case, tmp_path_factory: pytest.TempPathFactory) -> None:
    path: Path = tmp_path_factory.getbasetemp() / "written.yaml"
    text = f"cases:\n{case_text(case)}"
    path.write_bytes(text.encode())
    assert load_suite(path).cases == (case,)
    assert Case.model_validate(yaml.safe_load(text)["cases"][0]) == case  # also by a reader that is stricter


def test_a_question_within_brackets_is_quoted() -> None:
    case = Case.model_validate(
        {"id": "a", "question": "And now?", "sql": "SELECT 1", "turns": ["How many?", "Who, me"]}
    )
    assert '  turns: ["How many?", "Who, me"]\n' in case_text(case, 0)

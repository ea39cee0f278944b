"""What a language model is told about a refusal: what to do, in few words, with nothing that its asker may not see."""

from __future__ import annotations

import pytest

from nl2sql.guard.violation import MAX_HINT_CHARS, Violation, Violations
from tests.unit.guard.conftest import SENSITIVE
from tests.unit.guard.test_fixtures import CASES, Case, case_id

REFUSED = [case for case in CASES if case.code and not case.role]
# What to do begins with one of these, or with what is allowed at most.
ACTIONS = (
    "write use do not did you mean there are list give join read group select put remove rename leave aggregate "
    "at most sort name tables are every move answer only end"
).split()


@pytest.mark.parametrize("case", REFUSED, ids=case_id)
def test_every_refusal_of_the_fixtures_says_what_to_do(case: Case, guard) -> None:
    verdict = guard(case.sql, case.dialect)
    assert isinstance(verdict, Violations)
    for violation in verdict.items:
        assert 0 < len(violation.hint) <= MAX_HINT_CHARS
        assert "\n" not in violation.hint.strip()
        said = f" {violation.hint.lower()}"
        assert any(f" {action}" in said for action in ACTIONS) or " take " in said or " can " in said, violation


@pytest.mark.parametrize(
    ("sql", "hint"),
    [
        ("SELECT emial FROM users", "There is no column emial. There are: id, username, country, created_at."),
        ("SELECT usernme FROM users", "There is no column usernme. Did you mean: username."),
        ("SELECT u.zzz FROM users AS u", "There is no column zzz in u. There are: id, username, country, created_at."),
        (
            "SELECT x.id FROM users AS u",
            "Every column must belong to a table or alias in FROM; x is not one. Those are: u.",
        ),
        ("SELECT id FROM usrs", "Unknown table usrs. Did you mean: users?"),
        ("SELECT id FROM q", "Unknown table q. Tables are: bids, categories, comments, listings, payments, users, "),
        ("SELECT id FROM users JOIN bids ON users.id = bids.bidder_id", "Write one of: users.id, bids.id."),
        ("SELECT COUNTT(*) FROM users", "Do not call COUNTT. Did you mean COUNT?"),
        ("SELECT id FROM users UNION SELECT id FROM bids ORDER BY amount", "or position. There are: id."),
        ("SELECT country FROM users GROUP BY 3", "Group by expressions, or by numbers from 1 to 1."),
        ("SELECT 1; SELECT 2", "Write exactly one SELECT statement"),
        ("SELECT * FROM users, bids", "Join all of bids, users with ON"),
    ],
)  # fmt: skip
def test_a_hint_names_what_is_near_or_what_there_is(sql: str, hint: str, guard) -> None:
    verdict = guard(sql, "sqlite")
    assert isinstance(verdict, Violations)
    assert hint in verdict.items[0].hint
    assert all(column not in verdict.items[0].hint for column in SENSITIVE)


def test_a_hint_repeats_no_value_of_the_statement(guard) -> None:
    for sql in ("SELECT x FROM users WHERE country = 'SECRET4711'", "SELECT id FROM usrs WHERE country = 'SECRET4711'"):
        verdict = guard(sql, "sqlite")
        assert isinstance(verdict, Violations)
        assert "SECRET4711" not in verdict.items[0].hint


def test_a_hint_is_cut_where_it_would_fill_a_prompt(guard) -> None:
    assert len(Violation("c", "", "m", "x" * 5_000).hint) == MAX_HINT_CHARS
    verdict = guard(f"SELECT {'n' * 3_000} FROM users", "sqlite")
    assert isinstance(verdict, Violations)
    assert all(len(each.hint) <= MAX_HINT_CHARS for each in verdict.items)

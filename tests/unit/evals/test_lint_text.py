"""Each rule on the text of a gold has a suite that breaks it and one, nearly the same, that does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from evals.cases.source import Source
from evals.lint.run import lint

NAMES = "SELECT name, age FROM users ORDER BY age DESC LIMIT 3"

# name → what is given, and the codes of what is found.
BROKEN = {
    "a question that the product refuses": ("question: '???', sql: SELECT 1", ["question_refused"]),
    "a turn that the product refuses": ("turns: ['???'], sql: SELECT 1", ["question_refused"]),
    "no SQL": ("sql: SELECT FROM WHERE (", ["unread"]),
    "a change": ("sql: DELETE FROM users", ["no_query"]),
    "chance": ("sql: 'SELECT name FROM users WHERE id = abs(random()) % 3'", ["random"]),
    "chance in the order": ("sql: 'SELECT name FROM users ORDER BY RANDOM() LIMIT 1'", ["random"]),
    "the clock": ("sql: SELECT COUNT(*) AS n FROM users WHERE created_at < CURRENT_DATE", ["clock"]),
    "the clock in words": ("sql: \"SELECT COUNT(*) AS n FROM users WHERE day < date('now')\"", ["clock"]),
    "the clock, left out": ("sql: SELECT datetime() AS now_", ["clock"]),
    "the clock of another database": ("sql: {postgres: SELECT now() AS n}", ["clock"]),
    "rows that nobody chose": ("sql: SELECT name FROM users LIMIT 3", ["limit_without_order"]),
    "rows that nobody chose, inside": (
        "sql: SELECT COUNT(*) AS n FROM (SELECT id FROM users LIMIT 3) AS some",
        ["limit_without_order"],
    ),
    "texts in any order": ("sql: SELECT GROUP_CONCAT(name) AS names FROM users", ["text_without_order"]),
    "a column that is not there": ("required_columns: [m], sql: SELECT 1 AS n", ["no_such_column"]),
    "a column that is there twice": ("required_columns: [n], sql: 'SELECT 1 AS n, 2 AS n'", ["two_such_columns"]),
    "golds of one and of two columns": ("sql: [SELECT 1 AS n, 'SELECT 1 AS n, 2 AS m']", ["golds_disagree"]),
    "an order that the gold has not": ("order_by: gold, sql: SELECT name FROM users", ["no_order"]),
    "an order by nothing that is there": (f"order_by: [size], sql: '{NAMES}'", ["no_such_order"]),
    "an order that no required column shows": (
        f"order_by: gold, required_columns: [name], sql: '{NAMES}'",
        ["order_not_shown"],
    ),
    "an order by what is not selected": (
        "order_by: gold, sql: SELECT name FROM users ORDER BY age DESC",
        ["order_not_shown"],
    ),
    "a list that was cut": (f"sql: '{NAMES}'", ["order_not_asked"]),
}
SOUND = {
    "a word that is no moment": "sql: \"SELECT COUNT(*) AS n FROM users WHERE name = 'now'\"",
    "one row needs no order": "sql: SELECT MAX(age) AS n FROM users LIMIT 1",
    "nothing read, nothing cut": "sql: SELECT 1 AS n LIMIT 1",
    "the one oldest": "sql: SELECT name FROM users ORDER BY age DESC LIMIT 1",
    "an order by the number of a column": "order_by: gold, sql: 'SELECT name, age FROM users ORDER BY 2 DESC, 1'",
    "an order by an expression that is shown": (
        "order_by: gold, required_columns: [n], sql: SELECT COUNT(*) AS n FROM users GROUP BY age ORDER BY COUNT(*)"
    ),
    "the order of a union": (
        "order_by: gold, sql: SELECT name FROM users UNION SELECT name FROM sellers ORDER BY name LIMIT 5"
    ),
    "columns in capitals": "required_columns: [n], sql: SELECT 1 AS N",
    "columns behind a star": "required_columns: [n], sql: SELECT * FROM users",
    "golds that require as many": "required_columns: [n], sql: [SELECT 1 AS n, 'SELECT 1 AS n, 2 AS m']",
    "texts in an order": "sql: {postgres: \"SELECT STRING_AGG(name, ',' ORDER BY name) AS names FROM users\"}",
    "a window with an order": "sql: SELECT name, RANK() OVER (ORDER BY age) AS place FROM users",
}


def _codes(tmp_path: Path, keys: str, head: str = "") -> list[str]:
    path = tmp_path / "suite.yaml"
    question = "" if "question:" in keys else "question: How many?, "
    path.write_text(f"{head}cases:\n  - {{id: one, {question}{keys}}}\n", encoding="utf-8")
    return [each.problem.code for each in lint(Source(path)).findings]


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_wrong_is_found(name: str, tmp_path: Path) -> None:
    keys, codes = BROKEN[name]
    assert _codes(tmp_path, keys) == codes


@pytest.mark.parametrize("name", SOUND)
def test_what_is_sound_is_left_alone(name: str, tmp_path: Path) -> None:
    assert _codes(tmp_path, SOUND[name]) == []


def test_with_an_as_of_day_the_clock_may_be_read(tmp_path: Path) -> None:
    keys, codes = BROKEN["the clock"]
    assert codes == ["clock"]
    assert _codes(tmp_path, keys, "as_of: 2026-06-30\n") == []
    assert _codes(tmp_path, f"as_of: 2026-06-30, {keys}") == []


def test_a_finding_has_the_line_of_its_key_also_in_the_former_spelling(tmp_path: Path) -> None:
    path = tmp_path / "suite.yaml"
    path.write_text(
        "cases:\n  - id: one\n    question: Who?\n    sql: SELECT name FROM users\n    comment: x\n    order: true\n"
    )
    finding = lint(Source(path)).findings[0]
    assert (finding.case, finding.problem.key, finding.line) == ("one", "order_by", 6)


def test_every_rule_on_the_text_has_a_suite_that_breaks_it(repository: Path) -> None:
    import re

    text = (repository / "evals" / "lint" / "text.py").read_text(encoding="utf-8")
    there = set(re.findall(r'(?:error|warning)\(\s*"(\w+)"', text))
    assert there == {code for _, codes in BROKEN.values() for code in codes}

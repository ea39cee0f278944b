"""What is made to be costly is judged in a moment and with little stack; what is only large and honest still passes."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from math import prod

import pytest
from sqlglot import exp
from sqlglot.errors import SqlglotError

from benches.costly import families
from nl2sql.guard.dialects import DIALECTS, dialect_named
from nl2sql.guard.function_lists import allowed_functions
from nl2sql.guard.rules.parse import times_printed

# Of the processor. The slowest of them takes about 0.2 s on an idle machine, and ten times that where several programs
# share a core and its caches. Without its bounds, any of them could take minutes.
SECONDS = 8.0
# What some systems give a thread.
STACK_KILOBYTES = 512

CALLS = (
    "#f(#x)", "#f(#x, 1)", "#f(1, #x)", "#f(#x, 1, 1)", "#f(1, #x, 1)", "#f(1, 1, #x)", "#f('a', #x)", "#f(#x, 'a')",
    "#f(#x, INTERVAL 1 DAY)", "#f(#x, DAY)", "#f(DAY FROM #x)", "#f(#x AS DATE)", "#f(DISTINCT #x, 1)",
    "#f(1 ORDER BY #x)", "#f(0.5) WITHIN GROUP (ORDER BY #x)",
)  # fmt: skip
CONSTRUCTS = (
    "(#x) / 2", "(#x) % 2", "(#x) || 'a'", "(#x) = 1", "(#x) IS NULL", "(#x) IS DISTINCT FROM 1", "NOT (#x)",
    "(#x) BETWEEN 1 AND 2", "1 BETWEEN (#x) AND 2", "(#x) IN (1, 2)", "(#x) LIKE 'a'", "CASE WHEN #x THEN 1 END",
    "CASE #x WHEN 1 THEN 2 END", "CASE WHEN 1 = 1 THEN #x ELSE 2 END", "CAST(#x AS DATE)", "(#x) + INTERVAL '1' DAY",
    "SUM(1) OVER (PARTITION BY #x)", "SUM(1) OVER (ORDER BY #x)", "SUM(1) OVER (ORDER BY #x DESC NULLS LAST)",
    "SUM(1) FILTER (WHERE #x)", "(SELECT #x)", "EXISTS (SELECT 1 FROM a ORDER BY (#x) NULLS FIRST)",
    "(SELECT a.id FROM a FULL JOIN b ON a.id = (#x))", "(SELECT 1 FROM a GROUP BY (#x))", "1 = ANY (SELECT #x)",
)  # fmt: skip


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_statement_of_any_costly_kind_is_judged_in_a_moment(dialect: str, guard) -> None:
    spent = {}
    for name, sql in families((9_000,)):
        started = time.process_time()
        guard(sql, dialect)
        spent[name] = time.process_time() - started
    assert {name: seconds for name, seconds in spent.items() if seconds > SECONDS} == {}


JUDGE_ON_A_SMALL_STACK = """
import threading
from benches.costly import families
from nl2sql.guard.check import check
from tests.unit.guard.conftest import MODEL, POLICY
from nl2sql.guard.dialects import DIALECTS
from nl2sql.writers.base import Origin, SqlDraft

def judge():
    for name, sql in families((2_000,)):
        if not name.startswith("megabytes"):
            for dialect in DIALECTS[%d::2]:
                check(SqlDraft(sql, Origin("sql")), MODEL, POLICY, dialect)
    print("judged")

threading.stack_size(%d * 1024)
thread = threading.Thread(target=judge)
thread.start()
thread.join()
"""


@pytest.mark.parametrize("half", [0, 1])
def test_no_statement_needs_more_stack_than_a_small_thread_has(half: int) -> None:
    """Beyond it, the process would end without a word."""
    code = JUDGE_ON_A_SMALL_STACK % (half, STACK_KILOBYTES)
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (0, "judged\n"), ended.stderr[-500:]


def nested(pattern: str, depth: int) -> str:
    sql = "marker"
    for _ in range(depth):
        sql = pattern.replace("#x", sql)
    return f"SELECT {sql} FROM a"


def patterns(dialect: str) -> Iterator[str]:
    for name in sorted(allowed_functions(dialect)):
        for call in CALLS:
            yield call.replace("#f", name)
    yield from CONSTRUCTS


@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_a_printer_writes_several_times_is_counted_as_often(dialect: str) -> None:
    known = dialect_named(dialect)
    assert known is not None
    found = {}
    for pattern in patterns(dialect):
        try:
            (tree,) = known.grammar.parse(nested(pattern, 3))
            marker = next(each for each in tree.find_all(exp.Identifier) if each.name == "marker")
            counted = prod(times_printed(node) for node in ancestors(marker))
            printed = known.generator().generate(tree, copy=False).count("marker")
        except (SqlglotError, StopIteration, LookupError, AttributeError, ValueError, TypeError):
            continue  # not a call of this dialect
        found[pattern] = printed <= counted
    assert len(found) > 500
    assert [pattern for pattern, bounded in found.items() if not bounded] == []


def ancestors(node: exp.Expr) -> Iterator[exp.Expr]:
    parent = node.parent
    while parent is not None:
        yield parent
        parent = parent.parent


def report() -> str:
    """Two hundred lines: sixteen WITH queries, sixty outputs, sixteen joins."""
    queries = [
        f"q{i} AS (\n  SELECT l.seller_id AS seller_id,\n    COUNT(*) AS sold,\n"
        f"    SUM(CASE WHEN l.status = 'sold' THEN l.current_bid ELSE 0 END) AS gmv,\n"
        f"    ROUND(AVG(COALESCE(l.current_bid, l.starting_price, 0)), 2) AS mean\n"
        f"  FROM listings AS l\n  WHERE l.category_id = {i} AND l.created_at >= '2025-01-01'\n  GROUP BY l.seller_id)"
        for i in range(16)
    ]
    outputs = [f"  MAX(q{i % 16}.gmv) / NULLIF(SUM(q{i % 16}.sold), 0) AS output_{i}" for i in range(58)]
    joins = [f"LEFT JOIN q{i} ON q{i}.seller_id = u.id" for i in range(16)]
    return (
        "WITH " + ",\n".join(queries) + "\nSELECT u.country,\n" + ",\n".join(outputs)
        + ",\n  RANK() OVER (ORDER BY SUM(q0.gmv) DESC) AS place\nFROM users AS u\n" + "\n".join(joins)
        + "\nWHERE u.country IN ('DE', 'FR')\nGROUP BY u.country\nHAVING COUNT(*) > 3\nORDER BY place\nLIMIT 100"
    )  # fmt: skip


HONEST = {
    "a report of 200 lines": report(),
    "a list of 1,000 values": f"SELECT id FROM bids WHERE id IN ({', '.join(str(i) for i in range(1_000))})",
    "24 WITH queries": "WITH "
    + ", ".join(f"q{i} AS (SELECT id, amount FROM bids WHERE id = {i})" for i in range(24))
    + " SELECT SUM(q0.amount) AS total FROM q0 JOIN q23 ON q23.id = q0.id",
    "a hundred conditional sums": "SELECT listing_id, "
    + ", ".join(f"SUM(CASE WHEN amount > {i} THEN 1 ELSE 0 END) AS over_{i}" for i in range(100))
    + " FROM bids GROUP BY listing_id",
    "200 conditions": "SELECT id FROM bids WHERE " + " OR ".join(f"(id = {i} AND amount > 5)" for i in range(200)),
    "five calls within each other": "SELECT "
    + ", ".join(f"ROUND(COALESCE(SUM(ABS(LENGTH(u.username))), {i}), 2) AS a{i}" for i in range(60))
    + " FROM users AS u",
    "subqueries six deep": "SELECT id FROM (" * 6 + "SELECT id FROM bids WHERE amount > 5" + ") AS q" * 6,
}


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("sql", HONEST.values(), ids=HONEST.keys())
def test_a_large_but_honest_statement_is_accepted(sql: str, dialect: str, accepted) -> None:
    checked = accepted(sql, dialect)
    assert accepted(checked.sql, dialect).sql == checked.sql

"""Whether an answer is its gold in other words of SQL: the guard then writes both as the same text.

Of such an answer the rows need not be read once more on each further instance. What the guard adds must change no row:
its derived tables hold columns as they are, and the rows beyond its limit are cut here too.
"""

from __future__ import annotations

from collections.abc import Callable

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from evals.matching.rules import Table
from nl2sql.guard.checked import CheckedSql
from nl2sql.guard.violation import Violations


def says_the_same(checked: CheckedSql, sql: str, table: Table, check: Callable[[str], CheckedSql | Violations]) -> bool:
    """`sql` is a gold as it ran and `table` its result: names that differ are told without asking the guard."""
    if tuple(each.name for each in checked.outputs) != table.columns:
        return False
    gold = check(sql)
    return isinstance(gold, CheckedSql) and gold.executed == checked.executed and _shows_all(checked, sql)


def _shows_all(checked: CheckedSql, sql: str) -> bool:
    """Whether each table is read with all its rows and with its columns unmasked, and no group is left out that the
    gold has. A table expression that bears the name of a table is not told from it, and counts as one that hides
    something."""
    try:
        tree = sqlglot.parse_one(checked.executed, dialect=checked.grammar)
        conditions = _group_conditions(tree)
        if conditions and conditions != _group_conditions(sqlglot.parse_one(sql, dialect=checked.grammar)):
            return False
    except (SqlglotError, RecursionError):
        return False
    tables = [each for each in tree.find_all(exp.Table) if each.name.lower() in checked.tables]
    return bool(tables) and all(_is_read_whole(each) for each in tables)


def _group_conditions(tree: exp.Expr) -> int:
    """The guard adds one for a column that a role may see of large groups only."""
    return sum(1 + len(list(each.find_all(exp.And))) for each in tree.find_all(exp.Having))


def _is_read_whole(table: exp.Table) -> bool:
    select = table.parent_select
    if (
        select is None
        or table.args.get("joins")
        or any(value for name, value in select.args.items() if name not in ("expressions", "from_"))
    ):
        return False
    return all(isinstance(each, exp.Column | exp.Literal) for each in select.expressions)

"""What the text of a gold query tells of it, without running it."""

from __future__ import annotations

from collections.abc import Iterator

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

# As each database calls them; sqlglot has classes of its own for some.
RANDOM = frozenset(
    {"random", "rand", "randomblob", "uuid", "gen_random_uuid", "generate_uuid", "newid", "uuid_generate_v4", "setseed"}
)
CLOCK = frozenset(
    {"now", "current_date", "current_time", "current_timestamp", "localtime", "localtimestamp", "curdate", "curtime",
     "sysdate", "utc_date", "utc_time", "utc_timestamp", "getdate", "today", "clock_timestamp", "unix_timestamp",
     "transaction_timestamp", "statement_timestamp", "current_datetime"}
)  # fmt: skip
# Functions of SQLite whose moment is now where it is left out.
SQLITE_TIME = frozenset({"date", "time", "datetime", "julianday", "unixepoch"})


def parsed(sql: str, dialect: str) -> exp.Expr | None:
    try:
        tree = sqlglot.parse_one(sql, dialect=dialect)
    except (SqlglotError, RecursionError, ValueError):
        return None
    return tree


def outer_select(tree: exp.Expr) -> exp.Select | None:
    """The select whose columns are the result's: of a union, the first."""
    while isinstance(tree, exp.SetOperation | exp.Subquery):
        tree = tree.this
    return tree if isinstance(tree, exp.Select) else None


def output_names(tree: exp.Expr) -> tuple[str, ...] | None:
    """None where a * stands for columns, or one has no name of its own."""
    select = outer_select(tree)
    if select is None or any(each.find(exp.Star) and not each.find(exp.Count) for each in select.expressions):
        return None
    names = tuple(each.alias_or_name for each in select.expressions)
    return names if names and all(names) else None


def order_keys(tree: exp.Expr) -> tuple[exp.Expr, ...]:
    """What the result is ordered by, each as what it stands for: an output by its number or name, or itself."""
    order, select = tree.args.get("order"), outer_select(tree)
    if order is None or select is None:
        return ()
    outputs = list(select.expressions)
    return tuple(_meant(ordered.this, outputs) for ordered in order.expressions)


def shown_as(key: exp.Expr, tree: exp.Expr) -> str:
    """The name of the output that shows it, "" where none does."""
    select = outer_select(tree)
    if select is None:
        return ""
    return next((each.alias_or_name for each in select.expressions if each.unalias() == key.unalias()), "")


def _meant(key: exp.Expr, outputs: list[exp.Expr]) -> exp.Expr:
    if isinstance(key, exp.Literal) and key.is_int and 0 < int(key.name) <= len(outputs):
        return outputs[int(key.name) - 1].unalias()
    if isinstance(key, exp.Column) and not key.table:
        return next((each.unalias() for each in outputs if each.alias_or_name == key.name), key)
    return key


def random_calls(tree: exp.Expr) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in _calls(tree) if name in RANDOM))


def clock_calls(tree: exp.Expr, dialect: str) -> tuple[str, ...]:
    """Whatever reads the clock of the database: CURRENT_DATE, now(), and SQLite's date('now') and date()."""
    found = [name for name in _calls(tree) if name in CLOCK]
    if dialect == "sqlite":
        words = (each for each in tree.find_all(exp.Literal) if each.is_string and each.name.lower() == "now")
        found += ["'now'" for word in words if word.find_ancestor(exp.Func)]
        empty = (each for each in tree.find_all(exp.Anonymous) if not each.expressions)
        found += [f"{each.name.lower()}()" for each in empty if each.name.lower() in SQLITE_TIME]
    return tuple(dict.fromkeys(found))


def _calls(tree: exp.Expr) -> Iterator[str]:
    for node in tree.find_all(exp.Func):
        yield node.name.lower() if isinstance(node, exp.Anonymous) else _name(node)
    for column in tree.find_all(exp.Column):  # CURRENT_TIMESTAMP, where a dialect has no class for it
        if not column.table and column.name.lower() in CLOCK and not column.this.quoted:
            yield column.name.lower()


def _name(node: exp.Func) -> str:
    return "random" if isinstance(node, exp.Rand | exp.Randn) else node.sql_name().lower()


def unordered_limits(tree: exp.Expr) -> Iterator[exp.Expr]:
    """Queries that keep some of their rows and do not say which; one that has one row by its nature is none."""
    for query in tree.find_all(exp.Query):
        if query.args.get("limit") and not query.args.get("order") and not _has_one_row(query):
            yield query


def _has_one_row(query: exp.Expr) -> bool:
    """Aggregates and no GROUP BY; or nothing that it reads from."""
    if not isinstance(query, exp.Select):
        return False
    if not query.args.get("from") and not query.args.get("from_"):
        return True
    aggregates = any(_aggregates(each) for each in query.expressions)
    return aggregates and not query.args.get("group")


def _aggregates(output: exp.Expr) -> bool:
    return any(not isinstance(each.parent, exp.Window) for each in output.find_all(exp.AggFunc))


def is_limited(tree: exp.Expr) -> bool:
    return tree.args.get("limit") is not None or tree.args.get("fetch") is not None

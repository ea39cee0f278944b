"""A question and the SQL that somebody or something wrote for it → a draft case, for a person to look at."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal

from sqlglot import exp

from evals.cases.base import Case, Dialect, GoldQuery, Grain, Kind, Suite
from evals.cases.load import name_from
from evals.lint.statement import order_keys, parsed
from evals.lint.tags import guess_tags, is_ratio
from evals.matching.rules import Table

# Words that tell one question from another as little as the file's other ids.
_SMALL_WORDS = frozenset(
    "a an the of in on at to by for from with and or is are was were be been do does did have has had how many much "
    "what whats which who whos that this our we us you your they their me my i it its per show give tell please".split()
)
_ID_WORDS = 7
_ASKS_ORDER = re.compile(
    r"\b(top|bottom|rank\w*|order\w*|sort\w*|alphabetical\w*|(highest|lowest|newest|oldest|latest|largest|smallest|most|"
    r"least|best|worst) (first|to)|first to last|ascending|descending)\b",
    re.IGNORECASE,
)
_GRAINS: tuple[tuple[Grain, re.Pattern[str]], ...] = (
    ("year", re.compile(r"(19|20|21)\d\d")),
    ("month", re.compile(r"\d{4}-\d\d")),
    ("quarter", re.compile(r"\d{4}[- ]?Q[1-4]")),
    ("week", re.compile(r"\d{4}-?W\d\d")),
    ("day", re.compile(r"\d{4}-\d\d-\d\d")),
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """`taken` are the ids that are used already."""

    question: str
    taken: Collection[str] = ()
    suite: Suite | None = None


def draft_answer(wanted: Wanted, sql: str, dialect: Dialect, table: Table, by: str) -> Case:
    """`table` is what the statement gives; `by` says who wrote it."""
    tree = parsed(sql, dialect)
    names = table.columns if len(set(table.columns)) == len(table.columns) else ()
    ratio = tree is not None and is_ratio(tree)
    own = dialect == (wanted.suite.dialect if wanted.suite else "sqlite")
    return Case(
        id=id_from(wanted.question, wanted.taken),
        question=wanted.question,
        tags=guess_tags(sql, dialect),
        sql=(GoldQuery(sql=sql.strip() + "\n", dialect=None if own else dialect),),
        required_columns=names,
        order_by=("gold",) if tree is not None and _asks_order(wanted.question, tree) else (),
        decimals=3 if ratio else _decimals(wanted.suite, table),
        accept_scale=(1.0, 100.0) if ratio else (),
        time_grain=_grain(table) if "time_grain" in guess_tags(sql, dialect) else None,
        comment=f"Draft: SQL by {by}. {_look_at(table)}",
    )


def draft_declined(wanted: Wanted, kind: Kind, why: str) -> Case:
    return Case(
        id=id_from(wanted.question, wanted.taken),
        question=wanted.question,
        kind=kind,
        tags=("declined",),
        comment=f"Draft: {why} Say why it must be declined, and name a twin.",
    )


def id_from(question: str, taken: Collection[str]) -> str:
    """Of the question's telling words, with a number where that is taken."""
    words = re.findall(r"[a-z0-9]+", re.sub("['’]", "", question.lower()))
    name = name_from(" ".join([word for word in words if word not in _SMALL_WORDS] or words), _ID_WORDS)
    number, found = 2, name
    while found in taken:
        found, number = f"{name}-{number}", number + 1
    return found


def _asks_order(question: str, tree: exp.Expr) -> bool:
    """A list that was cut, or one whose order the question speaks of."""
    limit = tree.args.get("limit")
    count = limit.args.get("expression") if isinstance(limit, exp.Expr) else None
    cut = isinstance(count, exp.Literal) and count.name != "1"
    return bool(order_keys(tree)) and (cut or _ASKS_ORDER.search(question) is not None)


def _decimals(suite: Suite | None, table: Table) -> int | None:
    fractions = any(isinstance(value, float | Decimal) for row in table.rows for value in row)
    return 2 if fractions and (suite is None or suite.decimals is None) else None


def _grain(table: Table) -> Grain | None:
    """Of the first column whose values all name a period."""
    for place in range(len(table.columns)):
        values = [str(value) for value in table.column(place) if value is not None]
        for grain, pattern in _GRAINS:
            if values and all(pattern.fullmatch(value) for value in values):
                return grain
    return None


def _look_at(table: Table) -> str:
    if not table.rows:
        return "It finds nothing, so that any query that finds nothing would be right. Check it."
    rows = "1 row" if len(table.rows) == 1 else f"{len(table.rows):,} rows"
    return f"It gives {rows}. Check that it answers the question, and that each required column is asked for."

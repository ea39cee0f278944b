"""The model's own adjectives ("sold"): found in a condition by comparing predicates in one canonical form."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from nl2sql.answer.base import Labels
from nl2sql.answer.sources import Scope, conjuncts


@dataclass(frozen=True, slots=True)
class NamedCondition:
    """`parts` of a WHERE that together are the adjective `word` of `alias`."""

    word: str
    alias: str
    parts: tuple[exp.Expr, ...]


@lru_cache(maxsize=16)
def canonical_filters(labels: Labels) -> Labels:
    """The labels with filter keys in canonical form; keys that do not parse are left out. Worked out once for each."""
    rewritten = {}
    for sql, word in labels.filters.items():
        key = _canonical_text(sql)
        if key:
            rewritten[key] = word
    return replace(labels, filters=rewritten)


@lru_cache(maxsize=512)
def _canonical_text(sql: str) -> str:
    try:
        parts = conjuncts(sqlglot.parse_one(sql))
    except SqlglotError:
        return ""
    return " AND ".join(sorted(_canonical(part, None) for part in parts))


@lru_cache(maxsize=512)
def _wanted(key: str) -> tuple[str, ...]:
    """The canonical parts that an adjective needs."""
    return tuple(_canonical(part, None) for part in conjuncts(sqlglot.parse_one(key)))


def find_named(where: list[exp.Expr], scope: Scope, labels: Labels) -> list[NamedCondition]:
    """The adjectives that hold, longest first; no part is used twice."""
    found: list[NamedCondition] = []
    used: set[int] = set()
    by_alias: dict[str, dict[str, exp.Expr]] = {}
    for part in where:
        aliases = {column.table for column in part.find_all(exp.Column)}
        if len(aliases) == 1:
            by_alias.setdefault(aliases.pop(), {})[_canonical(part, scope)] = part
    for key, word in sorted(labels.filters.items(), key=lambda item: -item[0].count(" AND ")):
        wanted = _wanted(key)
        for alias, parts in by_alias.items():
            mine = [parts[text] for text in wanted if text in parts and id(parts[text]) not in used]
            if len(mine) == len(wanted):
                used.update(map(id, mine))
                found.append(NamedCondition(word, alias, tuple(mine)))
    return found


def _canonical(part: exp.Expr, scope: Scope | None) -> str:
    copied = part.copy()
    for column in copied.find_all(exp.Column):
        table = scope.table_of(column) if scope else column.table
        name = exp.column(column.name.lower(), table=table.lower() or column.table)
        if column is copied:
            copied = name
        else:
            column.replace(name)
    return copied.sql(normalize_functions="upper", copy=False)

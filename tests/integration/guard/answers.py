"""What a statement gives where nothing is hidden because nothing is there, beside what its guarded form gives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlglot import exp

from nl2sql.guard.check import check
from nl2sql.guard.checked import CheckedSql
from nl2sql.guard.policy import Policy
from nl2sql.writers.base import Origin, SqlDraft
from tests.integration.guard.auction import model
from tests.integration.guard.databases import Answer, Database, Refused, World
from tests.integration.guard.roles import policy, view
from tests.integration.guard.secrets import secrets_in


class Finding(StrEnum):
    EQUAL = "equal"
    NO_TRANSLATION = "not said in this dialect"
    REJECTED = "rejected by the engine as it was"
    DECLINED = "declined by the guard"
    UNSETTLED = "no one answer"
    DIFFERENT = "DIFFERENT"


@dataclass(frozen=True)
class Outcome:
    """`why` tells of everything but EQUAL, for people."""

    finding: Finding
    why: str = ""


def checked(sql: str, policy: Policy, dialect: str) -> CheckedSql | None:
    verdict = check(SqlDraft(sql, Origin("sql")), model(), policy, dialect)
    return verdict if isinstance(verdict, CheckedSql) else None


@dataclass(frozen=True)
class Trial:
    """One database and one role: what puts statements to both worlds."""

    database: Database
    role: str

    @property
    def full(self) -> World:
        return self.database.world("full")

    @property
    def shadow(self) -> World:
        return self.database.world(self.role, view(self.role))

    def outcome(self, sql: str) -> Outcome:
        """Runs `sql` guarded on the full world and as it is on the shadow."""
        verdict = checked(sql, policy(self.role), self.database.dialect)
        expected = _answer(self.shadow, sql)
        if verdict is None:
            return Outcome(Finding.REJECTED if isinstance(expected, str) else Finding.DECLINED, sql)
        if isinstance(expected, str):  # what the guard makes of it may do
            sql, reason = verdict.sql, f"{sql}\n  {expected}"
            expected = _answer(self.shadow, sql)
            if isinstance(expected, str):
                return Outcome(Finding.REJECTED, reason)
        given = _answer(self.full, verdict.executed)
        if isinstance(given, str) or not same_answer(verdict, given, expected):
            if not isinstance(given, str) and self._has_no_one_answer(sql, verdict, given, expected):
                return Outcome(Finding.UNSETTLED, sql)
            told = f"{sql}\n  runs as {verdict.executed}\n  {_told(given)}\n  not {_told(expected)}"
            return Outcome(Finding.DIFFERENT, told)
        return Outcome(Finding.EQUAL)

    def _has_no_one_answer(self, sql: str, verdict: CheckedSql, given: Answer, expected: Answer) -> bool:
        """Whether it answers otherwise, too, where the rows of the shadow lie in another order.

        LIMIT without an order and numbered ties do: they cannot tell anything by it, as long as no secret is told.
        """
        if secrets_in(given, self.role):
            return False
        lengths, differs = {len(expected)}, False
        for world in self.database.shuffled(self.role, view(self.role)):
            other = _answer(world, sql)
            if not isinstance(other, str):
                lengths.add(len(other))
                differs = differs or not same_answer(verdict, other, expected)
            if differs and len(given) in lengths:
                return True
        return False


def _answer(world: World, sql: str) -> Answer | str:
    try:
        return world.run(sql)
    except Refused as error:
        return str(error)


def _told(answer: Answer | str) -> str:
    return answer if isinstance(answer, str) else f"{len(answer)} rows {sorted(map(repr, answer))[:3]}"


def same_answer(verdict: CheckedSql, given: Answer, expected: Answer) -> bool:
    """The same rows as often, and the same values in the columns the statement orders by, row by row.

    MariaDB finds letters alike in either case, and shows any of those that it put into one group.
    """
    left, right = [_plain(row) for row in given], [_plain(row) for row in expected]
    if verdict.dialect == "mariadb":
        left, right = [_folded(row) for row in left], [_folded(row) for row in right]
    if Counter(left) != Counter(right):
        return False
    keys = sort_columns(verdict)
    return all(_key(a, keys) == _key(b, keys) for a, b in zip(left, right, strict=True))


def _plain(value: Any) -> Any:
    """Hashable; numbers that two orders of adding up may give are one number."""
    if isinstance(value, tuple | list):
        return tuple(_plain(each) for each in value)
    if isinstance(value, float):
        return float(f"{value:.9g}")
    if isinstance(value, Decimal):
        return value.normalize()
    return repr(value) if isinstance(value, dict | set | bytearray) else value


def _folded(row: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(each.casefold().rstrip() if isinstance(each, str) else each for each in row)


def _key(row: Sequence[Any], keys: Sequence[int]) -> tuple[Any, ...]:
    """Collations may find two letters alike that are not the same."""
    return _folded([row[key] for key in keys])


def sort_columns(verdict: CheckedSql) -> list[int]:
    """Places in the result of the leading sort keys that are shown there."""
    tree = verdict.tree
    order = tree.args.get("order")
    names = [output.name.lower() for output in verdict.outputs]
    shown = [each.unalias() for each in tree.selects] if isinstance(tree, exp.Select) else []
    found: list[int] = []
    for key in order.expressions if order is not None else ():
        wanted = key.this
        if isinstance(wanted, exp.Column) and not wanted.table and wanted.name.lower() in names:
            found.append(names.index(wanted.name.lower()))
        elif wanted in shown:
            found.append(shown.index(wanted))
        else:
            break
    return found

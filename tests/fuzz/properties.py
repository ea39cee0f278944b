"""What must hold for any text at all, and for every statement that the guard lets pass.

- The guard never raises, and never says that it could not judge.
- What it accepts is a fixpoint: checked again, it comes out the same, in both of its texts.
- No accepted statement names a hidden column, nor does SQLite's own compiler find it reading one.
- What runs gives nothing hidden, and fails for nothing hidden: on the whole database it answers as the canonical text
  does where the hidden never was.
- What runs changes nothing; `tests.fuzz.state` says how that is seen.
"""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from nl2sql.guard.check import check
from nl2sql.guard.checked import CheckedSql
from nl2sql.guard.fences import FENCES
from nl2sql.guard.policy import Policy
from nl2sql.writers.base import Origin, SqlDraft
from tests.integration.guard.answers import same_answer
from tests.integration.guard.auction import TABLES, model
from tests.integration.guard.databases import Answer, Database, DriverWorld, Refused, ServerGone
from tests.integration.guard.roles import SHOWN_IN_PART, policy, view
from tests.integration.guard.secrets import secrets_in, visible_texts

# One whose answers are compared with those of a world without the hidden, and one that sees some things in part.
ROLE, DISCREET = "german", "discreet"
_READS = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
# An engine's own limit, or the driver's, was reached: nothing is told by that, and nothing was answered.
_STOPPED = ("interrupted", "timeout", "max_statement_time", "1969", "too big", "recursion", "parser stack overflow")
# An error that a value caused, and not how the statement is written.
_AT_A_VALUE = (
    "Conversion",
    "OutOfRange",
    "DivisionByZero",
    "InvalidText",
    "InvalidArgument",
    "Cardinality",
    "overflow",
)
_AT_A_VALUE += ("1690", "1242", "InvalidEscape", "InvalidRegular", "More than one row")
_QUOTED = re.compile(r"(?:string|syntax for type \w+:) ['\"](.*?)['\"]")
# What the engine decides where the statement leaves it open: ties in windows and gathered texts, columns beside the
# keys of a group, and (PostgreSQL 15, of a column that a filter makes constant) the order of grouping sets.
_OPEN = (exp.Window, exp.GroupConcat, exp.ArrayAgg, exp.AnyValue, exp.ArgMax, exp.ArgMin)
_OPEN += (exp.GroupingSets, exp.Rollup, exp.Cube)
_SHOWS_ANY_OF_A_GROUP = ("mariadb", "sqlite")


@dataclass(frozen=True)
class Failure:
    """One property that did not hold for one statement."""

    dialect: str
    sql: str
    what: str

    def __str__(self) -> str:
        return f"{self.dialect}: {self.what}\n{self.sql}"


@dataclass
class Guarded:
    """The guard of one dialect, and the database its statements run on, if there is one."""

    dialect: str
    database: Database | None = None
    role: str = ROLE
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def policy(self) -> Policy:
        return policy(self.role)

    @property
    def hidden(self) -> frozenset[str]:
        """What no statement may name: columns shown in part may be, but their values stay secrets."""
        return view(self.role).hidden - (SHOWN_IN_PART if self.role == DISCREET else frozenset())

    def failure(self, sql: str, *, run: bool = True) -> Failure | None:
        """The first property that does not hold. Counts what it saw."""
        self.counts["inputs"] += 1
        try:
            verdict = check(SqlDraft(sql, Origin("sql")), model(), self.policy, self.dialect)
        except Exception as error:  # noqa: BLE001 - that is the property
            return Failure(self.dialect, sql, f"the guard raised {error!r}")
        if not isinstance(verdict, CheckedSql):
            code = verdict.items[0].code
            return Failure(self.dialect, sql, "the guard could not judge it") if code == "unjudged" else None
        self.counts["accepted"] += 1
        try:
            what = self._of_the_text(verdict) or (self._of_the_answer(verdict) if run and self.database else "")
        except ServerGone as error:
            self.database = None
            return Failure(self.dialect, sql, f"the server went away: {error}")
        return Failure(self.dialect, sql, what) if what else None

    def _of_the_text(self, verdict: CheckedSql) -> str:
        again = check(SqlDraft(verdict.sql, Origin("sql")), model(), self.policy, self.dialect)
        if not isinstance(again, CheckedSql):
            return f"the canonical text is refused ({again.items[0].code}): {verdict.sql}"
        if again.sql != verdict.sql or self._unfenced(again) != self._unfenced(verdict):
            return f"the canonical text does not settle: {verdict.executed}\nbecomes {again.executed}"
        named = (columns_in(verdict.tree) | set(verdict.columns)) & self.hidden
        return f"it names {', '.join(sorted(named))}" if named else ""

    def _unfenced(self, verdict: CheckedSql) -> str:
        """What runs, but for fences: a text that the canonical form spells plainly may have asked for one too many."""
        return verdict.executed.replace(f" {FENCES[self.dialect]})", ")")

    def _of_the_answer(self, verdict: CheckedSql) -> str:
        assert self.database is not None
        full = self.database.world("full")
        self.counts["executed"] += 1
        with Watched(full.connection, self.hidden) as watched:
            given = _answer(full, verdict.executed)
        if watched.found:
            return f"SQLite says it {', '.join(sorted(watched.found))}: {verdict.executed}"
        if secrets := secrets_in([(given,)] if isinstance(given, str) else given, self.role):
            return f"it tells {secrets[:3]}: {verdict.executed}"
        if isinstance(given, str) and any(word in given for word in _STOPPED):
            self.counts["stopped"] += 1
            return ""
        return self._of_the_shadow(verdict, given) if self.role == ROLE else ""

    def _of_the_shadow(self, verdict: CheckedSql, given: Answer | str) -> str:
        assert self.database is not None
        expected = _answer(self.database.world(ROLE, view(ROLE)), verdict.sql)
        if isinstance(expected, str):
            self.counts["rejected"] += 1
            lucky = isinstance(given, str) or any(word in expected for word in _AT_A_VALUE)
            return "" if lucky else f"it only answers where rows are hidden: {expected}"
        self.counts["answered"] += 1
        if isinstance(given, str):
            if _is_about_a_literal(given, verdict) or self._fails_for_what_is_visible(given, verdict):
                self.counts["rejected"] += 1
                return ""
            return f"it fails only where rows are hidden: {given}\n{verdict.executed}"
        if same_answer(verdict, given, expected):
            return ""
        return self._of_another_answer(verdict, given, expected)

    def _fails_for_what_is_visible(self, error: str, verdict: CheckedSql) -> bool:
        """Whether visible rows make it fail, too, and the canonical text was only lucky.

        Which of two conditions is tried first, and for which rows, is up to an engine's plan. So it is when the error
        quotes a visible value, and when it comes whatever is hidden and where nothing is.
        """
        assert self.database is not None
        if not any(word in error for word in _AT_A_VALUE):
            return False
        quoted = _QUOTED.findall(error)
        if quoted and visible_texts(ROLE).issuperset(quoted):
            return True
        worlds = (self.database.world("changed"), self.database.world(ROLE, view(ROLE)))
        return all(isinstance(_answer(world, verdict.executed), str) for world in worlds)

    def _of_another_answer(self, verdict: CheckedSql, given: Answer, expected: Answer) -> str:
        """LIMIT without an order and numbered ties have no one answer, which is seen by changing the order of rows.

        Not always: a sort may happen to keep ties as they were. Where what is hidden makes no difference (`changed`
        holds the same visible rows beside other hidden ones), another answer is a question of order at most.
        """
        assert self.database is not None
        for world in self.database.shuffled(ROLE, view(ROLE)):
            other = _answer(world, verdict.sql)
            if isinstance(other, str) or not same_answer(verdict, other, expected):
                self.counts["without one answer"] += 1
                return ""
        if self._is_cut_elsewhere(verdict):
            self.counts["without one answer"] += 1
            return ""
        changed = _answer(self.database.world("changed"), verdict.executed)
        if isinstance(changed, str) or not same_answer(verdict, changed, given):
            return f"what is hidden makes a difference: {verdict.executed}"
        left_open = (*_OPEN, exp.Group) if self.dialect in _SHOWS_ANY_OF_A_GROUP else _OPEN
        if len(given) == len(expected) and verdict.tree.find(*left_open):
            self.counts["without one answer"] += 1
            return ""
        numbers = f"{len(given)} rows {given[:3]}, and {len(expected)} rows {expected[:3]}"
        return f"it answers {numbers} where none are hidden"

    def _is_cut_elsewhere(self, verdict: CheckedSql) -> bool:
        """Whether the answers are the same without any LIMIT: then it is only where an unordered result is cut."""
        assert self.database is not None
        whole = verdict.tree
        for node in list(whole.find_all(exp.Limit, exp.Offset)):
            node.pop()
        grammar = "mysql" if self.dialect == "mariadb" else self.dialect
        again = check(SqlDraft(whole.sql(dialect=grammar), Origin("sql")), model(), self.policy, self.dialect)
        if not isinstance(again, CheckedSql) or again.sql == verdict.sql:
            return False
        given = _answer(self.database.world("full"), again.executed)
        expected = _answer(self.database.world(ROLE, view(ROLE)), again.sql)
        return not isinstance(given, str) and not isinstance(expected, str) and same_answer(again, given, expected)


def _is_about_a_literal(error: str, verdict: CheckedSql) -> bool:
    """Whether the engine stumbled over a text or a type of the statement itself, which some plans never come to."""
    texts = (str(each.this) for each in verdict.tree.find_all(exp.Literal) if each.is_string)
    return "Unimplemented type" in error or any(f'"{text}"' in error or f"'{text}'" in error for text in texts)


def _answer(world: DriverWorld, sql: str) -> Answer | str:
    try:
        return world.run(sql)
    except Refused as error:
        return str(error)


class Watched:
    """What SQLite's compiler says of the statements in between; other databases say nothing."""

    def __init__(self, connection: object, hidden: frozenset[str]) -> None:
        self._hidden = hidden
        self._connection = connection if isinstance(connection, sqlite3.Connection) else None
        self.found: set[str] = set()

    def __enter__(self) -> Watched:
        if self._connection is not None:
            self._connection.set_authorizer(self._note)
        return self

    def __exit__(self, *_: object) -> None:
        if self._connection is not None:
            self._connection.set_authorizer(None)

    def _note(self, action: int, one: str | None, other: str | None, *_: object) -> int:
        name = f"{one}.{other}".lower()
        if action not in _READS:
            self.found.add(f"does action {action} on {one}")
        elif action == sqlite3.SQLITE_READ and other and (name in self._hidden or one not in TABLES):
            self.found.add(f"reads {name}")
        return sqlite3.SQLITE_OK


def columns_in(tree: exp.Expr) -> set[str]:
    """Physical columns that a canonical tree names under an alias that only ever stands for their table."""
    stands_for: dict[str, set[str]] = {}
    for table in tree.find_all(exp.Table):
        stands_for.setdefault(table.alias_or_name.lower(), set()).add(table.name.lower())
    for query in tree.find_all(exp.Subquery, exp.CTE):
        stands_for.setdefault(query.alias_or_name.lower(), set()).add("")
    names: Mapping[str, str] = {alias: next(iter(each)) for alias, each in stands_for.items() if len(each) == 1}
    return {f"{names.get(each.table.lower(), '')}.{each.name.lower()}" for each in tree.find_all(exp.Column)}

"""Sentences about growth and running totals: what rose or fell, by how much, since when."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from sqlglot import exp

from nl2sql.answer.aggregates import counting
from nl2sql.answer.formats import percent
from nl2sql.answer.grammar import mid
from nl2sql.answer.periods import Period, merge
from nl2sql.answer.shape import Output
from nl2sql.answer.sources import conjuncts
from nl2sql.answer.speech import Speaker
from nl2sql.answer.timing import time_condition

Row = dict[str, object]


def named(outputs: Sequence[Output], name: str) -> Output | None:
    return next((each for each in outputs if name and each.name == name), None)


def of_kind(outputs: Sequence[Output], kind: str) -> Output | None:
    return next((each for each in outputs if each.derived.kind == kind), None)


def change_words(value: object, *, past: bool = True) -> str:
    """ "rose 12.4 %", "fell 3.0 %", "did not change"; `value` is a fraction."""
    if not isinstance(value, int | float | Decimal):
        return ""
    shown = percent(value if value >= 0 else -value)
    if shown == percent(0):
        return "did not change" if past else "unchanged"
    verbs = ("rose", "fell") if past else ("up", "down")
    return f"{verbs[0] if value > 0 else verbs[1]} {shown}"


def growth_between(outputs: Sequence[Output], row: Row) -> str:
    """ "GMV 2025 was €325,254.93, up 41.9 % on GMV 2024 (€229,245.04)." of one row; "" where it has no such numbers."""
    growth = of_kind(outputs, "growth")
    later = named(outputs, growth.derived.of) if growth is not None else None
    earlier = named(outputs, growth.derived.earlier) if growth is not None else None
    if growth is None or later is None or earlier is None or row.get(later.name) is None:
        return ""
    up = change_words(row.get(growth.name), past=False)
    if not up:
        return ""
    before = f"{mid(earlier.title)} ({earlier.show(row[earlier.name])})"
    return f"{later.title} was {later.show(row[later.name])}, {up}{' on ' if up != 'unchanged' else ' from '}{before}."


def leader_growth(outputs: Sequence[Output], measure: Output, row: Row) -> str:
    """ ", up 29.6 % on GMV 2024", for the first of a ranking."""
    growth = of_kind(outputs, "growth")
    if growth is None or growth.derived.of != measure.name:
        return ""
    earlier = named(outputs, growth.derived.earlier)
    since = mid(earlier.title) if earlier is not None else growth.derived.back
    up = change_words(row.get(growth.name), past=False)
    return f", {up}{' from ' if up == 'unchanged' else ' on '}{since}" if up and since else ""


def growth_along(outputs: Sequence[Output], bucket: Output, rows: Sequence[Row], scope: str) -> str:
    """ "GMV rose 12.4 % in Dec 2025, against the month before; strongest growth …, weakest …."

    `rows` are whole buckets, in order.
    """
    growth = of_kind(outputs, "growth")
    if growth is None or not growth.derived.back:
        return ""
    known = [(row, value) for row in rows if isinstance(value := row.get(growth.name), int | float | Decimal)]
    if not known:
        return ""
    level = named(outputs, growth.derived.of)
    what = level.title if level is not None else growth.title
    at = "on" if bucket.grain in ("day", "hour") else "in"

    def when(row: Row) -> str:
        return f"{at} {bucket.show(row[bucket.name])}"

    last, value = known[-1]
    end = f" to {level.show(last[level.name])}" if level is not None and last.get(level.name) is not None else ""
    moved = change_words(value)
    end = "" if moved == "did not change" else end
    conditions = f" {scope[scope.index('(') :]}" if "(" in scope else ""
    sentence = f"{what}{conditions} {moved}{end} {when(last)}, against {growth.derived.back}"
    if len(known) < 3:
        return f"{sentence}."
    high, low = max(known, key=lambda each: Decimal(str(each[1]))), min(known, key=lambda each: Decimal(str(each[1])))
    return f"{sentence}; strongest growth {_signed(high[1])} {when(high[0])}, weakest {_signed(low[1])} {when(low[0])}."


def _signed(value: object) -> str:
    number = value if isinstance(value, int | float | Decimal) else 0
    return f"+{percent(number)}" if number > 0 else percent(number)


def running_end(outputs: Sequence[Output], bucket: Output, rows: Sequence[Row]) -> str:
    """ "; running total €61,204.90 up to Jun 2026"."""
    running = of_kind(outputs, "running")
    known = [row for row in rows if running is not None and row.get(running.name) is not None]
    if running is None or not known:
        return ""
    return f"; {mid(running.title)} {running.show(known[-1][running.name])} up to {bucket.show(known[-1][bucket.name])}"


def shown_period(tree: exp.Expr, speaker: Speaker) -> Period | None:
    """The period of the groups that are shown, where the rows reach further back, for the growth of the first group:
    `HAVING COUNT(CASE WHEN <in the period> THEN 1 END) > 0`."""
    for name in ("qualify", "having"):
        clause = tree.args.get(name)
        for part in conjuncts(clause.this) if clause is not None else []:
            count = part.this if isinstance(part, exp.GT) and part.expression.name == "0" else None
            if not isinstance(count, exp.Count) or not isinstance(count.this, exp.Expr):
                continue
            condition = counting(count.this)[1]
            times = merge([t for each in conjuncts(condition) if (t := time_condition(each, speaker))])
            if len(times) == 1:
                return times[0].period
    return None

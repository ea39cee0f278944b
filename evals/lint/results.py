"""Rules that look at what the golds gave, on every instance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from evals.lint.base import Problem, Rule, Statement, Subject, error, warning
from evals.lint.statement import is_limited
from evals.matching.rules import Gold, Table


def running(subject: Subject) -> Iterator[Problem]:
    for statement in subject.statements:
        failed = [each for each in statement.reads if each.gold is None]
        if failed:
            yield error("does_not_run", f"on {_names([each.instance for each in failed])}: {failed[0].trouble}")


def rows(subject: Subject) -> Iterator[Problem]:
    for statement in subject.statements:
        empty = [name for name, gold in statement.golds.items() if not gold.table.rows]
        if empty and _base(statement) in empty:
            yield error("empty", f"no row on {_names(empty)}: any query that finds nothing would be right.")
        elif empty:
            yield warning("empty_somewhere", f"no row on {_names(empty)}, where any query that finds nothing is right.")


def values(subject: Subject) -> Iterator[Problem]:
    for statement in subject.statements:
        nulls = {name: column for name, gold in statement.golds.items() if (column := _without_value(gold))}
        base = _base(statement)
        if base in nulls:
            yield error("only_nulls", f"“{nulls[base]}” has no value in any row on {_names(list(nulls))}.")
        elif nulls:
            column = next(iter(nulls.values()))
            yield warning("only_nulls_somewhere", f"“{column}” has no value in any row on {_names(list(nulls))}.")
        if base in statement.golds and _is_zero(statement.golds[base]):
            yield warning("zero", f"the result on {base} is 0, which many a wrong query gives too.")


def ties(subject: Subject) -> Iterator[Problem]:
    case = subject.case
    for statement in subject.statements:
        cut = [name for name, gold in statement.golds.items() if gold.tied]
        if cut and case.ties == "reject":
            yield error("tie_cut", f"the LIMIT cuts rows that tie on {_names(cut)}, and “ties” is reject.")
        elif cut:
            yield warning("tie_cut", f"the LIMIT cuts rows that tie on {_names(cut)}; any of them is taken for right.")
        if statement.tree is None or not is_limited(statement.tree):
            continue
        unknown = [name for name, gold in statement.golds.items() if gold.table.rows and gold.ranks is None]
        if unknown and (case.ties == "reject" or case.order_by):
            message = f"whether the LIMIT cuts rows that tie cannot be told on {_names(unknown)}."
            yield (error if case.ties == "reject" else warning)("tie_unknown", message)


def shapes(subject: Subject) -> Iterator[Problem]:
    """The same columns everywhere, each of numbers or of texts."""
    for statement in subject.statements:
        golds = statement.golds
        if len({gold.table.columns for gold in golds.values()}) > 1:
            yield error("shape", f"its columns are not the same on {_names(list(golds))}.")
            continue
        for place, name in enumerate(next(iter(golds.values())).table.columns if golds else ()):
            kinds = {kind for gold in golds.values() if (kind := _kind(gold.table, place))}
            if len(kinds) > 1:
                yield error("shape", f"“{name}” has {' on one instance and '.join(sorted(kinds))} on another.")


def whole_results(subject: Subject) -> Iterator[Problem]:
    limit = subject.row_limit
    for statement in subject.statements if limit else ():
        longest = max((len(gold.table.rows) for gold in statement.golds.values()), default=0)
        if limit and longest > limit:
            yield error("too_long", f"it has {longest:,} rows, and an answer is cut at {limit:,}: none could be right.")


def passable(subject: Subject) -> Iterator[Problem]:
    if subject.refusal:
        yield warning(
            "guard_refuses", f"the guard refuses each gold for this role, so no answer passes: {subject.refusal}"
        )


def transpiled_truly(subject: Subject) -> Iterator[Problem]:
    for sentence in subject.untrue:
        yield error("transpiled_differs", sentence)


RESULT_RULES: Final[tuple[Rule, ...]] = (running, rows, values, ties, shapes, whole_results, passable, transpiled_truly)


def _required(gold: Gold) -> tuple[tuple[object, ...], ...]:
    """The values of the required columns, by column."""
    return tuple(gold.table.column(place) for place in gold.places or range(len(gold.table.columns)))


def _without_value(gold: Gold) -> str:
    """The first required column that has none, "" where each has one or there are no rows."""
    names = gold.required or gold.table.columns
    empty = (name for name, column in zip(names, _required(gold), strict=True) if set(column) == {None})
    return next(empty, "")


def _is_zero(gold: Gold) -> bool:
    return len(gold.table.rows) == 1 and all(column == (0,) for column in _required(gold))


def _base(statement: Statement) -> str:
    return statement.reads[0].instance if statement.reads else ""


def _kind(table: Table, place: int) -> str:
    """ "" where there is no value to tell it by."""
    present = [value for value in table.column(place) if value is not None]
    if not present:
        return ""
    if any(isinstance(value, str | bytes) for value in present):
        return "texts"
    return "values"


def _names(instances: Sequence[str]) -> str:
    return ", ".join(instances)

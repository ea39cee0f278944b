"""What a careful analyst would add to a result: it is empty, cut, unfinished, has gaps, or may count twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from difflib import get_close_matches

from sqlglot import exp

from nl2sql.answer.base import Finding
from nl2sql.answer.grains import bare, bucket_end, bucket_start
from nl2sql.answer.grammar import counted, listed, mid, opening
from nl2sql.answer.joins import multiplies
from nl2sql.answer.periods import long_day, merge, moment_words, period_in_sentence, read_moment
from nl2sql.answer.shape import Output, column_values
from nl2sql.answer.sources import Scope, conjuncts
from nl2sql.answer.speech import Speaker
from nl2sql.answer.timing import holds_days, time_condition
from nl2sql.engines.base import ResultTable


@dataclass(frozen=True, slots=True)
class Case:
    """All that a check may look at."""

    tree: exp.Expr
    outputs: tuple[Output, ...]
    result: ResultTable
    speaker: Speaker
    as_of: date
    row_filtered: tuple[str, ...] = ()

    def values(self, output: Output) -> list[object]:
        return column_values(self.result.table, output)


def find(case: Case) -> tuple[Finding, ...]:
    return tuple(finding for check in CHECKS for finding in check(case))


def unfinished(value: object, grain: str, as_of: date) -> bool:
    """The bucket goes on after the as-of day."""
    start = bucket_start(value, grain) if grain else None
    return start is not None and bucket_end(start, grain) > as_of + timedelta(days=1)


def _partial_view(case: Case) -> list[Finding]:
    """A number over some rows only must not be taken for the whole."""
    if not case.row_filtered:
        return []
    tables = case.speaker.tables(case.row_filtered)
    text = f"Your role sees only some of the {tables}: this is about those, and says nothing of the others."
    return [Finding("partial_view", "info", text)]


def _empty(case: Case) -> list[Finding]:
    if case.result.row_count:
        return []
    found = [Finding("empty", "info", "The query ran and found nothing. Check the conditions in the receipt.")]
    return found


def _unknown_values(case: Case) -> list[Finding]:
    """A filter value that the known vocabulary of its column does not hold, when nothing was found."""
    values = [v for o in case.outputs if o.role == "measure" for v in case.values(o)]
    if case.result.row_count and any(v not in (0, None) for v in values or [1]):
        return []
    found = []
    for select in case.tree.find_all(exp.Select):
        scope = Scope(select)
        for equal in select.find_all(exp.EQ):
            column, literal = equal.this, equal.expression
            if isinstance(column, exp.Column) and isinstance(literal, exp.Literal) and literal.is_string:
                found += _near(literal.name, case.speaker.labels.values.get(scope.key(column), {}), column, case)
    return found


def _near(value: str, known: object, column: exp.Column, case: Case) -> list[Finding]:
    if not isinstance(known, dict) and not hasattr(known, "items"):
        return []
    words = dict(known.items())
    if not words or value in words:
        return []
    spoken = {word.lower(): word for pair in words.items() for word in pair}
    close = get_close_matches(value.lower(), list(spoken), n=3, cutoff=0.6)
    hint = f" Near: {listed([f'“{spoken[c]}”' for c in close], 'or')}." if close else ""
    label = case.speaker.column(column)
    return [Finding("unknown_value", "warning", f"“{value}” is not among the known values of {label}.{hint}")]


def _truncated(case: Case) -> list[Finding]:
    if not case.result.truncated:
        return []
    rows = counted(case.result.row_count, "row")
    text = f"Only the first {rows} are here; there are more. Totals of these rows are not totals of everything."
    return [Finding("truncated", "warning", text)]


def _unfinished_period(case: Case) -> list[Finding]:
    for output in case.outputs:
        starts = [(s, v) for v in case.values(output) if output.grain and (s := bucket_start(v, output.grain))]
        if not starts:
            continue
        start, value = max(starts, key=lambda pair: pair[0])
        if unfinished(value, output.grain, case.as_of):
            state = "is not over" if start <= case.as_of else "has not begun"
            name = output.show(value)
            advice = f"do not compare it with full {output.grain}s."
            text = f"{opening(name)} {state} on {long_day(case.as_of)}: {advice}"
            return [Finding("period_not_over", "warning", text)]
        return []
    return _unfinished_filter(case)


def _unfinished_filter(case: Case) -> list[Finding]:
    """The statement asks for a period that goes on after the as-of day, without splitting it."""
    where = case.tree.args.get("where")
    times = [t for p in conjuncts(where.this if where else None) if (t := time_condition(p, case.speaker))]
    for time in merge(times):
        start, end = time.period.start, time.period.end
        if start is not None and end is not None and end.date() > case.as_of + timedelta(days=1):
            asked = period_in_sentence(time.period)
            text = f"The period asked for ({asked}) is not over: today is {long_day(case.as_of)}."
            return [Finding("period_not_over", "info", text)]
    return []


def _missing_groups(case: Case) -> list[Finding]:
    found = []
    has_measure = any(o.is_aggregate for o in case.outputs)
    for output in case.outputs:
        nulls = case.result.table.column(output.position).null_count
        if not nulls or case.result.row_count < 2:
            continue
        label = mid(output.title)
        if output.role in ("time", "category", "id") and has_measure:
            found.append(Finding("null_group", "info", f"One group has no {label}: rows where it is empty."))
        elif output.is_aggregate:
            text = f"{counted(nulls, 'row')} {'has' if nulls == 1 else 'have'} no value for {label}."
            found.append(Finding("null_measure", "info", text))
    return found


def _single_group(case: Case) -> list[Finding]:
    """A breakdown of one group, though the statement does not hold its column to one value."""
    select = case.tree
    if not isinstance(select, exp.Select) or not select.args.get("group") or case.result.row_count != 1:
        return []
    limit = select.args.get("limit")
    if isinstance(limit, exp.Limit) and limit.expression.name == "1":
        return []
    groups = [o for o in case.outputs if o.role in ("time", "category")]
    if not groups or not any(o.is_aggregate for o in case.outputs):
        return []
    shown = groups[0].show(case.values(groups[0])[0])
    return [Finding("single_group", "info", f"Only one group came back ({mid(groups[0].title)}: {shown}).")]


def _fan_out(case: Case) -> list[Finding]:
    """A sum or average over a table whose rows a join is known, from the keys, to repeat."""
    found: dict[str, Finding] = {}
    for select in case.tree.find_all(exp.Select):
        speaker = case.speaker.within(Scope(select))
        repeated: dict[str, str] = {}  # alias → what repeats it
        seen = [speaker.scope.first.alias] if speaker.scope.first else []
        for join in select.args.get("joins") or []:
            alias = join.this.alias_or_name
            if multiplies(join, speaker):
                table = speaker.scope.sources[alias].table
                repeated.update({before: table for before in seen if before not in repeated})
            seen.append(alias)
        for aggregate in select.find_all(exp.Sum, exp.Avg):
            column = next(aggregate.find_all(exp.Column), None)
            by = repeated.get(column.table) if column is not None else None
            if column is None or by is None or isinstance(aggregate.this, exp.Distinct) or _is_constant(aggregate):
                continue
            what = speaker.column(column)
            text = f"“{what}” may be counted more than once: its rows repeat for each {speaker.singular(by)}."
            found[text] = Finding("fan_out", "warning", text)
    return list(found.values())


def _is_constant(aggregate: exp.Expr) -> bool:
    """SUM(CASE WHEN … THEN 1 …) counts rows; the joined rows are what it means to count."""
    branches = [b.args["true"] for b in aggregate.find_all(exp.If)]
    return bool(branches) and all(isinstance(b, exp.Literal) for b in branches)


def _first_moment_of_last_day(case: Case) -> list[Finding]:
    """`<= '2025-12-31'` on a column of moments leaves that day out but for midnight."""
    found = []
    for node in case.tree.find_all(exp.LTE, exp.Between):
        column = bare(node.this)
        bound = node.args["high"] if isinstance(node, exp.Between) else node.expression
        moment = read_moment(bound)
        select = node.find_ancestor(exp.Select)
        if not isinstance(column, exp.Column) or moment is None or not moment.is_day or select is None:
            continue
        if holds_days(column, case.speaker.within(Scope(select))) is False:
            text = f"{moment_words(moment.at)} is left out, except for its first moment (midnight)."
            found.append(Finding("last_day_left_out", "warning", text))
    return found


CHECKS: tuple[Callable[[Case], list[Finding]], ...] = (
    _partial_view,
    _empty,
    _unknown_values,
    _truncated,
    _fan_out,
    _first_moment_of_last_day,
    _unfinished_period,
    _missing_groups,
    _single_group,
)

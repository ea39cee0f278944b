"""What a careful analyst would add to a result: it is empty, cut, unfinished, has gaps, or may count twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from difflib import get_close_matches

import pyarrow as pa
from sqlglot import exp

from nl2sql.answer.base import Finding
from nl2sql.answer.grains import bare, bucket_end, bucket_start
from nl2sql.answer.grammar import counted, listed, mid, opening
from nl2sql.answer.joins import multiplies
from nl2sql.answer.outliers import FEWEST_POINTS, standing_out
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
                key, labels = scope.key(column), case.speaker.labels
                known = labels.values.get(key, {}) if key in labels.listed else {}
                found += _near(literal.name, known, column, case)
    return found


def _near(value: str, known: Mapping[str, str], column: exp.Column, case: Case) -> list[Finding]:
    if not known or value in known:
        return []
    spoken = {word.lower(): word for pair in known.items() for word in pair}
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
            text = f"One group has no {label}: rows where it is empty{_share_of_nulls(case, output)}."
            found.append(Finding("null_group", "info", text))
        elif output.is_aggregate:
            text = f"{counted(nulls, 'row')} {'has' if nulls == 1 else 'have'} no value for {label}."
            found.append(Finding("null_measure", "info", text))
    return found


def _share_of_nulls(case: Case, group: Output) -> str:
    """ ", 34 % of the number of users", where the groups of the first number add up to a whole."""
    measure = next((o for o in case.outputs if o.is_aggregate), None)
    if measure is None or not measure.adds_up or case.result.truncated:
        return ""
    numbers = [float(v) if isinstance(v, int | float | Decimal) else 0.0 for v in case.values(measure)]
    whole = sum(numbers)
    if whole <= 0 or min(numbers) < 0:
        return ""
    empty = sum(n for n, g in zip(numbers, case.values(group), strict=True) if g is None)
    return f", {_percent(empty / whole)} of the {mid(measure.title)}"


def _percent(share: float) -> str:
    return "less than 1 %" if 0 < share < 0.01 else f"{share * 100:.0f} %"


def _outlier(case: Case) -> list[Finding]:
    """Of the first number along the calendar, one series at a time; the last bucket only where it is over."""
    times = [o for o in case.outputs if o.grain]
    others = [o for o in case.outputs if o.role in ("category", "id", "text")]
    measure = next((o for o in case.outputs if o.is_aggregate), None)
    if len(times) != 1 or others or measure is None or measure.derived.kind or case.result.row_count < FEWEST_POINTS:
        return []
    time = times[0]
    pairs = [
        (start, value, float(number))
        for value, number in zip(case.values(time), case.values(measure), strict=True)
        if isinstance(number, int | float | Decimal)
        and (start := bucket_start(value, time.grain)) is not None
        and not unfinished(value, time.grain, case.as_of)
    ]
    pairs.sort(key=lambda pair: pair[0])
    is_count = all(number.is_integer() for _, _, number in pairs)
    found = standing_out([number for _, _, number in pairs], is_count=is_count)
    if found is None:
        return []
    place, level = found
    _, value, number = pairs[place]
    around = measure.show(round(level) if is_count else level)
    what = f"{mid(measure.title)} is {measure.show(number if not is_count else int(number))}"
    text = f"{opening(time.show(value))} stands out: {what}, against about {around} around it."
    return [Finding("outlier", "info", text)]


def _repeated_rows(case: Case) -> list[Finding]:
    """Of a list: rows that nothing shown tells apart. A list of one column is one of values, where that is no news."""
    select = case.tree
    is_list = isinstance(select, exp.Select) and not select.args.get("group") and not select.args.get("distinct")
    if not is_list or len(case.outputs) < 2 or any(o.is_aggregate for o in case.outputs) or case.result.row_count < 2:
        return []
    table = case.result.table.rename_columns([str(place) for place in range(case.result.table.num_columns)])
    try:
        different = table.group_by(table.column_names).aggregate([]).num_rows
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):  # lists and structs are not compared
        return []
    again = case.result.row_count - different
    if not again:
        return []
    rows = f"{counted(again, 'row')} {'looks' if again == 1 else 'look'}"
    text = f"{rows} like another one: nothing shown tells them apart."
    return [Finding("repeated_rows", "info", text)]


def _single_group(case: Case) -> list[Finding]:
    """A breakdown of one group, though the statement does not ask for one."""
    select = case.tree
    if not isinstance(select, exp.Select) or not select.args.get("group") or case.result.row_count != 1:
        return []
    limit = select.args.get("limit")
    is_first = isinstance(limit, exp.Limit) and limit.expression.name == "1"
    if is_first or select.find(exp.Rank, exp.DenseRank, exp.RowNumber) is not None:
        return []  # one was asked for
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
    _outlier,
    _missing_groups,
    _repeated_rows,
    _single_group,
)

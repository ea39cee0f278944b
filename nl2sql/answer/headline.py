"""One sentence from the result and the tree, by template. It claims nothing the rows do not show."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from sqlglot import exp

from nl2sql.answer.clauses import group_keys
from nl2sql.answer.durations import without_unit
from nl2sql.answer.findings import unfinished
from nl2sql.answer.formats import MISSING, percent
from nl2sql.answer.grains import bucket_start
from nl2sql.answer.grammar import counted, listed, mid, opening, pretty, singular
from nl2sql.answer.rankings import top_of_each
from nl2sql.answer.result_order import is_ascending, is_top, ordering_measure
from nl2sql.answer.scope_words import scope_words
from nl2sql.answer.shape import Output, column_values
from nl2sql.answer.sources import conjuncts, is_scalar, leading_select
from nl2sql.answer.speech import Speaker
from nl2sql.answer.trends import Row, growth_along, growth_between, leader_growth, running_end
from nl2sql.engines.base import ResultTable

_SENTENCE_AT_MOST = 120  # characters of conditions that can still be read in one breath


def headline(tree: exp.Expr, outputs: tuple[Output, ...], result: ResultTable, speaker: Speaker, as_of: date) -> str:
    if result.row_count == 0:
        return _empty(tree, speaker)
    outputs = tuple(map(_in_any_unit, outputs))
    dimensions = [o for o in outputs if o.role != "measure"]
    measures = [o for o in outputs if o.role == "measure"]
    if result.row_count == 1 and is_scalar(tree):
        return _scalar(tree, outputs, result, speaker)
    if result.row_count == 1 or not measures or not any(o.is_aggregate for o in measures):
        if result.row_count > 1 and is_top(tree, dimensions, measures):
            return _ranking(tree, [d for d in dimensions if d.role == "category"], measures, result, speaker)
        return _list(tree, outputs, result, speaker)
    if len(dimensions) == 1 and dimensions[0].role == "time":
        return _series(tree, dimensions[0], measures, result, speaker, as_of)
    if len(dimensions) == 1 or all(d.role != "time" for d in dimensions):
        return _ranking(tree, dimensions, measures, result, speaker)
    return _cross(tree, dimensions, measures, result, speaker)


def _in_any_unit(output: Output) -> Output:
    """A time is shown in the unit that fits, so its title names none."""
    if not output.duration:
        return output
    return replace(output, label=replace(output.label, label=without_unit(output.title, output.duration)))


def _values(result: ResultTable, output: Output) -> list[object]:
    return column_values(result.table, output)


def _scalar(tree: exp.Expr, outputs: tuple[Output, ...], result: ResultTable, speaker: Speaker) -> str:
    row = [(output, _values(result, output)[0]) for output in outputs]
    scope = scope_words(tree, speaker, outputs[0])
    grown = growth_between(outputs, {output.name: value for output, value in row})
    if grown:
        return grown
    if all(value is None for _, value in row):
        what = listed([mid(o.title) for o, _ in row], "or")
        return f"There is no value for {what}{scope}: no row had one."
    if len(row) == 1:
        output, value = row[0]
        counted_rows = _counted_rows(tree, output, value, speaker)
        if counted_rows:
            return counted_rows
        return f"{output.title}{scope} {_verb(output, scope)} {output.show(value)}."
    parts = [f"{mid(o.title)} {o.show(v) if v is not None else 'has no value'}" for o, v in row]
    start = f"{opening(scope.strip())}: " if scope else ""
    return f"{start}{opening(listed(parts)) if not start else listed(parts)}."


def _counted_rows(tree: exp.Expr, output: Output, value: object, speaker: Speaker) -> str:
    """ "500 users with at least 2 sold listings.": a count whose only condition says which rows are meant."""
    select = leading_select(tree)
    where = select.args.get("where") if select is not None else None
    parts = conjuncts(where.this) if where else []
    noun = mid(output.title).removeprefix("number of ")
    if len(parts) != 1 or noun == mid(output.title) or not isinstance(value, int):
        return ""
    words = speaker.say(parts[0])
    if not words.startswith(f"{noun} with") or "`" in words or len(words) > _SENTENCE_AT_MOST:
        return ""
    shown = words if value != 1 else words.replace(noun, singular(noun), 1)
    return f"{output.show(value)} {shown}."


def _verb(output: Output, scope: str) -> str:
    title = output.title.lower()
    is_plural = title.endswith("s") and not title.endswith("ss") and " of " not in title
    if is_plural:
        return "were" if scope else "are"
    return "was" if scope else "is"


def _as_subject(name: str) -> str:
    """At the beginning of a sentence; a name that is none of a language (ben_z, anna23) is spelled as it is stored."""
    is_spelled = any(mark == "_" or mark.isdigit() for mark in name.split(" ", 1)[0])
    return name if is_spelled else opening(name)


def _ranking(
    tree: exp.Expr, dimensions: list[Output], measures: list[Output], result: ResultTable, speaker: Speaker
) -> str:
    measure = ordering_measure(tree, measures)
    values = _numbers(result, measure)
    present = [v for v in values if v is not None]
    scope = scope_words(tree, speaker, measure)
    if not present:
        return f"None of {_rows_words(result)} has a value for {mid(measure.title)}{scope}."
    lowest_first = is_ascending(tree, measure)
    best = min(present) if lowest_first else max(present)
    winners = [i for i, v in enumerate(values) if v == best]
    shown = measure.show(_values(result, measure)[winners[0]])
    what = mid(measure.title)
    if len(winners) > 1:
        edge = "lowest" if lowest_first else "highest"
        return f"{len(winners):,} of {_rows_words(result)} share the {edge} {what}{scope}: {shown}."
    name = _name(dimensions, result, winners[0])
    if lowest_first:
        return f"{_as_subject(name)} has the lowest {what}{scope}: {shown}."
    share = "" if _leaves_out(tree, speaker) else _share(measure, best, values, result)
    place = dimensions[0] if len(dimensions) == 1 else None
    if place is not None and (place.cycle or place.width is not None):
        at = {"day of the week": "on", "hour of the day": "at"}.get(place.cycle, "in" if place.cycle else "for")
        where = name if place.cycle else f"{mid(place.title)} {name}"
        return f"{measure.title}{scope} is highest {at} {where}: {shown}{share}."
    row = {m.name: _values(result, m)[winners[0]] for m in measures}
    top = _top_of_each(tree, speaker)
    if top:
        return f"Of the {top}, {name} leads{scope} with {_amount_of(shown, measure)}."
    second = "" if _leaves_out(tree, speaker) else _second(measure, measures, dimensions, result)
    more = leader_growth(measures, measure, row) + second
    return f"{_as_subject(name)} leads{scope} with {_amount_of(shown, measure)}{share}{more}."


def _top_of_each(tree: exp.Expr, speaker: Speaker) -> str:
    clause = tree.args.get("qualify")
    parts = conjuncts(clause.this) if clause is not None else []
    return next((first for part in parts if (first := top_of_each(part, speaker)[0])), "")


def _leaves_out(tree: exp.Expr, speaker: Speaker) -> bool:
    """Groups are missing from the result: their values do not add up to the total."""
    if any(tree.args.get(name) for name in ("limit", "having", "qualify")):
        return True
    is_of_steps = any(source.query is not None for source in speaker.scope.sources.values())
    return bool(is_of_steps and tree.args.get("where"))


def _second(measure: Output, measures: list[Output], dimensions: list[Output], result: ResultTable) -> str:
    """ "; highest number of bids: Electronics (13,660)", where a second number stands beside the first."""
    others = [m for m in measures if m.name != measure.name and m.derived.kind == "" and m.is_aggregate]
    if len(others) != 1 or any(m.derived.kind for m in measures):
        return ""
    values = _numbers(result, others[0])
    best = max((v for v in values if v is not None), default=None)
    rows = [i for i, v in enumerate(values) if v == best]
    if best is None or len(rows) != 1:
        return ""
    shown = others[0].show(_values(result, others[0])[rows[0]])
    return f"; highest {mid(others[0].title)}: {_name(dimensions, result, rows[0])} ({shown})"


def _amount_of(shown: str, measure: Output) -> str:
    """ "€412,300 GMV", "12 bids", or "€12.00 (average of amount)" for a description."""
    title = mid(measure.title)
    if title.startswith("number of ") and " with " not in title and ", " not in title:
        noun = title.removeprefix("number of ")
        return f"{shown} {singular(noun) if shown == '1' else noun}"
    return f"{shown} {mid(measure.title)}" if measure.is_metric else f"{shown} ({mid(measure.title)})"


def _share(measure: Output, best: Decimal, values: list[Decimal | None], result: ResultTable) -> str:
    """Only for values that add up, none negative or missing, and only where every group is there."""
    present = [v for v in values if v is not None]
    total = sum(present, Decimal(0))
    if not measure.adds_up or result.truncated or len(present) < len(values) or total <= 0 or min(present) < 0:
        return ""
    return f", {percent(best / total)} of the total"


def _numbers(result: ResultTable, output: Output) -> list[Decimal | None]:
    numbers: list[Decimal | None] = []
    for value in _values(result, output):
        number = Decimal(str(value)) if isinstance(value, int | float | Decimal) else None
        numbers.append(number if number is not None and number.is_finite() else None)
    return numbers


def _name(dimensions: list[Output], result: ResultTable, row: int) -> str:
    """The group of a row by its names; IDs only when there is nothing else."""
    named = [d for d in dimensions if d.role != "id"] or dimensions
    parts = []
    for each in named:
        value = _values(result, each)[row]
        parts.append(f"(no {mid(each.title)})" if value is None else each.show(value))
    return " / ".join(parts)


def _series(
    tree: exp.Expr, bucket: Output, measures: list[Output], result: ResultTable, speaker: Speaker, as_of: date
) -> str:
    measure = measures[0]
    rows = [
        (when, value)
        for when, value in zip(_values(result, bucket), _numbers(result, measure), strict=True)
        if when is not None and value is not None
    ]
    scope = scope_words(tree, speaker, measure)
    if len(rows) < 2:
        return _list(tree, (bucket, *measures), result, speaker)
    rows.sort(key=lambda row: (str(bucket_start(row[0], bucket.grain) or ""), str(row[0])))
    table = _records((bucket, *measures), result, bucket)
    grown = growth_along(
        measures, bucket, [r for r in table if not unfinished(r[bucket.name], bucket.grain, as_of)], scope
    )
    if grown:
        return grown
    whole = [row for row in rows if not unfinished(row[0], bucket.grain, as_of)] or rows
    low, high, last = min(whole, key=_value_of), max(whole, key=_value_of), whole[-1]

    def said(row: tuple[object, Decimal]) -> str:
        return f"{measure.show(row[1])} {'on' if bucket.grain in ('day', 'hour') else 'in'} {bucket.show(row[0])}"

    start = f"{measure.title} per {bucket.grain}{scope}"
    if low[1] == high[1]:
        return f"{start}: {measure.show(low[1])} in every {bucket.grain} shown."
    ends = f"; last full {bucket.grain} {said(last)}" if last not in (low, high) else ""
    cut = f", among the first {result.row_count:,} rows" if result.truncated else ""
    cut += "" if result.truncated else running_end(measures, bucket, table)
    return f"{start}: lowest {said(low)}, highest {said(high)}{ends}{cut}."


def _records(outputs: tuple[Output, ...], result: ResultTable, bucket: Output) -> list[Row]:
    """The rows by output name, in the order of their buckets; without the ones that have none."""
    columns = {output.name: _values(result, output) for output in outputs}
    rows = [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]
    rows = [row for row in rows if row[bucket.name] is not None]
    return sorted(rows, key=lambda r: (str(bucket_start(r[bucket.name], bucket.grain) or ""), str(r[bucket.name])))


def _value_of(row: tuple[object, Decimal]) -> Decimal:
    return row[1]


def _cross(
    tree: exp.Expr, dimensions: list[Output], measures: list[Output], result: ResultTable, speaker: Speaker
) -> str:
    measure = measures[0]
    values = _numbers(result, measure)
    by = listed([mid(d.title) for d in dimensions if d.role != "id"] or [mid(d.title) for d in dimensions])
    present = [(v, i) for i, v in enumerate(values) if v is not None]
    start = f"{measure.title} by {by}{scope_words(tree, speaker, measure)}"
    if not present:
        return f"{start}: no row has a value."
    best, row = max(present)
    ties = sum(1 for v, _ in present if v == best)
    shown = measure.show(_values(result, measure)[row])
    if ties > 1:
        return f"{start}: the highest is {shown}, in {ties:,} of {_rows_words(result)}."
    return f"{start}: the highest is {shown} for {_name(dimensions, result, row)}, of {_rows_words(result)}."


def _list(tree: exp.Expr, outputs: tuple[Output, ...], result: ResultTable, speaker: Speaker) -> str:
    noun = _entity(tree, speaker)
    if result.truncated:
        return f"More than {result.row_count:,} {noun[1]} match; the first {result.row_count:,} are shown."
    if result.row_count > 1:
        has_where = isinstance(tree, exp.Select) and tree.args.get("where")
        return f"{result.row_count:,} {noun[1]}{' match' if has_where else ''}."
    cells = [(o, _values(result, o)[0]) for o in outputs]
    parts = [o.show(v) if v is not None else MISSING for o, v in cells]
    if len(cells) == 1:
        return f"One {noun[0]}: {parts[0]}."
    body = ", ".join(f"{mid(o.title)} {part}" for (o, _), part in zip(cells[1:4], parts[1:4], strict=True))
    return f"One {noun[0]}: {parts[0]}, {body}{' …' if len(cells) > 4 else ''}."


def _entity(tree: exp.Expr, speaker: Speaker) -> tuple[str, str]:
    """What one row is, (singular, plural): the table's label for a plain list from one table, else "row"."""
    select = leading_select(tree)
    source = speaker.scope.first
    if not isinstance(tree, exp.Select) or select is None or source is None or not source.table:
        return "row", "rows"
    if group_keys(select) or select.args.get("distinct") or select.args.get("joins"):
        return "row", "rows"
    return speaker.singular(source.table), speaker.plural(source.table)


def _rows_words(result: ResultTable) -> str:
    return f"the first {result.row_count:,} rows" if result.truncated else counted(result.row_count, "row")


def _empty(tree: exp.Expr, speaker: Speaker) -> str:
    select = leading_select(tree)
    where = select is not None and (select.args.get("where") or select.args.get("having") or select.args.get("joins"))
    noun = pretty(_entity(tree, speaker)[1])
    return f"No {noun} match these conditions." if where else f"There are no {noun}."

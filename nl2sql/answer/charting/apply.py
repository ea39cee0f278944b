"""What a person chose, over the chart that was chosen for them: a whole spec again, with a title that says what is cut.

A choice that does not fit the result (any more) is left out rather than drawn wrongly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from nl2sql.answer.base import ChartKind, ChartSpec, ColumnLabel, Stack
from nl2sql.answer.chart_options import AUTOMATIC, ChartOptions
from nl2sql.answer.charting.columns import ChartColumn, ChartColumns, places, read_columns
from nl2sql.answer.charting.kinds import can_stack, is_distribution, kinds_of, time_of
from nl2sql.answer.charting.limits import (
    MAX_BARS,
    MAX_DOTS,
    MAX_GROUPED_BARS,
    MAX_GROUPS,
    MAX_LINES,
    MAX_SERIES,
    MIN_GROUP_ROWS,
)
from nl2sql.answer.grammar import mid
from nl2sql.engines.base import ResultTable

_FAMILY: dict[ChartKind, ChartKind] = {"grouped_bar": "bar", "multi_line": "line"}
NONE = "-"  # in `colour`: nothing
_FEW_NAMES = 3  # countries that a title can name before it only counts them


def apply_options(
    spec: ChartSpec | None, options: ChartOptions, result: ResultTable, labels: Sequence[ColumnLabel]
) -> ChartSpec | None:
    """The chart to draw; None where a table says it best, or was chosen. `spec` and `labels` are the answer's own
    `chart` and `columns`. With AUTOMATIC, `spec` as it is, or the numbers of a single row."""
    if options.kind == "table":
        return None
    if options == AUTOMATIC and spec is not None:
        return spec
    columns = read_columns(result, labels, spec)
    kinds = kinds_of(columns, result, spec)
    kind = chosen_kind(kinds, options, spec)
    if kind == "number":
        return _numbers(columns)
    if kind in ("scatter", "histogram", "box"):
        return _of_measures(kind, spec, options, columns)
    return _with_dimensions(kind, spec, options, columns, result) if kind is not None and spec is not None else spec


def family(kind: ChartKind) -> ChartKind:
    """Grouped bars are bars, and several lines are lines."""
    return _FAMILY.get(kind, kind)


def chosen_kind(kinds: Sequence[ChartKind], options: ChartOptions, spec: ChartSpec | None) -> ChartKind | None:
    """What was asked for where it is honest, else what was chosen for the result."""
    wanted = options.kind
    if wanted != "" and wanted != "table":
        for kind in kinds:
            if family(kind) == family(wanted):
                return kind
    if spec is not None:
        return spec.kind if spec.kind in kinds else None
    return "number" if "number" in kinds else None


def _numbers(columns: ChartColumns) -> ChartSpec:
    labels = tuple(each.label for each in columns.all)
    drawn = ChartSpec("number", "", tuple(each.name for each in columns.all), title=_joined(labels), y_labels=labels)
    return _in_units(drawn, columns.all[0])


def _with_dimensions(
    kind: ChartKind, spec: ChartSpec, options: ChartOptions, columns: ChartColumns, result: ResultTable
) -> ChartSpec:
    x, series = dimensions(kind, spec, options, columns)
    chosen = measures(kind, spec, options, columns, has_series=bool(series))
    drawn = replace(spec, x=x.name, series=series.name if series else "", x_title=x.title)
    drawn = replace(drawn, y=tuple(each.name for each in chosen), y_labels=tuple(each.label for each in chosen))
    drawn = _in_units(replace(drawn, kind=_exact(kind, drawn), y_title=_joined(drawn.y_labels)), chosen[0])
    drawn = replace(drawn, stack=_stack(drawn, options, columns))
    drawn = replace(drawn, log=options.log and can_log(drawn, columns), sort=options.sort, top=max(0, options.top))
    if x.role == "time":
        drawn = replace(drawn, sort="")
    by = f"by {mid(x.title)}" + (f" and {mid(series.title)}" if series else "")
    cut = _not_on_the_map(x, result) if kind == "map" else _cut(drawn, x, series, columns)
    whole = ", as shares of what is shown" if cut else ", as shares"
    shares = whole if drawn.stack == "percent" else ""
    return _titled(drawn, f"{drawn.y_title} {by}{shares}", cut)


def dimensions(
    kind: ChartKind, spec: ChartSpec, options: ChartOptions, columns: ChartColumns
) -> tuple[ChartColumn, ChartColumn | None]:
    """`x` and what splits the marks. Two dimensions can change places; neither can be left out, as its rows would be
    drawn on top of one another."""
    both = [each for name in (spec.x, spec.series) if name and (each := columns.get(name)) is not None]
    time = time_of(columns, spec)
    x = next((each for each in both if each.name == options.x), None)
    if x is None and options.colour not in ("", NONE):
        x = next((each for each in both if each.name != options.colour and len(both) == 2), None)
    if family(kind) in ("line", "area") and time is not None:
        x = time
    x = x or both[0]
    return x, next((each for each in both if each is not x), None)


def measures(
    kind: ChartKind, spec: ChartSpec, options: ChartOptions, columns: ChartColumns, *, has_series: bool
) -> list[ChartColumn]:
    """Those that were chosen, as far as they share the first one's unit and the kind can show several."""
    names = [name for name in options.y if name] or list(spec.y)
    found = [each for name in names if (each := columns.get(name)) is not None and each.role == "measure"]
    found = found or [each for name in spec.y if (each := columns.get(name)) is not None]
    if has_series or kind in ("pie", "map", "area"):
        return found[:1]
    return [each for each in found if each.scale == found[0].scale][:MAX_SERIES]


def can_log(drawn: ChartSpec, columns: ChartColumns) -> bool:
    """All values above 0, and nothing stacked, cut or filled, whose length or area would be read as a number."""
    values = [columns.get(name) for name in ((drawn.x, *drawn.y) if drawn.kind == "scatter" else drawn.y)]
    is_positive = all(each is not None and each.low > 0 for each in values)
    fits = drawn.kind in ("bar", "grouped_bar", "line", "multi_line", "scatter", "box")
    return is_positive and fits and drawn.stack in ("", "beside")


def stacks(drawn: ChartSpec, columns: ChartColumns) -> tuple[Stack, ...]:
    """Ways to put the parts of `drawn` together, the usual one first."""
    if drawn.kind not in ("grouped_bar", "area") or not drawn.series:
        return ()
    if not can_stack(columns, drawn):
        return ("beside",)
    if drawn.kind == "area":
        return ("stacked", "percent")
    sides = [columns.get(name) for name in (drawn.x, drawn.series)]
    marks = min(sides[0].distinct, MAX_BARS) * min(sides[1].distinct, MAX_SERIES) if sides[0] and sides[1] else 0
    return ("stacked", "percent") if marks > MAX_GROUPED_BARS else ("beside", "stacked", "percent")


def _stack(drawn: ChartSpec, options: ChartOptions, columns: ChartColumns) -> Stack:
    possible = stacks(drawn, columns)
    return options.stack if options.stack in possible else (possible[0] if possible else "")


def _of_measures(
    kind: Literal["scatter", "histogram", "box"], spec: ChartSpec | None, options: ChartOptions, columns: ChartColumns
) -> ChartSpec:
    if kind == "scatter":
        return _scatter(spec, options, columns)
    possible = [each for each in columns.of("measure") if is_distribution(each)]
    wanted = [*options.y, *(spec.y if spec is not None else ())]
    measure = next((each for name in wanted for each in possible if each.name == name), possible[0])
    drawn = ChartSpec(kind, "", (measure.name,), y_title=measure.title, y_labels=(measure.label,), period=_period(spec))
    rows = f"{measure.present:,} rows" if not columns.truncated else f"the first {measure.present:,} rows"
    title = f"Distribution of {mid(measure.title)}"
    if kind == "box":
        possible_groups = groups(columns)
        group = next((each for each in possible_groups if each.name in (options.x, options.colour)), None)
        if group is None and not options.x and possible_groups:
            group = possible_groups[0]
        if group is not None:
            drawn = replace(drawn, x=group.name, x_title=group.title, sort=options.sort)
            title += f" by {mid(group.title)}"
        drawn = replace(drawn, log=options.log and can_log(drawn, columns))
    return _titled(_in_units(drawn, measure), title, rows)


def groups(columns: ChartColumns) -> tuple[ChartColumn, ...]:
    """Categories that boxes can be drawn for side by side."""
    return tuple(
        each
        for each in columns.of("category")
        if 2 <= each.distinct <= MAX_GROUPS and each.present >= MIN_GROUP_ROWS * each.distinct
    )


def _scatter(spec: ChartSpec | None, options: ChartOptions, columns: ChartColumns) -> ChartSpec:
    possible = columns.of("measure")
    x = next((each for each in possible if each.name == options.x), possible[0])
    rest = [each for each in possible if each is not x]
    y = next((each for name in options.y for each in rest if each.name == name), rest[0])
    colour = next((each for each in shades(columns) if each.name == options.colour), None)
    names = [each for each in columns.all if each.role in ("category", "time") and each.distinct > MAX_SERIES]
    names += [each for each in columns.all if each.role in ("category", "time") and each is not colour]
    drawn = ChartSpec(
        "scatter", x.name, (y.name,), colour.name if colour else "", period=_period(spec), x_title=x.title,
        y_title=y.title, y_labels=(y.label,), names=names[0].name if names else "",
        grain=spec.grain if spec is not None else "",
    )  # fmt: skip
    drawn = replace(_in_units(drawn, y), x_format=_format(x.label), x_unit=x.label.unit)
    drawn = replace(drawn, log=options.log and can_log(drawn, columns))
    rows = f"the first {columns.rows:,} rows" if columns.truncated else f"{columns.rows:,} rows"
    cut = f"{MAX_DOTS:,} of {rows}, evenly picked" if columns.rows > MAX_DOTS else (rows if columns.truncated else "")
    by = f" by {mid(colour.title)}" if colour else ""
    return _titled(drawn, f"{y.title} and {mid(x.title)}{by}", cut)


def shades(columns: ChartColumns) -> tuple[ChartColumn, ...]:
    """Categories with few enough values to colour points by."""
    return tuple(each for each in columns.of("category") if 2 <= each.distinct <= MAX_SERIES)


def _cut(drawn: ChartSpec, x: ChartColumn, series: ChartColumn | None, columns: ChartColumns) -> str:
    """What of the categories is shown: "10 largest of 48"."""
    is_bar = family(drawn.kind) == "bar"
    cut = []
    if is_bar and x.role == "category":
        cut.append(_largest(x, min(drawn.top or MAX_BARS, MAX_BARS), mid(x.title) if series else ""))
    if series is not None and series.role == "category":
        at_most = MAX_LINES if drawn.kind == "multi_line" else MAX_SERIES
        wanted = drawn.top if drawn.top and x.role == "time" else at_most
        cut.append(_largest(series, min(wanted, at_most), mid(series.title) if x.role == "category" else ""))
    told = " and ".join(each for each in cut if each)
    if not columns.truncated:
        return told
    return f"{told} of the first {columns.rows:,} rows" if told else f"the first {columns.rows:,} rows"


def _largest(column: ChartColumn, at_most: int, what: str) -> str:
    if column.distinct <= at_most:
        return ""
    return f"{at_most} largest of {column.distinct:,}" + (f" by {what}" if what else "")


def _not_on_the_map(x: ChartColumn, result: ResultTable) -> str:
    found = places(result.table.column(x.name))
    told = []
    if found.unknown:
        told.append(f"without {_named(found.unknown)}, which is no country" if len(found.unknown) == 1 else
                    f"without {_named(found.unknown)}, which are no countries")  # fmt: skip
    if found.unseen:
        told.append(f"too small to be seen: {_named(found.unseen)}")
    return "; ".join(told)


def _named(values: Sequence[str]) -> str:
    return ", ".join(values) if len(values) <= _FEW_NAMES else f"{len(values):,} values"


def _titled(drawn: ChartSpec, start: str, cut: str) -> ChartSpec:
    period = f" {drawn.period}" if drawn.period else ""
    return replace(drawn, title=f"{start}{period}{f': {cut}' if cut else ''}")


def _exact(kind: ChartKind, drawn: ChartSpec) -> ChartKind:
    several = bool(drawn.series) or len(drawn.y) > 1
    if family(kind) == "bar":
        return "grouped_bar" if several else "bar"
    if family(kind) == "line":
        return "multi_line" if several else "line"
    return kind


def _in_units(drawn: ChartSpec, measure: ChartColumn) -> ChartSpec:
    return replace(drawn, y_format=_format(measure.label), unit=measure.label.unit)


def _format(label: ColumnLabel) -> Literal["number", "money", "percent"]:
    formats: dict[str, Literal["number", "money", "percent"]] = {"money": "money", "percent": "percent"}
    return formats.get(label.format, "number")


def _joined(labels: Sequence[ColumnLabel]) -> str:
    words = [labels[0].label, *(mid(each.label) for each in labels[1:])]
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]


def _period(spec: ChartSpec | None) -> str:
    return spec.period if spec is not None else ""

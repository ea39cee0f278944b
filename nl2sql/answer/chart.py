"""Which chart shows a result best, as a typed spec. IDs are never charted; a list of texts has no chart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Literal

from nl2sql.answer.base import ChartSpec
from nl2sql.answer.charting.limits import MAX_BARS, MAX_GROUPED_BARS, MAX_LINES, MAX_SERIES
from nl2sql.answer.grammar import mid
from nl2sql.answer.shape import Output, column_values
from nl2sql.engines.base import ResultTable

_FEW_BUCKETS = 4  # up to four years or quarters are compared side by side rather than as a line
_SAME_SCALE = 20  # two measures share an axis when their largest values differ by less than this factor


def choose_chart(outputs: Sequence[Output], result: ResultTable, period: str = "") -> ChartSpec | None:
    """`period` ("in 2025") ends the title: a picture travels without its receipt."""
    spec = _choose(outputs, result)
    if spec is None or not period:
        return spec
    start, colon, rest = spec.title.partition(": ")
    return replace(spec, period=period, title=f"{start} {period}{colon}{rest}")


def _choose(outputs: Sequence[Output], result: ResultTable) -> ChartSpec | None:
    names = [o.name for o in outputs]
    usable = [o for o in outputs if names.count(o.name) == 1]
    measures = [o for o in usable if o.role == "measure" and _has_numbers(result, o)]
    dimensions = [o for o in usable if o.role in ("time", "category")]
    if result.row_count == 0 or not measures:
        return None
    if result.row_count == 1 and len(outputs) == 1:
        return _spec("number", measures[0], title=measures[0].title)
    if result.row_count < 2 or (any(o.role == "text" for o in outputs) and not _all_aggregates(measures)):
        return None
    if len(dimensions) == 1:
        return _one_dimension(dimensions[0], measures, result)
    if len(dimensions) == 2:
        return _two_dimensions(dimensions, measures[0], result)
    return None


def _one_dimension(dimension: Output, measures: list[Output], result: ResultTable) -> ChartSpec | None:
    values = column_values(result.table, dimension)
    if len(set(map(str, values))) < len(values):  # two rows for one name: IDs tell them apart, bars would not
        return None
    together = _on_one_axis(_to_show(measures, dimension), result)
    by = f"by {mid(dimension.title)}"
    if dimension.role == "time":
        kind: Literal["line", "multi_line"] = "line" if len(together) == 1 else "multi_line"
        return _spec(kind, *together, x=dimension, title=f"{_titles(together)} {by}{_first_rows(result)}")
    if len(values) > MAX_BARS:
        if not _all_aggregates(measures):
            return None
        of = f"the first {len(values):,} rows" if result.truncated else f"{len(values):,}"
        return _spec("bar", together[0], x=dimension, title=f"{together[0].title} {by}: {MAX_BARS} largest of {of}")
    kind_of_bars: Literal["bar", "grouped_bar"] = "bar" if len(together) == 1 else "grouped_bar"
    return _spec(kind_of_bars, *together, x=dimension, title=f"{_titles(together)} {by}{_first_rows(result)}")


def _two_dimensions(dimensions: list[Output], measure: Output, result: ResultTable) -> ChartSpec | None:
    pairs = list(zip(*(column_values(result.table, d) for d in dimensions), strict=True))
    if len(set(pairs)) < len(pairs):
        return None
    counts = [len({str(pair[i]) for pair in pairs}) for i in (0, 1)]
    times = [i for i, d in enumerate(dimensions) if d.role == "time"]
    if len(times) == 1 and counts[times[0]] > _FEW_BUCKETS:
        x, series = dimensions[times[0]], dimensions[1 - times[0]]
        many = counts[1 - times[0]]
        largest = f": {MAX_LINES} largest of {many:,}" if many > MAX_LINES else ""
        title = f"{measure.title} by {mid(x.title)} and {mid(series.title)}{largest}{_first_rows(result)}"
        return _spec("multi_line", measure, x=x, series=series, title=title)
    fewer = 0 if counts[0] < counts[1] else 1
    split = times[0] if len(times) == 1 else fewer
    x, series = dimensions[1 - split], dimensions[split]
    if counts[split] > MAX_SERIES or counts[0] * counts[1] > MAX_GROUPED_BARS or counts[1 - split] > MAX_BARS:
        return None
    title = f"{measure.title} by {mid(x.title)} and {mid(series.title)}{_first_rows(result)}"
    return _spec("grouped_bar", measure, x=x, series=series, title=title)


def _spec(
    kind: Literal["bar", "line", "grouped_bar", "multi_line", "number"],
    *measures: Output,
    title: str,
    x: Output | None = None,
    series: Output | None = None,
) -> ChartSpec:
    label = measures[0].label
    formats: dict[str, Literal["number", "money", "percent"]] = {"money": "money", "percent": "percent"}
    grains = [o.grain for o in (x, series) if o is not None and o.grain]
    return ChartSpec(
        kind=kind,
        x=x.name if x else "",
        y=tuple(m.name for m in measures),
        series=series.name if series else "",
        title=title,
        x_title=x.title if x else "",
        y_title=_titles(measures),
        y_format=formats.get(label.format, "number"),
        unit=label.unit,
        grain=grains[0] if grains else "",
        y_labels=tuple(m.label for m in measures),
    )


def _to_show(measures: list[Output], dimension: Output) -> list[Output]:
    """Along time, what was asked for beyond the plain numbers: their growth or running total. Otherwise the numbers
    themselves: ranks, shares and differences repeat them in another unit."""
    if dimension.role == "time":
        for kind in ("running", "growth"):
            asked = [m for m in measures if m.derived.kind == kind and (m.derived.back or kind == "running")]
            if asked:
                return asked
    plain = [m for m in measures if m.derived.kind in ("", "previous", "moving")]
    return plain or measures


def _on_one_axis(measures: list[Output], result: ResultTable) -> list[Output]:
    """The first measure, with up to two others of its unit and of about its size."""
    first = measures[0]
    size = _largest(result, first)
    kept = [first]
    for other in measures[1:3]:
        same = (other.label.format, other.label.unit) == (first.label.format, first.label.unit)
        theirs = _largest(result, other)
        if same and size and theirs and max(size, theirs) / min(size, theirs) < _SAME_SCALE:
            kept.append(other)
    return kept


def _largest(result: ResultTable, output: Output) -> float:
    return max((abs(n) for n in _numbers(result, output)), default=0.0)


def _numbers(result: ResultTable, output: Output) -> list[float]:
    return [float(v) for v in column_values(result.table, output) if isinstance(v, int | float | Decimal)]


def _has_numbers(result: ResultTable, output: Output) -> bool:
    return bool(_numbers(result, output))


def _all_aggregates(measures: list[Output]) -> bool:
    return all(m.is_aggregate for m in measures)


def _titles(measures: Sequence[Output]) -> str:
    return " and ".join([measures[0].title, *(mid(m.title) for m in measures[1:])])


def _first_rows(result: ResultTable) -> str:
    return f" (first {result.row_count:,} rows)" if result.truncated else ""

"""Which options are worth showing for a chart: each with at least two ways to go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nl2sql.answer.base import ChartSpec, ColumnLabel, Sort, Stack
from nl2sql.answer.charting.apply import NONE, can_log, family, groups, shades, stacks
from nl2sql.answer.charting.columns import ChartColumn, read_columns
from nl2sql.answer.charting.kinds import is_distribution
from nl2sql.answer.charting.limits import MAX_BARS, MAX_LINES, MAX_SERIES
from nl2sql.answer.cycles import place_in_cycle
from nl2sql.engines.base import ResultTable

_SORTS: tuple[Sort, ...] = ("largest", "smallest", "label")
TOPS = (3, 5, 8, 10, 20, 30)


@dataclass(frozen=True, slots=True)
class Offers:
    """Empty where there is nothing to choose. Columns by name; `titles` says what people call them.

    "-" among them is none of them. `is_several`: more than one of `y` can be shown together.
    """

    titles: dict[str, str]
    x: tuple[str, ...] = ()
    y: tuple[str, ...] = ()
    is_several: bool = False
    colour: tuple[str, ...] = ()
    stack: tuple[Stack, ...] = ()
    log: bool = False
    sort: tuple[Sort, ...] = ()
    top: tuple[int, ...] = ()

    @property
    def is_any(self) -> bool:
        return bool(self.x or self.y or self.colour or self.stack or self.log or self.sort or self.top)


def offers(drawn: ChartSpec, spec: ChartSpec | None, result: ResultTable, labels: Sequence[ColumnLabel]) -> Offers:
    """`drawn` is what `apply_options` made of `spec`, the answer's own chart."""
    columns = read_columns(result, labels, spec)
    titles = {each.name: each.title for each in columns.all}
    if drawn.kind == "number":
        return Offers(titles)
    log = can_log(drawn, columns)
    measures = columns.of("measure")
    if drawn.kind == "scatter":
        names = _names(measures)
        colour = _names(shades(columns))
        return Offers(titles, x=names, y=names, colour=(NONE, *colour) if colour else (), log=log)
    if drawn.kind in ("histogram", "box"):
        y = _worth(tuple(each for each in measures if is_distribution(each)))
        x = _names(groups(columns)) if drawn.kind == "box" else ()
        return Offers(titles, x=(*x, NONE) if x else (), y=y, log=log, sort=_SORTS if drawn.x else ())
    both = tuple(each for name in (drawn.x, drawn.series) if name and (each := columns.get(name)) is not None)
    is_time_axis = family(drawn.kind) in ("line", "area")
    possible = stacks(drawn, columns)
    return Offers(
        titles,
        x=_names(both) if len(both) == 2 and not is_time_axis else (),
        y=_worth(measures),
        is_several=not drawn.series and family(drawn.kind) in ("bar", "line"),
        stack=possible if len(possible) > 1 else (),
        log=log,
        sort=_sorts(drawn, both[0], result),
        top=_tops(drawn, both),
    )


def _names(columns: Sequence[ChartColumn]) -> tuple[str, ...]:
    return tuple(each.name for each in columns)


def _worth(columns: Sequence[ChartColumn]) -> tuple[str, ...]:
    return _names(columns) if len(columns) > 1 else ()


def _sorts(drawn: ChartSpec, x: ChartColumn, result: ResultTable) -> tuple[Sort, ...]:
    """Weekdays and times have an order of their own."""
    if family(drawn.kind) not in ("bar", "pie") or x.role != "category":
        return ()
    values = [value for value in result.table.column(x.name).unique().to_pylist() if value is not None]
    is_cycle = bool(values) and all(place_in_cycle(value) is not None for value in values)
    return () if is_cycle or len(values) < 2 else _SORTS


def _tops(drawn: ChartSpec, both: Sequence[ChartColumn]) -> tuple[int, ...]:
    if family(drawn.kind) not in ("bar", "line", "area"):
        return ()
    cut = next((each for each in both if each.role == "category"), None)
    if cut is None:
        return ()
    at_most = MAX_BARS if family(drawn.kind) == "bar" and cut is both[0] else MAX_SERIES
    at_most = MAX_LINES if drawn.kind == "multi_line" else at_most
    return tuple(each for each in TOPS if each < cut.distinct and each <= at_most)

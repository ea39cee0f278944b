"""Orders, and the first rows of each group."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from nl2sql.plan.compile.layers import Layer

# Where NULL sorts before every value.
_SMALL_NULLS: Final = ("sqlite", "mysql", "bigquery")


def direction(value: exp.Expr, dialect: str, *, descending: bool) -> exp.Ordered:
    """Descending, what has no value comes last; ascending, it stays at the engine's own place: the compiler leaves it
    out where that would matter."""
    return exp.Ordered(this=value, desc=descending, nulls_first=dialect in _SMALL_NULLS and not descending)


def ascending(value: exp.Expr, dialect: str) -> exp.Ordered:
    """Smallest first, with NULL wherever the engine puts it."""
    return exp.Ordered(this=value.copy(), nulls_first=dialect in _SMALL_NULLS)


def first_of_each(
    layer: Layer, partition: list[exp.Expr], order: list[exp.Expr], limit: int, *, ties: bool
) -> tuple[Layer, str]:
    """Rows at the first places of each part; with `ties`, all that are equal to the last of them. Returns the name of
    the column that holds the place, too."""
    place = "place"
    while place in layer.values:
        place = f"{place}_of_row"
    keys = [key if isinstance(key, exp.Ordered) else ascending(key, layer.statement.dialect) for key in order]
    layer.values[place] = exp.Window(
        this=exp.Rank() if ties else exp.RowNumber(),
        partition_by=[each.copy() for each in partition],
        order=exp.Order(expressions=keys),
    )
    above = layer.closed()
    above.require(exp.LTE(this=exp.column(place), expression=exp.Literal.number(limit)))
    return above, place

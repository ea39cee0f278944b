"""Results to draw: a few categories, months, months by category, countries, a list of prices, one row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from nl2sql.answer.base import ChartSpec, ColumnLabel
from nl2sql.answer.chart_options import ChartOptions
from nl2sql.answer.charting.apply import apply_options
from nl2sql.answer.charting.kinds import possible_kinds
from nl2sql.answer.charting.offers import Offers, offers
from nl2sql.answer.figure import figure
from nl2sql.engines.base import ResultTable

GMV = ColumnLabel("GMV", "money", "EUR", additive=True)
MEAN = ColumnLabel("Mean price", "money", "EUR")
FEES = ColumnLabel("Fees", "money", "EUR")
ORDERS = ColumnLabel("Orders", additive=True)
CATEGORY = ColumnLabel("Category")
MONTHS = [f"2025-{month:02}" for month in range(1, 13)]


@dataclass(frozen=True)
class Case:
    """A result with its labels and the chart that was chosen for it."""

    spec: ChartSpec | None
    result: ResultTable
    labels: tuple[ColumnLabel, ...]

    def kinds(self) -> tuple[str, ...]:
        return possible_kinds(self.result, self.labels, self.spec)

    def apply(self, **options: Any) -> ChartSpec | None:
        return apply_options(self.spec, ChartOptions(**options), self.result, self.labels)

    def chart(self, **options: Any) -> ChartSpec:
        drawn = self.apply(**options)
        assert drawn is not None
        return drawn

    def draw(self, **options: Any) -> Any:
        return figure(self.chart(**options), self.result.table)

    def offers(self, **options: Any) -> Offers:
        return offers(self.chart(**options), self.spec, self.result, self.labels)


def case(
    spec: ChartSpec | None, labels: Sequence[ColumnLabel], columns: dict[str, Any], *, truncated: bool = False
) -> Case:
    return Case(spec, ResultTable(pa.table(columns), 1000, truncated, 1.0), tuple(labels))


def spec(kind: Any = "bar", x: str = "category", **more: Any) -> ChartSpec:
    values: dict[str, Any] = {
        "title": "GMV",
        "x_title": x.capitalize(),
        "y_title": "GMV",
        "y_format": "money",
        "unit": "EUR",
        "y_labels": (GMV,),
    }
    return ChartSpec(kind, x, ("gmv",), **(values | more))


def categories(count: int = 5, *, truncated: bool = False, measure: ColumnLabel = GMV, **more: Any) -> Case:
    columns = {
        "category": [f"c{i}" for i in range(count)],
        "gmv": [float(10 * (i + 1)) for i in range(count)],
        "fees": [float(i + 1) for i in range(count)],
        "orders": [100 - i for i in range(count)],
    }
    return case(spec(**more), (CATEGORY, measure, FEES, ORDERS), columns, truncated=truncated)


def months(**more: Any) -> Case:
    columns = {"month": MONTHS, "gmv": [float(i + 1) for i in range(12)]}
    return case(spec("line", "month", grain="month", **more), (ColumnLabel("Month"), GMV), columns)


def months_by_category(groups: int = 3, *, measure: ColumnLabel = GMV, **more: Any) -> Case:
    rows = [(month, f"c{g}", float((g + 1) * (i + 1))) for i, month in enumerate(MONTHS) for g in range(groups)]
    columns = {name: [row[at] for row in rows] for at, name in enumerate(("month", "category", "gmv"))}
    labels = (ColumnLabel("Month"), CATEGORY, measure)
    return case(spec("multi_line", "month", series="category", grain="month", **more), labels, columns)


def countries(codes: Sequence[str | None], label: str = "Country", **more: Any) -> Case:
    columns = {"country": list(codes), "gmv": [float(i + 1) for i in range(len(codes))]}
    return case(spec("bar", "country", **more), (ColumnLabel(label), GMV), columns)


def prices(rows: int = 200, *, truncated: bool = False) -> Case:
    columns = {
        "id": list(range(rows)),
        "category": [f"c{i % 4}" for i in range(rows)],
        "price": [float((i * 37) % 101 + 1) for i in range(rows)],
        "bids": [(i * 17) % 23 + 1 for i in range(rows)],
    }
    labels = (ColumnLabel("ID", "plain"), CATEGORY, ColumnLabel("Price", "money", "EUR"), ColumnLabel("Bids"))
    return case(None, labels, columns, truncated=truncated)


def one_row() -> Case:
    return case(None, (GMV, ORDERS), {"gmv": [4301200.5], "orders": [51234]})

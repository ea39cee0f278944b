"""A join never multiplies a measure: over any dimension, the groups of an additive measure sum up to its total.

Also where two measures stand side by side, and where one is aggregated over related rows first.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import date
from itertools import product
from pathlib import Path as FilePath

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest import approx

from auction_core.seed.run import seed_database
from nl2sql.catalog.joins import JoinGraph, Path
from nl2sql.catalog.load import load_model
from nl2sql.catalog.model import SemanticModel
from nl2sql.plan.base import Comparison, Condition, Dimension, FieldRef, Measure, QueryPlan, Related, RoleHolds
from nl2sql.plan.compile.select import compile_plan

# What each additive metric is computed over.
METRIC_BASES = {"gmv": "listings", "revenue": "payments", "payments_volume": "payments"}


@pytest.fixture(scope="module")
def model(repository: FilePath) -> SemanticModel:
    return load_model(repository / "schema" / "auction" / "model.yaml")


@pytest.fixture(scope="module")
def graph(model: SemanticModel) -> JoinGraph:
    return JoinGraph(model)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    path = tmp_path_factory.mktemp("tiny") / "auction.db"
    seed_database(f"sqlite:///{path}", "tiny", 7, date(2026, 6, 30))
    connection = sqlite3.connect(path)
    yield connection
    connection.close()


def measures(model: SemanticModel) -> list[tuple[str, Measure]]:
    found = [(METRIC_BASES[m.name], Measure("metric", m.name, metric=m.name)) for m in model.metrics if m.additive]
    for dataset in model.datasets:
        found.append((dataset.name, Measure("count", "number_of_rows")))
        found += [
            (dataset.name, Measure("agg", f"total_{f.name}", "sum", FieldRef((), dataset.name, f.name)))
            for f in dataset.fields
            if f.datatype.is_number and not f.sensitive
        ]
    return found


def dimensions(model: SemanticModel, graph: JoinGraph, base: str) -> list[tuple[Path, Dimension]]:
    found = []
    for dataset in model.datasets:
        for path, field in product(graph.paths(base, dataset.name), dataset.fields):
            if not field.sensitive and not field.datatype.is_number:
                found.append((path, Dimension(field.name, FieldRef(path, dataset.name, field.name))))
    return found


def present(graph: JoinGraph, path: Path) -> tuple[Condition, ...]:
    """A role that holds only under a condition has no target without it: a listing that is not sold has no buyer."""
    steps = [(path[:i], graph.relationships[name]) for i, name in enumerate(path)]
    return tuple(RoleHolds(before, r.source, r.name) for before, r in steps if r.condition)


def total(rows: list[tuple[float | None, ...]], column: int = -1) -> float:
    return sum(row[column] or 0 for row in rows)


def test_groups_of_an_additive_measure_sum_up_to_its_total(
    model: SemanticModel, graph: JoinGraph, tiny: sqlite3.Connection
) -> None:
    candidates = measures(model)

    @given(st.data())
    def law(data: st.DataObject) -> None:
        base, measure = data.draw(st.sampled_from(candidates))
        path, dimension = data.draw(st.sampled_from(dimensions(model, graph, base)))
        conditions = present(graph, path)
        whole, groups = (
            tiny.execute(compile_plan(plan, model, graph, "sqlite")).fetchall()
            for plan in (
                QueryPlan(base, (measure,), conditions=conditions),
                QueryPlan(base, (measure,), (dimension,), conditions),
            )
        )
        assert total(groups) == approx(total(whole))

    law()


def test_two_measures_side_by_side_each_sum_up_to_their_own_total(
    model: SemanticModel, graph: JoinGraph, tiny: sqlite3.Connection
) -> None:
    candidates = measures(model)
    reached = [(base, *found) for base in model.dataset_by_name for found in dimensions(model, graph, base)]

    @given(st.data())
    def law(data: st.DataObject) -> None:
        base, path, dimension = data.draw(st.sampled_from(reached))
        end = dimension.field
        assert isinstance(end, FieldRef)
        alike = [
            each
            for each in reached
            if isinstance(r := each[2].field, FieldRef) and (r.dataset, r.field) == (end.dataset, end.field)
        ]
        other, other_path, other_dimension = data.draw(st.sampled_from(alike))
        first, second = (
            QueryPlan(
                start,
                (Measure(m.kind, name, m.function, m.field, m.metric),),
                (cut,),
                present(graph, way),
            )
            for start, way, cut, name in ((base, path, dimension, "one"), (other, other_path, other_dimension, "two"))
            for m in [data.draw(st.sampled_from([m for b, m in candidates if b == start]))]
        )
        beside = QueryPlan(base, first.measures, first.dimensions, first.conditions, beside=(second,))
        rows = tiny.execute(compile_plan(beside, model, graph, "sqlite")).fetchall()
        assert len({row[0] for row in rows}) == len(rows)
        for column, plan in ((1, first), (2, second)):
            alone = QueryPlan(plan.base, plan.measures, conditions=plan.conditions)
            whole = tiny.execute(compile_plan(alone, model, graph, "sqlite")).fetchall()
            assert total(rows, column) == approx(total(whole))

    law()


def test_what_is_aggregated_over_related_rows_sums_up_to_the_total_of_them(
    model: SemanticModel, graph: JoinGraph, tiny: sqlite3.Connection
) -> None:
    candidates = [
        (base, measure, path, end)
        for base, measure in measures(model)
        for end in model.dataset_by_name
        for path in graph.paths(base, end)
        if path
    ]

    @given(st.data())
    def law(data: st.DataObject) -> None:
        base, measure, path, end = data.draw(st.sampled_from(candidates))
        back = tuple(f"-{step}" for step in reversed(path))
        field = measure.field if isinstance(measure.field, FieldRef) else None
        function = {"count": "count", "agg": "sum", "metric": "metric"}[measure.kind]
        related = Related(back, base, function, field, metric=measure.metric)  # type: ignore[arg-type]
        over_the_one_side = QueryPlan(end, (Measure("agg", "total", "sum", related), Measure("count", "rows")))
        (key,) = model.dataset(end).primary_key
        reaches = Comparison(FieldRef(path, end, key), "is not null", ())
        over_the_many = QueryPlan(base, (measure,), conditions=(reaches,))
        ends = QueryPlan(end, (Measure("count", "rows"),))
        one, many, rows = (
            tiny.execute(compile_plan(plan, model, graph, "sqlite")).fetchall()
            for plan in (over_the_one_side, over_the_many, ends)
        )
        assert total(one, 0) == approx(total(many))
        assert one[0][1] == rows[0][0]

    law()

"""A join never multiplies a measure: over any dimension, the groups of an additive measure sum up to its total."""

from __future__ import annotations

import sqlite3
from itertools import product

from hypothesis import given
from hypothesis import strategies as st
from pytest import approx

from nl2sql.catalog.joins import JoinGraph, Path
from nl2sql.catalog.model import SemanticModel
from nl2sql.plan.base import Condition, Dimension, FieldRef, Measure, QueryPlan, RoleHolds
from nl2sql.plan.compile.select import compile_plan
from nl2sql.writers.offline.measuring import metric_base


def measures(model: SemanticModel) -> list[tuple[str, Measure]]:
    found = [(metric_base(m, model), Measure("metric", m.name, metric=m.name)) for m in model.metrics if m.additive]
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


def test_groups_of_an_additive_measure_sum_up_to_its_total(
    auction_model: SemanticModel, auction_graph: JoinGraph, tiny: sqlite3.Connection
) -> None:
    candidates = measures(auction_model)

    @given(st.data())
    def law(data: st.DataObject) -> None:
        base, measure = data.draw(st.sampled_from(candidates))
        path, dimension = data.draw(st.sampled_from(dimensions(auction_model, auction_graph, base)))
        conditions = present(auction_graph, path)
        total, groups = (
            tiny.execute(compile_plan(plan, auction_model, auction_graph, "sqlite")).fetchall()
            for plan in (
                QueryPlan(base, (measure,), conditions=conditions),
                QueryPlan(base, (measure,), (dimension,), conditions),
            )
        )
        assert sum(row[-1] or 0 for row in groups) == approx(total[0][0] or 0)

    law()


def present(graph: JoinGraph, path: Path) -> tuple[Condition, ...]:
    """A role that holds only under a condition has no target without it: a listing that is not sold has no buyer."""
    steps = [(path[:i], graph.relationships[name]) for i, name in enumerate(path)]
    return tuple(RoleHolds(before, r.source, r.name) for before, r in steps if r.condition)

"""All operators by name, the mistakes that language models make most often first."""

from __future__ import annotations

from typing import Final

from evals.mutation.base import Operator
from evals.mutation.operators import (
    aggregates,
    columns,
    conditions,
    expressions,
    joins,
    literals,
    shape,
    times,
    windows,
)

OPERATORS: Final[tuple[tuple[str, Operator], ...]] = (
    ("condition-dropped", conditions.drop_condition),
    ("other-column", columns.other_column),
    ("aggregate", aggregates.aggregate),
    ("count", aggregates.count),
    ("join-kind", joins.join_kind),
    ("boundary", conditions.boundary),
    ("day", literals.day),
    ("other-value", literals.other_value),
    ("distinct", aggregates.distinct),
    ("join-dropped", joins.drop_join),
    ("date-part", times.date_part),
    ("period", times.modifier),
    ("whole-division", expressions.whole_division),
    ("group-key", aggregates.group_key),
    ("limit", shape.limit),
    ("direction", shape.direction),
    ("order-dropped", shape.drop_order),
    ("number", literals.number),
    ("window", windows.window),
    ("ranking", windows.ranking),
    ("null-or-member", conditions.negate),
    ("and-or", conditions.and_or),
    ("other-column-everywhere", columns.other_column_everywhere),
    ("condition-moved", joins.condition_to_join),
    ("list-member", conditions.list_member),
    ("case", expressions.case_branches),
    ("arithmetic", expressions.arithmetic),
    ("missing-values", expressions.missing_values),
    ("text-case", expressions.text_case),
    ("capitals", literals.capitals),
    ("text-match", expressions.text_match),
    ("distinct-inside", aggregates.distinct_inside),
    ("union", shape.set_operation),
    ("comparison", conditions.comparison),
    ("interval", times.interval),
    ("join-condition", joins.join_condition),
    ("order-key", shape.order_key),
    ("rounding", expressions.rounding),
)

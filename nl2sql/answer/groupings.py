"""By what a plan could be grouped further so that the groups say something: several, and fewer than rows."""

from __future__ import annotations

import re

from nl2sql.catalog.joins import JoinGraph
from nl2sql.catalog.model import SemanticModel
from nl2sql.plan.base import Comparison, FieldRef, Named, QueryPlan
from nl2sql.plan.chips import additions

# A chart of more groups than this is no breakdown that anybody reads.
GROUPS_AT_MOST = 12
_WORD = re.compile(r"\w+")


class Groupings:
    def __init__(self, model: SemanticModel, graph: JoinGraph) -> None:
        self.model = model
        self.graph = graph

    def of(self, plan: QueryPlan) -> list[QueryPlan]:
        """Those whose groups are known and few come first."""
        found = [each.plan for each in additions(plan, self.model, self.graph)]
        fitting = [each for each in found if not each.dimensions[-1].grain and self._tells_apart(each)]
        return sorted(fitting, key=lambda each: self.count(each) or GROUPS_AT_MOST)

    def count(self, plan: QueryPlan) -> int | None:
        """How many groups the last dimension can have; None where the model does not know its values."""
        ref = plan.dimensions[-1].field
        values = self.model.dataset(ref.dataset).field(ref.field).values if isinstance(ref, FieldRef) else ()
        return len(values) or None

    def _tells_apart(self, plan: QueryPlan) -> bool:
        """Not one group for each row, and not one group for all of them."""
        ref = plan.dimensions[-1].field
        if not isinstance(ref, FieldRef):
            return False
        is_each_row = not ref.path and ref.field == self.model.dataset(ref.dataset).label_field
        return not is_each_row and ref not in self._named_in(plan) and not self._is_held(ref, plan)

    def _is_held(self, ref: FieldRef, plan: QueryPlan) -> bool:
        """A condition names the one row that the field belongs to, or one that leads to it."""
        for each in plan.conditions:
            if isinstance(each, Comparison) and isinstance(each.field, FieldRef) and each.operator == "=":
                held = each.field
                is_row = held.field == self.model.dataset(held.dataset).label_field
                if ref == held or (is_row and ref.path[: len(held.path)] == held.path):
                    return True
        return False

    def _named_in(self, plan: QueryPlan) -> set[FieldRef]:
        """Fields that the metric, a computed field or a named filter already looks at: a split by one is seldom one."""
        texts = [(plan.base, self.model.metric_by_name[m.metric].expression) for m in plan.measures if m.metric]
        for ref in [m.field for m in plan.measures if isinstance(m.field, FieldRef)]:
            texts.append((ref.dataset, self.model.dataset(ref.dataset).field(ref.field).expression))
        for condition in plan.conditions:
            if isinstance(condition, Named):
                filters = self.model.dataset(condition.dataset).filters
                texts += [(condition.dataset, f.expression) for f in filters if f.name == condition.filter]
        found = set()
        for dataset, text in texts:
            words = set(_WORD.findall(text))
            named = [each.name for each in self.model.dataset(dataset).fields if each.name in words]
            paths = self.graph.paths(plan.base, dataset) if named else ()
            found |= {FieldRef(path, dataset, name) for path in paths for name in named}
        return found

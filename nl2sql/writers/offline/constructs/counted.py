"""Rows that are counted for each row of something else: which they are, and how they belong to it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from nl2sql.plan.base import Condition, FieldRef, Path, Related, RoleHolds
from nl2sql.writers.offline.constructs.base import Inner, Linked, word
from nl2sql.writers.offline.frame import NotUnderstood, SeveralReadings
from nl2sql.writers.offline.senses import Chunk, MetricSense, RoleSense

COUNTS_DIFFERENT = re.compile(r"COUNT\(DISTINCT (\w+)\.(\w+)\)\Z", re.I)


@dataclass(frozen=True, slots=True)
class Counted:
    """Rows of `dataset` that satisfy the conditions, relative to it; with `field`, its different values are counted.
    `label` calls them in the plural."""

    dataset: str
    label: str
    conditions: tuple[Condition, ...] = ()
    field: FieldRef | None = None
    words: str = ""


def counted_rows(rows: tuple[Chunk, ...], question: Linked, inner: Inner) -> Counted | None:
    """None where the words are no rows that can be counted one by one (a sum of money)."""
    words = " ".join(chunk.words for chunk in rows)
    if len(rows) == 2 and rows[0].word("distinct") and rows[1].has(RoleSense):
        rows = rows[1:]  # people are counted once each anyway
    roles = rows[0].of(RoleSense) if len(rows) == 1 else ()
    if roles and roles[0].at_least == 1:
        role = question.graph.relationships[roles[0].relationship]
        makes = (RoleHolds((), role.source, role.name, member=True),) if role.membership else ()
        field = FieldRef((), role.source, role.source_columns[0])
        return Counted(role.source, f"{role.role}s", makes, field, words)
    if any(chunk.has(MetricSense) for chunk in rows):
        return _counting_metric(rows, question)
    plan = inner((word("number of", "count"), *rows))
    odd = plan.dimensions or plan.having or plan.beside or plan.derived or plan.fold or plan.limit is not None
    if odd or [m.kind for m in plan.measures] != ["count"]:
        raise NotUnderstood(f"I cannot count “{words}” for each of something.", (words,))
    label = question.model.dataset(plan.base).label or plan.base
    return Counted(plan.base, label, plan.conditions, words=words)


def _counting_metric(rows: tuple[Chunk, ...], question: Linked) -> Counted | None:
    """A metric that counts different values of one column: "number of bidders"."""
    if len(rows) != 1:
        return None
    metric = question.model.metric_by_name[rows[0].of(MetricSense)[0].metric]
    found = COUNTS_DIFFERENT.match(metric.expression)
    if found is None:
        return None
    dataset, column = found.groups()
    field = next((f.name for f in question.model.dataset(dataset).fields if f.expression == column), "")
    label = metric.label or metric.name.replace("_", " ")
    return Counted(dataset, label, (), FieldRef((), dataset, field), rows[0].words) if field else None


def way_back(counted: Counted, unit: str, role: str, verbs: frozenset[str], question: Linked) -> Path:
    """The path from the unit to its rows. Of several, the one that a verb names; else it is asked back."""
    graph = question.graph
    paths = graph.via(counted.dataset, role) if role else graph.paths(counted.dataset, unit)
    named = [path for path in paths if verbs & set(path)]
    paths = named if len(named) == 1 else paths
    label = question.model.dataset(unit).label or unit
    if not paths or paths == [()]:
        raise NotUnderstood(f"I do not know how {counted.label} belong to {label}.")
    if len(paths) > 1:
        roles = list(dict.fromkeys(found.role for path in paths if (found := graph.role_of(path))))
        synonyms = sorted(
            {c.words for c in question.chunks if any(getattr(s, "dataset", "") == unit for s in c.senses)}, key=len
        )
        choices = tuple(question.text.replace(synonyms[-1], each) for each in roles) if synonyms else ()
        raise SeveralReadings(f"{counted.label.capitalize()} of {label}: as what?", choices)
    return tuple(f"-{name}" for name in reversed(paths[0]))


def related_count(counted: Counted, path: Path, role: str, question: Linked) -> Related:
    """How many of the rows belong to one of the unit; for people with a role, only rows that make the role."""
    relationship = question.graph.relationships[role] if role else None
    conditions = counted.conditions
    if relationship is not None and relationship.source == counted.dataset and relationship.membership:
        conditions = (*conditions, RoleHolds((), counted.dataset, relationship.name, member=True))
    return Related(path, counted.dataset, "distinct" if counted.field else "count", counted.field, conditions)

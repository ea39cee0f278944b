"""One column more beside what was shown: "give me their countries too", "where are they from?"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from nl2sql.catalog.joins import JoinGraph
from nl2sql.catalog.model import SemanticModel
from nl2sql.plan.base import Column, Dimension, FieldRef, Path, QueryPlan
from nl2sql.plan.words import Wording
from nl2sql.writers.offline.frame import NotUnderstood
from nl2sql.writers.offline.senses import Chunk, FieldSense, NumberSense, PeriodSense, RoleSense, VerbSense

_SILENT = ("filler", "list", "is", "and", "comma", "with", "preposition", "as well", "that")
MORE = frozenset(
    ("also", "too", "as well", "additionally", "in addition", "and also", "besides", "on top", "along with")
)


def wants_more(chunks: Sequence[Chunk]) -> bool:
    return any(c.words.lower() in MORE or c.word("as well") for c in chunks)


def only_columns(chunks: Sequence[Chunk], pointed: Sequence[int], model: SemanticModel) -> tuple[Chunk, ...]:
    """The fields that are asked for, where nothing else is; empty otherwise."""
    rest = [c for i, c in enumerate(chunks) if i not in pointed]
    fields = tuple(c for c in rest if c.has(FieldSense) and not c.has(VerbSense, RoleSense, NumberSense))
    others = [c for c in rest if c not in fields]
    silent = (*_SILENT, "when") if all(_is_moment(c, model) for c in fields) else _SILENT
    plain = all(any(c.word(kind) for kind in silent) or c.words.lower() in MORE for c in others)
    return fields if plain and not any(c.has(PeriodSense, VerbSense) for c in others) else ()


def _is_moment(chunk: Chunk, model: SemanticModel) -> bool:
    """ "when did they sign up?" asks for the moment."""
    return all(model.dataset(s.dataset).field(s.field).is_time for s in chunk.of(FieldSense))


def with_columns(plan: QueryPlan, fields: Sequence[Chunk], model: SemanticModel, graph: JoinGraph) -> QueryPlan:
    """The same rows in the same order, with these columns beside. Raises NotUnderstood where no rows are shown."""
    if plan.beside or plan.fold or plan.within or plan.distinct:
        raise NotUnderstood("I cannot put a column beside this answer; please ask the whole question.")
    path, dataset = _shown(plan)
    for chunk in fields:
        ref = _place(chunk, path, dataset, model, graph)
        plan = _listed(plan, ref, model, graph) if not plan.measures else _grouped(plan, ref, model, graph)
    return plan


def _shown(plan: QueryPlan) -> tuple[Path, str]:
    """Of what each row of the answer is: rows of the base, or whole rows that the base points to."""
    if not plan.measures:
        return (), plan.base
    wholes = [d for d in plan.dimensions if d.entity]
    if len(plan.dimensions) == 1 and len(wholes) == 1 and isinstance(wholes[0].field, FieldRef):
        return wholes[0].field.path, wholes[0].field.dataset
    raise NotUnderstood(
        "The answer before has no rows that a column could stand beside; please ask the whole question."
    )


def _place(chunk: Chunk, path: Path, dataset: str, model: SemanticModel, graph: JoinGraph) -> FieldRef:
    """The field of those rows, or of the one thing that each of them points to."""
    own = [s for s in chunk.of(FieldSense) if s.dataset == dataset]
    if len(own) == 1:
        return FieldRef(path, dataset, own[0].field)
    found = [
        FieldRef((*path, *way), s.dataset, s.field)
        for s in chunk.of(FieldSense)
        for way in graph.paths(dataset, s.dataset)
    ]
    if own or len(found) != 1:
        label = model.dataset(dataset).label or dataset
        raise NotUnderstood(f"I cannot tell which “{chunk.words}” of the {label} is meant.", (chunk.words,))
    return found[0]


def _listed(plan: QueryPlan, ref: FieldRef, model: SemanticModel, graph: JoinGraph) -> QueryPlan:
    if any(column.value == ref for column in plan.columns):
        return plan
    return replace(plan, columns=(*plan.columns, Column(_free(plan, ref, model, graph), ref)))


def _grouped(plan: QueryPlan, ref: FieldRef, model: SemanticModel, graph: JoinGraph) -> QueryPlan:
    """Each group is one row that has one such value, so that the groups stay as they are."""
    if any(dimension.field == ref for dimension in plan.dimensions):
        return plan
    return replace(plan, dimensions=(*plan.dimensions, Dimension(_free(plan, ref, model, graph), ref)))


def _free(plan: QueryPlan, ref: FieldRef, model: SemanticModel, graph: JoinGraph) -> str:
    """A name that no other column has."""
    field = model.dataset(ref.dataset).field(ref.field)
    taken = {c.name.lower() for c in plan.columns} | {d.name.lower() for d in plan.dimensions}
    taken |= {m.name.lower() for m in plan.measures} | {d.name.lower() for d in plan.derived}
    label = field.label or field.name
    return label if label.lower() not in taken else Wording(model, graph).dimension(Dimension("", ref), plan.base)

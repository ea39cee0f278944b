"""The end of a question whose beginning was asked before: "by how many bidders?", "on how many different listings?"."""

from __future__ import annotations

from dataclasses import replace

from nl2sql.catalog.joins import JoinGraph
from nl2sql.catalog.model import SemanticModel
from nl2sql.plan import edit
from nl2sql.plan.base import Condition, FieldRef, Measure, QueryPlan, RoleHolds
from nl2sql.writers.offline.frame import NotUnderstood
from nl2sql.writers.offline.senses import Chunk, DatasetSense, RoleSense, is_filler

Chunks = tuple[Chunk, ...]
_TELLS_ALL = frozenset(("in total", "altogether", "overall", "there", "ever", "in all", "so far", "to date", "what"))


def opens_an_end(chunk: Chunk) -> bool:
    """ "by how many", "from how many"."""
    return chunk.words.lower() == "by" or (chunk.word("preposition") is not None and chunk.words.lower() != "of")


def counts_only(chunks: Chunks) -> Chunk | None:
    """The noun of a fragment that says nothing but how many of it."""
    said = [c for c in chunks if not c.word("comma") and (not is_filler(c) or c.words.lower() in _TELLS_ALL)]
    if said and opens_an_end(said[0]):
        said = said[1:]
    if len(said) == 3 and said[1].word("distinct"):
        said = [said[0], said[2]]
    counts = len(said) == 2 and said[0].word("count") is not None and said[0].words.lower().startswith("how many")
    return said[1] if counts and said[1].has(DatasetSense, RoleSense) else None


def counted(plan: QueryPlan, noun: Chunk, model: SemanticModel, graph: JoinGraph) -> QueryPlan:
    """How many different ones the rows have that were counted before. Raises NotUnderstood."""
    measure = plan.measures[0] if len(plan.measures) == 1 else None
    whole = not (plan.dimensions or plan.having or plan.derived or plan.beside or plan.fold or plan.limit)
    if measure is None or measure.kind != "count" or measure.conditions or not whole:
        raise _unclear(noun)
    field, name, conditions = _end(plan.base, noun, model, graph)
    changed = replace(plan, measures=(Measure("distinct", f"number_of_{name}".replace(" ", "_"), field=field),))
    for condition in conditions:
        changed = edit.add_condition(changed, condition)
    return changed


def _unclear(noun: Chunk) -> NotUnderstood:
    message = f"I cannot tell how “{noun.words}” belong to the question before; please ask the whole question."
    return NotUnderstood(message, (noun.words,))


def _end(base: str, noun: Chunk, model: SemanticModel, graph: JoinGraph) -> tuple[FieldRef, str, list[Condition]]:
    """What the rows point to, by the one way that there is."""
    if roles := noun.of(RoleSense):
        ends = [graph.relationships[r.relationship] for r in roles if r.at_least == 1]
        ends = [r for r in ends if r.source == base]
    else:
        wanted = {s.dataset for s in noun.of(DatasetSense)}
        ends = [r for r in graph.relationships.values() if r.source == base and r.target in wanted]
    if len(ends) != 1:
        raise _unclear(noun)
    end = ends[0]
    conditions: list[Condition] = [RoleHolds((), base, end.name)] if end.condition else []
    if roles and end.membership:
        conditions.append(RoleHolds((), base, end.name, member=True))
    label = f"{end.role}s" if roles else model.dataset(end.target).label or end.target
    return FieldRef((), base, end.source_columns[0]), label, conditions

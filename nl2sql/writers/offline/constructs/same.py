"""One field of two who belong to the same row: "sales where buyer and seller come from the same country", "items bought
by a buyer from a different country than the seller"."""

from __future__ import annotations

from nl2sql.plan.base import Against, Condition, FieldRef, Operator, QueryPlan, RoleHolds
from nl2sql.writers.offline.constructs.base import Construct, Inner, Linked
from nl2sql.writers.offline.constructs.pieces import following, mentions, places
from nl2sql.writers.offline.frame import NotUnderstood
from nl2sql.writers.offline.scope import Scope
from nl2sql.writers.offline.senses import (
    Chunk,
    ConditionSense,
    DatasetSense,
    FieldSense,
    FilterSense,
    Placer,
    RoleSense,
    is_filler,
)

Chunks = tuple[Chunk, ...]
_KINDS = frozenset(("same",))
_PHRASES = {("same", "="): "same | identical", ("same", "<>"): "different | another | differing"}
_JOINS = ("is", "that", "preposition", "with", "and", "both", "comma")


def read_same(question: Linked, inner: Inner) -> QueryPlan | None:
    chunks = question.chunks
    if not mentions(chunks, _KINDS):
        return None
    for at in places(chunks, "same"):
        found = _between_two(question, at)
        if found is not None:
            return inner(found)
    return None


def _between_two(question: Linked, at: int) -> Chunks | None:
    chunks = question.chunks
    said = chunks[at].word("same")
    field = following(chunks, at)
    roles = [i for i, c in enumerate(chunks) if c.has(RoleSense)]
    if said is None or len(roles) != 2 or field >= len(chunks) or not chunks[field].has(FieldSense):
        return None
    names = [chunks[i].of(RoleSense)[0].relationship for i in roles]
    one, other = (question.graph.relationships[name] for name in names)
    fields = [f.field for f in chunks[field].of(FieldSense) if f.dataset == one.target]
    if one.source != other.source or one.target != other.target or one is other or len(fields) != 1:
        return None
    start, end = roles[0], max(field, roles[1]) + 1
    if roles[0] > at or not all(
        _joins(c) for i, c in enumerate(chunks[start:end], start) if i not in (*roles, at, field)
    ):
        return None
    while start and _joins(chunks[start - 1]) and not chunks[start - 1].word("and"):
        start -= 1
    if not _names(chunks[:start], one.source):
        return None
    operator: Operator = "=" if said.argument == "=" else "<>"
    words = " ".join(c.words for c in chunks[start:end])
    made = Chunk(words, (_condition(names[0], names[1], fields[0], operator, question),))
    return (*_lead(chunks[:start]), made, *chunks[end:])


def _joins(chunk: Chunk) -> bool:
    return is_filler(chunk) or any(chunk.word(kind) for kind in _JOINS)


def _lead(before: Chunks) -> Chunks:
    """ "in how many sales": the preposition belonged to what follows."""
    return before[1:] if before and before[0].word("preposition") else before


def _names(before: Chunks, dataset: str) -> bool:
    """The rows that the two belong to are what was named last."""
    noun = next((c for c in reversed(before) if c.has(DatasetSense, FilterSense)), None)
    if noun is None:
        return False
    return dataset in {d.dataset for d in noun.of(DatasetSense)} | {f.dataset for f in noun.of(FilterSense)}


def _condition(one: str, other: str, field: str, operator: Operator, question: Linked) -> ConditionSense:
    first, second = question.graph.relationships[one], question.graph.relationships[other]

    def bind(placer: Placer, scope: Scope) -> list[Condition]:
        ways = placer.graph.paths(scope.dataset, first.source)
        if not ways:
            raise NotUnderstood(f"I could not tell whose {field} is to be compared.")
        path = (*scope.path, *ways[0])
        conditional = [each for each in (first, second) if each.condition]
        holding: list[Condition] = [RoleHolds(path, each.source, each.name) for each in conditional]
        left = FieldRef((*path, one), first.target, field)
        right = FieldRef((*path, other), second.target, field)
        return [*holding, Against(left, "=" if operator == "=" else "<>", right)]

    return ConditionSense(bind)


SAME = Construct("the same of two", read_same, _PHRASES)

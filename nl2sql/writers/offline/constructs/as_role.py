"""In which part somebody had something done to them: "the average rating that anna_k got as a buyer" is over the
reviews about her that belong to what she bought, and not over all reviews of things that were bought."""

from __future__ import annotations

from dataclasses import replace

from nl2sql.catalog.model import Relationship
from nl2sql.plan.base import Against, Condition, FieldRef, QueryPlan, RoleHolds
from nl2sql.writers.offline.constructs.base import Construct, Inner, Linked
from nl2sql.writers.offline.constructs.pieces import following, preceding
from nl2sql.writers.offline.frame import NotUnderstood
from nl2sql.writers.offline.senses import DatasetSense, RoleSense, VerbSense


def read_as_role(question: Linked, inner: Inner) -> QueryPlan | None:
    chunks = question.chunks
    for at, chunk in enumerate(chunks):
        role = following(chunks, at)
        if chunk.words.lower() != "as" or role >= len(chunks) or not chunks[role].has(RoleSense):
            continue
        part = question.graph.relationships[chunks[role].of(RoleSense)[0].relationship]
        before = preceding(chunks, at)
        if before < 0 or any(d.dataset == part.source for c in chunks[:at] for d in c.of(DatasetSense)):
            return None  # "listings of anna_k as seller": the plain reader's
        deeds = [question.graph.relationships[v.relationship] for v in chunks[before].of(VerbSense)]
        if not deeds:
            return None
        plan = inner((*chunks[:at], *chunks[role + 1 :]))
        return narrowed(plan, part, deeds, question, f"as {chunks[role].words}")
    return None


def narrowed(plan: QueryPlan, part: Relationship, deeds: list[Relationship], question: Linked, words: str) -> QueryPlan:
    """Only the rows that belong to what the same one did in that part. Raises NotUnderstood where that is not clear."""
    done = [d for d in deeds if d.source == plan.base and d.target == part.target and d.source != part.source]
    ways = [path for path in question.graph.paths(plan.base, part.source) if path]
    keys = question.model.dataset(part.target).primary_key
    if len(done) != 1 or len(ways) != 1 or len(keys) != 1 or plan.beside:
        raise NotUnderstood(f"I could not tell what “{words}” is said of.", (words,))
    path = tuple(ways[0])
    same: Condition = Against(
        FieldRef((done[0].name,), part.target, keys[0]), "=", FieldRef((*path, part.name), part.target, keys[0])
    )
    holds: tuple[Condition, ...] = (RoleHolds(path, part.source, part.name),) if part.condition else ()
    return replace(plan, conditions=(*plan.conditions, *holds, same))


AS_ROLE = Construct("in which part", read_as_role)

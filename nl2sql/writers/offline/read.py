"""A linked question → QueryPlan: the constructs in their order, then the plain reader."""

from __future__ import annotations

from nl2sql.plan.base import QueryPlan
from nl2sql.writers.offline.constructs.base import Linked
from nl2sql.writers.offline.constructs.order import CONSTRUCTS
from nl2sql.writers.offline.frame import NotUnderstood
from nl2sql.writers.offline.resolve import resolve
from nl2sql.writers.offline.scan import scan
from nl2sql.writers.offline.senses import Chunk

# A question that nests more constructs than this is no question that a person asks.
_MAX_DEPTH = 6


def read(question: Linked, depth: int = 0) -> QueryPlan:
    """Raises NotUnderstood and SeveralReadings."""
    if depth > _MAX_DEPTH:
        raise NotUnderstood("This asks for too many things at once.")

    def inner(chunks: tuple[Chunk, ...]) -> QueryPlan:
        return read(question.with_chunks(chunks), depth + 1)

    for construct in CONSTRUCTS:
        plan = construct.read(question, inner)
        if plan is not None:
            return plan
    frame = scan(question.model, question.graph, question.chunks, question.text)
    return resolve(frame, question.model, question.graph)

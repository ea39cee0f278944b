"""What somebody paid or got for what they did: "how much has anna_k paid for the things she bought" is what she paid as
a buyer; "how much has anna_k paid" is the payments volume of hers."""

from __future__ import annotations

from dataclasses import dataclass, replace

from nl2sql.catalog.model import Relationship
from nl2sql.plan.base import Comparison, FieldRef, Named, QueryPlan
from nl2sql.plan.names import metric_base
from nl2sql.writers.offline.constructs.as_role import narrowed
from nl2sql.writers.offline.constructs.base import Construct, Inner, Linked, word
from nl2sql.writers.offline.constructs.pieces import following
from nl2sql.writers.offline.senses import (
    Chunk,
    DatasetSense,
    FilterSense,
    MetricSense,
    RoleSense,
    ValueSense,
    VerbSense,
    is_filler,
)
from nl2sql.writers.offline.tokens import normalize

Chunks = tuple[Chunk, ...]
_THEY = ("she", "he", "they")
_IN_TOTAL = ("in total", "altogether", "overall", "in all")


@dataclass(frozen=True, slots=True)
class _Deed:
    """What somebody did, and the other words."""

    done: Relationship
    states: tuple[FilterSense, ...]
    words: str
    rest: Chunks


def read_for_deeds(question: Linked, inner: Inner) -> QueryPlan | None:
    deed = _what_they_did(question.chunks, question)
    chunks = _how_much(deed.rest if deed else question.chunks, question)
    if chunks == question.chunks:
        return None
    plan = inner(chunks)
    if deed is not None:
        plan = _of_what_they_did(plan, deed, question)
    question.settle(chunks)
    return plan


def _what_they_did(chunks: Chunks, question: Linked) -> _Deed | None:
    """ "for the things she bought": as a buyer."""
    they = next((i for i, c in enumerate(chunks) if c.words.lower() in _THEY and is_filler(c)), -1)
    at = following(chunks, they) if they > 0 else len(chunks)
    if at >= len(chunks) or chunks[at].has(DatasetSense) or not chunks[at].has(VerbSense):
        return None
    verbs = [question.graph.relationships[v.relationship] for v in chunks[at].of(VerbSense)]
    begin = they
    while begin and (is_filler(chunks[begin - 1]) or _is_thing(chunks[begin - 1], verbs[0].source)):
        begin -= 1
    if not begin or chunks[begin - 1].words.lower() not in ("for", "on") or len(verbs) != 1 or not verbs[0].role:
        return None
    words = " ".join(c.words for c in chunks[begin - 1 : at + 1])
    return _Deed(verbs[0], chunks[at].of(FilterSense), words, (*chunks[: begin - 1], *chunks[at + 1 :]))


def _of_what_they_did(plan: QueryPlan, deed: _Deed, question: Linked) -> QueryPlan:
    """Raises NotUnderstood where no one person is named, or nothing leads to what was done."""
    named = [c.field for c in plan.conditions if isinstance(c, Comparison) and isinstance(c.field, FieldRef)]
    people = {ref.path[0] for ref in named if ref.dataset == deed.done.target and len(ref.path) == 1}
    plan = narrowed(plan, deed.done, [question.graph.relationships[name] for name in people], question, deed.words)
    path = next(iter(question.graph.paths(plan.base, deed.done.source)))
    states = tuple(Named(tuple(path), s.dataset, s.filter) for s in deed.states if s.dataset == deed.done.source)
    return replace(plan, conditions=tuple(dict.fromkeys((*plan.conditions, *states[:1]))))


def _is_thing(chunk: Chunk, dataset: str) -> bool:
    return chunk.of(DatasetSense) == (DatasetSense(dataset),)


def _how_much(chunks: Chunks, question: Linked) -> Chunks:
    """ "how much has anna_k paid": the metric that is named after the deed, of the one who did it."""
    if len(chunks) < 4 or chunks[0].words.lower() not in ("how much", "how much money"):
        return chunks
    if not chunks[1].word("is") or not chunks[2].has(ValueSense) or chunks[2].has(DatasetSense, RoleSense):
        return chunks
    deed = chunks[3]
    verbs = [question.graph.relationships[v.relationship] for v in deed.of(VerbSense)]
    metrics = [m.metric for m in deed.of(MetricSense)]
    if not metrics:
        for verb in verbs:
            metrics += _named_after(deed.words, verb.source, question)
    people = {v.dataset for v in chunks[2].of(ValueSense)}
    doers = verbs or [r for r in question.model.relationships if r.role and r.source in _bases(metrics, question)]
    if len(set(metrics)) != 1 or not any(d.target in people for d in doers) or deed.has(DatasetSense):
        return chunks
    if deed.has(MetricSense) and verbs:
        return chunks  # "how much did she spend" is read as it stands
    rest = tuple(c for c in chunks[4:] if c.words.lower() not in _IN_TOTAL)
    return (Chunk(deed.words, (MetricSense(metrics[0]),)), word("of", "preposition"), chunks[2], *rest)


def _bases(metrics: list[str], question: Linked) -> set[str]:
    return {metric_base(question.model.metric_by_name[name], question.model) for name in metrics}


def _named_after(deed: str, dataset: str, question: Linked) -> list[str]:
    """Sums of that dataset which the deed's word is part of a name of: "total paid"."""
    words = set(normalize(deed))
    found = []
    for metric in question.model.metrics:
        named = any(words <= set(normalize(name)) for name in metric.synonyms)
        if named and metric.additive and metric.unit and metric_base(metric, question.model) == dataset:
            found.append(metric.name)
    return found


FOR_DEEDS = Construct("for what somebody did", read_for_deeds)

"""What several constructs do with chunks and plans: find their words, read what is left as a number, rename columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from nl2sql.catalog.model import SemanticModel
from nl2sql.plan.base import Derived, Dimension, Measure, Order, QueryPlan
from nl2sql.writers.offline.constructs.base import Inner, Linked, word
from nl2sql.writers.offline.frame import NotUnderstood
from nl2sql.writers.offline.senses import (
    Chunk,
    DatasetSense,
    FieldSense,
    FilterSense,
    MetricSense,
    RoleSense,
    ValueSense,
    VerbSense,
    WordSense,
    is_filler,
)

MODEL_SENSES = (DatasetSense, RoleSense, FieldSense, MetricSense, ValueSense, FilterSense, VerbSense)
# Function words that only join others.
JOINTS = ("preposition", "is", "and", "with", "comma", "filler")


Rewrite = Callable[[tuple[Chunk, ...], Linked], tuple[Chunk, ...]]


def read_rewritten(question: Linked, inner: Inner, rewrites: Sequence[Rewrite]) -> QueryPlan | None:
    """What the question means with what is undone said by one word; None where there was nothing to say so."""
    chunks = question.chunks
    for rewrite in rewrites:
        chunks = rewrite(chunks, question)
    if chunks == question.chunks:
        return None
    plan = inner(chunks)
    question.settle((*chunks, *(c for c in question.chunks if c.word("not"))))
    return plan


def said(chunk: Chunk, *kinds: str) -> WordSense | None:
    """The function word of one of these kinds; a word of the model is never one."""
    for kind in kinds:
        for sense in chunk.senses:
            if isinstance(sense, WordSense) and sense.kind == kind:
                return None if chunk.has(*MODEL_SENSES) else sense
    return None


def mentions(chunks: tuple[Chunk, ...], kinds: frozenset[str]) -> bool:
    """Whether any chunk may be a function word of these kinds: the first and cheap question of a construct."""
    return any(isinstance(s, WordSense) and s.kind in kinds for chunk in chunks for s in chunk.senses)


def places(chunks: tuple[Chunk, ...], *kinds: str) -> list[int]:
    return [index for index, chunk in enumerate(chunks) if said(chunk, *kinds)]


def is_joint(chunk: Chunk) -> bool:
    """Whether the chunk is nothing but words that join others."""
    return bool(chunk.senses) and all(isinstance(s, WordSense) and s.kind in JOINTS for s in chunk.senses)


def following(chunks: tuple[Chunk, ...], index: int) -> int:
    """The place of the next chunk that is not filler; past the end when there is none."""
    index += 1
    while index < len(chunks) and is_filler(chunks[index]):
        index += 1
    return index


def preceding(chunks: tuple[Chunk, ...], index: int) -> int:
    """The place of the chunk before that is not filler; −1 when there is none."""
    index -= 1
    while index >= 0 and is_filler(chunks[index]):
        index -= 1
    return index


def without(chunks: tuple[Chunk, ...], taken: set[int]) -> tuple[Chunk, ...]:
    return tuple(chunk for index, chunk in enumerate(chunks) if index not in taken)


def lists_rows(chunks: tuple[Chunk, ...]) -> bool:
    """Whether the question begins by asking for rows: "which users …", "who …"."""
    first = next((chunk for chunk in chunks if not is_filler(chunk)), None)
    return first is not None and first.word("list") is not None


def measured(chunks: tuple[Chunk, ...], inner: Inner) -> QueryPlan:
    """Read as a question for a number: bare things ("bids in 2025") are counted. Raises NotUnderstood for a list."""
    error: NotUnderstood | None = None
    try:
        plan = inner(chunks)
        if plan.measures:
            return plan
        if plan.order is not None or plan.limit is not None or lists_rows(chunks):
            raise NotUnderstood("I can only do this with numbers, not with a list.")
    except NotUnderstood as failed:
        error = failed
    if lists_rows(chunks) or not any(chunk.has(DatasetSense, RoleSense, FilterSense) for chunk in chunks):
        raise error or NotUnderstood("I could not tell what is to be computed.")
    try:
        return inner((word("number of", "count"), *chunks))
    except NotUnderstood:
        if error is None:
            raise
        raise error from None


def shown_measures(plan: QueryPlan) -> tuple[Measure, ...]:
    return tuple(measure for measure in plan.measures if not measure.hidden)


def shown_names(plan: QueryPlan) -> list[str]:
    """The columns that are computed and shown: derived ones, and those of plans beside, included."""
    derived = [each.name for each in plan.derived if not each.hidden]
    measures = [m.name for each in (plan, *plan.beside) for m in shown_measures(each)]
    return [*measures, *derived]


def time_dimension(plan: QueryPlan) -> Dimension | None:
    """The one dimension that is a series in time."""
    grained = [d for d in plan.dimensions if d.grain]
    if len(grained) > 1:
        raise NotUnderstood("I can only use one length of time at once.")
    return grained[0] if grained else None


def other_names(plan: QueryPlan, dimension: Dimension) -> tuple[str, ...]:
    return tuple(d.name for d in plan.dimensions if d is not dimension)


def is_additive(measure: Measure, model: SemanticModel) -> bool:
    """Whether totals of parts add up to the total of the whole."""
    if measure.kind == "metric":
        metric = model.metric_by_name[measure.metric]
        plain = metric.expression.upper()
        return metric.additive or (plain.startswith(("SUM(", "COUNT(*", "COUNT(CASE")) and " / " not in plain)
    return measure.kind == "count" or (measure.kind == "agg" and measure.function == "sum")


def renamed(plan: QueryPlan, suffix: str) -> QueryPlan:
    """Every computed column, hidden ones too, under a name of its own."""

    def named(name: str) -> str:
        return f"{name}_{suffix}" if name else ""

    return replace(
        plan,
        measures=tuple(replace(m, name=named(m.name)) for m in plan.measures),
        derived=tuple(replace(d, name=named(d.name), of=named(d.of), by=named(d.by)) for d in plan.derived),
        beside=tuple(renamed(each, suffix) for each in plan.beside),
    )


def plain_part(plan: QueryPlan, why: str) -> QueryPlan:
    """A plan that may stand beside another: without order. Raises NotUnderstood where it bounds or cuts its rows."""
    if plan.fold or plan.having or plan.limit is not None or not plan.measures:
        raise NotUnderstood(why)
    return replace(plan, order=None, assumptions=())


def join(first: QueryPlan, second: QueryPlan, *derived: Derived) -> QueryPlan:
    """The second plan beside the first; derived columns of both come after. Raises NotUnderstood for other groups."""
    names = [[d.name for d in plan.dimensions] for plan in (first, second)]
    grains = [[d.grain for d in plan.dimensions] for plan in (first, second)]
    if names[0] != names[1] or grains[0] != grains[1]:
        raise NotUnderstood("I cannot break both numbers down in the same way.")
    beside = (*first.beside, replace(second, beside=(), derived=()), *second.beside)
    return replace(first, beside=beside, derived=(*first.derived, *second.derived, *derived))


def default_order(plan: QueryPlan, column: str) -> Order | None:
    """Largest first for groups; a series keeps the order of time."""
    if not plan.dimensions or any(d.grain for d in plan.dimensions):
        return None
    return Order(descending=True, column=column)


def together(*notes: tuple[str, ...]) -> tuple[str, ...]:
    """Assumptions, each once."""
    return tuple(dict.fromkeys(note for each in notes for note in each))


def word_kinds(chunks: tuple[Chunk, ...]) -> set[str]:
    """The kinds of all function words: what a construct can look at first, to leave a question alone at once."""
    return {sense.kind for chunk in chunks for sense in chunk.senses if isinstance(sense, WordSense)}

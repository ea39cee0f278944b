"""The rate of a named state: "cancellation rate by category", "refund rate of payments in 2025".

Where the model has no metric of that name, it is the rows in that state among all rows of their dataset, and that is
said. "Cancellation" is read as "cancelled" by its stem; business words still come from the model alone.
"""

from __future__ import annotations

import re
from dataclasses import replace

from nl2sql.catalog.model import NamedFilter, SemanticModel
from nl2sql.plan.base import Derived, Measure, Named, Order, QueryPlan
from nl2sql.writers.offline.constructs.base import Construct, Inner, Linked, word
from nl2sql.writers.offline.constructs.pieces import said, together
from nl2sql.writers.offline.frame import NotUnderstood, SeveralReadings
from nl2sql.writers.offline.senses import Chunk, DatasetSense, FilterSense, is_filler

_PHRASES = {("rate", ""): "rate"}
# Endings that make a noun of a deed, or a participle: cancellation, cancelled; failure, failed.
_ENDINGS = (
    re.compile(r"(?:ations?|ated|ates?|ions?|ments?|ures?|als?|ings?|ed|n|s)\Z"),
    re.compile(r"l(?:ations?|ed|ings?)\Z"),  # cancelled, cancellation
)
_SHORTEST_STEM = 4


def read_rates(question: Linked, inner: Inner) -> QueryPlan | None:
    chunks = question.chunks
    at = next((i for i, chunk in enumerate(chunks) if i and said(chunk, "rate")), 0)
    if not at:
        return None
    dataset, state = _state(chunks[at - 1], chunks[at + 1 :], question)
    label = question.model.dataset(dataset).label or dataset
    before, after = _ranked(chunks[: at - 1]), _without_rows(chunks[at + 1 :], dataset)
    counts = () if before and before[-1].word("most") else (word("number of", "count"),)
    plan = inner((*before, *counts, Chunk(label, (DatasetSense(dataset),)), *after))
    if (
        plan.base != dataset
        or [m.kind for m in plan.measures] != ["count"]
        or plan.having
        or plan.derived
        or plan.beside
    ):
        raise NotUnderstood(f"I cannot compute a rate of {state.name} {label} here.", (chunks[at - 1].words,))
    return _rate(plan, dataset, state, label, chunks[at - 1].words)


def _rate(plan: QueryPlan, dataset: str, state: NamedFilter, label: str, words: str) -> QueryPlan:
    condition = Named((), dataset, state.name)
    whole = replace(plan.measures[0], hidden=True)
    part = Measure("count", f"{whole.name}_{state.name}".replace(" ", "_"), conditions=(condition,), hidden=True)
    name = f"{words} rate".lower().replace(" ", "_").replace("-", "_")
    order = plan.order
    if order is not None and not (plan.dimensions and order.column):
        order = Order(order.descending, column=name)
    note = f"“{words} rate”: {state.name} {label} as a share of all {label}."
    rate = Derived(name, "ratio", part.name, whole.name)
    return replace(
        plan, measures=(part, whole), derived=(rate,), order=order, assumptions=together(plan.assumptions, (note,))
    )


def _ranked(before: tuple[Chunk, ...]) -> tuple[Chunk, ...]:
    """ "the highest … rate" ranks the rows by a number, which afterwards is the rate."""
    at = len(before) - 1
    while at >= 0 and is_filler(before[at]):
        at -= 1
    extreme = said(before[at], "extreme") if at >= 0 else None
    if extreme is None:
        return before
    return (*before[:at], word(before[at].words, "most", extreme.argument))


def _without_rows(after: tuple[Chunk, ...], dataset: str) -> tuple[Chunk, ...]:
    """ "… of listings": they are meant anyway."""
    if len(after) > 1 and said(after[0], "preposition") and DatasetSense(dataset) in after[1].senses:
        return after[2:]
    return after


# -- which state -----------------------------------------------------------------------------------------------------


def _state(chunk: Chunk, after: tuple[Chunk, ...], question: Linked) -> tuple[str, NamedFilter]:
    """The dataset and its filter. Raises SeveralReadings where several datasets have such a state."""
    model = question.model
    named = [
        (s.dataset, f) for s in chunk.of(FilterSense) for f in model.dataset(s.dataset).filters if f.name == s.filter
    ]
    found = named or _by_stem(chunk.words, model)
    behind = {s.dataset for c in after for s in c.of(DatasetSense)}
    if len(found) > 1 and (fitting := [each for each in found if each[0] in behind]):
        found = fitting
    if not found:
        raise NotUnderstood("", (chunk.words, "rate"))
    if len(found) > 1:
        labels = [model.dataset(dataset).label or dataset for dataset, _ in found]
        said_rate = f"{chunk.words} rate"
        choices = tuple(question.text.replace(said_rate, f"{said_rate} of {label}") for label in dict.fromkeys(labels))
        raise SeveralReadings(f"“{said_rate}”: of what?", choices)
    return found[0]


def _by_stem(words: str, model: SemanticModel) -> list[tuple[str, NamedFilter]]:
    stems = _stems(words)
    return [
        (dataset.name, each)
        for dataset in model.datasets
        for each in dataset.filters
        if any(_stems(name) & stems for name in (each.name, *each.synonyms))
    ]


def _stems(words: str) -> set[str]:
    stems = {ending.sub("", words.lower()) for ending in _ENDINGS} if words.isalpha() else set()
    return {stem for stem in stems if len(stem) >= _SHORTEST_STEM}


RATES = Construct("rates", read_rates, _PHRASES)

"""Asides that say again what is meant anyway: "3-month moving average (the month itself and the two before it)",
"average number of bids per listing (no bids counts as 0)", "with their rank, 1 being the highest".

The question is read without the aside. Then what the aside says is compared with the plan: where it says something
else, the question is declined.
"""

from __future__ import annotations

from nl2sql.plan.base import QueryPlan
from nl2sql.writers.offline.constructs.aside_checks import ASIDES as CHECKED
from nl2sql.writers.offline.constructs.base import Construct, Inner, Linked
from nl2sql.writers.offline.constructs.spans import inside, parentheses, spans
from nl2sql.writers.offline.frame import NotUnderstood, SeveralReadings
from nl2sql.writers.offline.senses import Chunk, DatasetSense, FilterSense, ValueSense

# One of these stands in every aside: looked for first, as most questions have none.
_MAY = (
    "(", "before", "preceding", "previous", "prior", "1 ", " 0", "tie", "lower", "that", "name", "starting",
    "beginning", "against", "versus", "vs", "compared", "over",
)  # fmt: skip


def read_asides(question: Linked, inner: Inner) -> QueryPlan | None:
    text = question.text.lower()
    if not any(mark in text for mark in _MAY):
        return None
    for aside in CHECKED:
        found = aside.pattern.search(question.text)
        if found is None:
            continue
        places = spans(question)
        if places is None:
            return None
        taken = set(inside(places, found.start(), found.end()))
        if not taken:
            continue
        try:
            rest = _without(question, taken)
            plan = aside.check(inner(rest), found)
            question.settle(rest)
            return plan
        except (NotUnderstood, SeveralReadings):
            if aside.sure:
                raise
    return _moved(question, inner)


def _without(question: Linked, taken: set[int]) -> tuple[Chunk, ...]:
    """The other chunks, and no comma that led to the aside alone."""
    kept = [i for i in range(len(question.chunks)) if i not in taken]
    before = [i for i in kept if i < min(taken)]
    after = [i for i in kept if i > max(taken)]
    while before and question.chunks[before[-1]].word("comma"):
        before.pop()
    while not before and after and question.chunks[after[0]].word("comma"):
        after.pop(0)
    return tuple(question.chunks[i] for i in (*before, *after))


def _moved(question: Linked, inner: Inner) -> QueryPlan | None:
    """ "auctions that closed in 2025 (sold or unsold)": adjectives, said behind, of the thing named before."""
    for begin, end in parentheses(question.text):
        places = spans(question)
        if places is None:
            return None
        within = inside(places, begin, end)
        chunks = question.chunks
        said = [chunks[i] for i in within]
        plain = bool(said) and all(c.has(FilterSense, ValueSense) or c.word("or") for c in said)
        nouns = [i for i in range(within.start) if chunks[i].has(DatasetSense)] if plain else []
        if not nouns or not said[0].has(FilterSense):
            continue
        of = {s.dataset for s in chunks[nouns[-1]].of(DatasetSense)}
        if not all({s.dataset for s in c.of(FilterSense)} & of for c in said if not c.word("or")):
            continue
        return inner(
            (
                *chunks[: nouns[-1]],
                *said,
                *chunks[nouns[-1] : within.start],
                *chunks[within.stop :],
            )
        )
    return None


ASIDES = Construct("asides", read_asides)

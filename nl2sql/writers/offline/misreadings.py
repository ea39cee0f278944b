"""Words that a plan may speak of and yet misplace: the second look before an answer, after `traces`.

Each rule names one way in which a question was once read wrongly in silence. It looks at the words and at the plan made
of them, and gives the words that are not read as they were meant, or nothing. A rule never changes a plan: where the
reader learns to read such words, its rule no longer applies, as it looks at what the plan says.
"""

from __future__ import annotations

from collections.abc import Callable

from nl2sql.catalog.joins import JoinGraph
from nl2sql.catalog.model import SemanticModel
from nl2sql.plan.base import (
    QueryPlan,
)
from nl2sql.writers.offline.circles import in_circles
from nl2sql.writers.offline.look import Look
from nl2sql.writers.offline.misreadings_of_dates import RULES_OF_DATES
from nl2sql.writers.offline.misreadings_of_negation import RULES_OF_NEGATION
from nl2sql.writers.offline.misreadings_of_numbers import RULES_OF_NUMBERS
from nl2sql.writers.offline.misreadings_of_people import RULES_OF_PEOPLE
from nl2sql.writers.offline.senses import (
    Chunk,
    FilterSense,
    ValueSense,
    VerbSense,
    is_filler,
)
from nl2sql.writers.offline.traces import Traces


def misread(
    chunks: tuple[Chunk, ...],
    plan: QueryPlan,
    model: SemanticModel,
    graph: JoinGraph,
    traces: Traces | None = None,
) -> str:
    """The words that the plan does not say as they were meant, as typed; empty where no rule objects. `traces` are
    those of the plan, where they are there already."""
    said = tuple(c for c in chunks if not is_filler(c))
    look = Look(chunks, said, plan, model, graph, traces or Traces(plan, model, graph))
    return next((words for rule in _RULES if (words := rule(look))), "")


def _circle(look: Look) -> str:
    return in_circles(look.plan, look.model)


def _levels_of_one_kind(look: Look) -> str:
    """ "listings in Art and Coins": one above the other is not what "and" says of them."""
    for one, joint, other in look.triples():
        first, second = one.of(ValueSense), other.of(ValueSense)
        if not first or not second or not (joint.word("and") or joint.word("comma")):
            continue
        shared = {(s.dataset, s.field) for s in first} & {(s.dataset, s.field) for s in second}
        sources = {look.model.dataset(s.dataset).source for s in first}
        alike = any(look.model.dataset(s.dataset).source in sources for s in second)
        if alike and not shared and {s.value for s in (*first, *second)} & look.traces.values:
            return f"{one.words} {joint.words} {other.words}"
    return ""


def _verb_as_value(look: Look) -> str:
    """ "how many listings does the buyer watch" is no question about watches."""
    asks = [i for i, c in enumerate(look.said) if c.words.lower() in ("do", "does", "did")]
    for chunk in look.said[asks[0] :] if asks else ():
        verbs = {s.relationship for s in chunk.of(VerbSense)}
        as_value = any(s.value in look.traces.values for s in chunk.of(ValueSense))
        if verbs and as_value and not chunk.has(FilterSense) and not verbs & look.traces.names:
            return chunk.words
    return ""


def _on_offer(look: Look) -> str:
    """ "for sale" is not sold."""
    for one, other in look.pairs():
        if one.words.lower() in ("for", "on", "up for") and other.words.lower() == "sale" and other.has(FilterSense):
            return f"{one.words} {other.words}"
    return ""


_RULES: tuple[Callable[[Look], str], ...] = (
    _circle,
    _levels_of_one_kind,
    _verb_as_value,
    _on_offer,
    *RULES_OF_NUMBERS,
    *RULES_OF_PEOPLE,
    *RULES_OF_DATES,
    *RULES_OF_NEGATION,
)

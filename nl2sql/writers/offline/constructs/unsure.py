"""What looks like a question about the data and may be none, or be about one of several things: "placed a bid on their
phone" (with it, or for one that is sold?), "how many are still open?" (of what?)."""

from __future__ import annotations

from nl2sql.plan.base import QueryPlan
from nl2sql.writers.offline.constructs.base import Construct, Inner, Linked
from nl2sql.writers.offline.frame import NotUnderstood, SeveralReadings
from nl2sql.writers.offline.senses import Chunk, DatasetSense, FilterSense, RoleSense, ValueSense, is_filler
from nl2sql.writers.offline.tokens import singular

_THEIRS = frozenset("their his her my your our".split())


def read_unsure(question: Linked, inner: Inner) -> QueryPlan | None:
    chunks = question.chunks
    for at in range(1, len(chunks)):
        if chunks[at - 1].words.lower() in _THEIRS and _is_one_of_a_kind(chunks[at]):
            words = f"{chunks[at - 1].words} {chunks[at].words}"
            raise NotUnderstood(f"I could not tell what “{words}” is to say here.", (words,))
    said = [c for c in chunks if not is_filler(c)]
    if len(said) == 3 and said[0].word("count") and said[1].word("is") and said[2].has(FilterSense):
        _refuse_state_of_several(question, said[0], said[2])
    return None


def _is_one_of_a_kind(chunk: Chunk) -> bool:
    """The singular of a value that is a plural, and nothing else."""
    if not chunk.has(ValueSense) or len(chunk.senses) != len(chunk.of(ValueSense)):
        return False
    said = chunk.words.lower()
    return singular(said) == said and all(singular(v.value.lower()) != v.value.lower() for v in chunk.of(ValueSense))


def _refuse_state_of_several(question: Linked, count: Chunk, state: Chunk) -> None:
    """A word for the state of several things, without the thing."""
    datasets = list(dict.fromkeys(f.dataset for f in state.of(FilterSense)))
    if len(datasets) < 2 or state.has(DatasetSense, RoleSense):
        return
    labels = [question.model.dataset(name).label or name for name in datasets]
    choices = tuple(question.text.replace(count.words, f"{count.words} {label}", 1) for label in labels)
    raise SeveralReadings(f"“{state.words}”: of what?", choices)


UNSURE = Construct("what may be about something else", read_unsure)

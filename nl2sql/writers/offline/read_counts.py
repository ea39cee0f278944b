"""What a number counts: "10 sales", "2 failed payments", "bid twice"; and whose amount it bounds."""

from __future__ import annotations

from decimal import Decimal

from nl2sql.plan.base import Operator
from nl2sql.writers.offline.frame import Noun
from nl2sql.writers.offline.placing import relate
from nl2sql.writers.offline.reading import Reading
from nl2sql.writers.offline.senses import (
    Chunk,
    DatasetSense,
    FilterSense,
    RoleSense,
    ValueSense,
    VerbSense,
)
from nl2sql.writers.offline.tokens import singular


def count_times(reading: Reading, chunk: Chunk, value: Decimal) -> None:
    """ "who bid more than 100 times", "who bought twice": how often the last deed was done."""
    deed = reading.noun
    head = reading.frame.head
    said = deed is not None and deed is not head and any(deed is n for n in reading.frame.nouns)
    if deed is None or head is None or not said or deed.role or deed.link not in ("plain", "with"):
        raise reading.stuck(chunk)
    if not reading.graph.paths(deed.dataset, head.dataset) or deed.dataset == head.dataset:
        raise reading.stuck(chunk)
    if reading.pending.negated or value != int(value) or value < 1:
        raise reading.stuck(chunk)
    operator = reading.pending.compare[0] if reading.pending.compare else "="
    if operator not in ("=", ">", ">=", "<", "<="):
        raise reading.stuck(chunk)
    deed.link, deed.operator, deed.count = "count", operator, int(value)
    reading.pending.compare = None


def thing_behind_adjectives(reading: Reading) -> bool:
    """ "2 failed payments", "3 German bidders"."""
    ahead = 1
    while (chunk := reading.peek(ahead)) and chunk.has(FilterSense, ValueSense) and not chunk.has(DatasetSense):
        ahead += 1
    return ahead > 1 and chunk is not None and chunk.has(DatasetSense, RoleSense)


def count_of_kind(reading: Reading, rows: str, operator: Operator, value: Decimal, kind: Chunk) -> None:
    """ "who bought more than 3 phones", "who bid on more than 3 phones": how many rows of that kind."""
    deed, head = reading.noun, reading.frame.head
    if deed is None or head is None or deed is head or deed.link not in ("plain", "with") or value != int(value):
        raise reading.stuck(kind)
    if deed.dataset == rows:
        deed.link, deed.operator, deed.count = "count", operator, int(value)
        return
    if not any(len(path) == 1 for path in reading.graph.paths(deed.dataset, rows)):
        raise reading.stuck(kind)
    thing = Noun(rows, kind.words, link="count", operator=operator, count=int(value), each_once=True)
    relate(reading, thing)
    thing.apart = False
    reading.noun = thing


def owner_of_amount(reading: Reading) -> Noun | None:
    """ "bids on listing 42 above 150", "whose bids on it were above 150": one listing is no amount, and what "were"
    says is said of the first. Between two things that both have an amount it is not clear."""
    noun, frame = reading.noun, reading.frame

    def has_amount(each: Noun) -> bool:
        return not each.role and bool(reading.model.dataset(each.dataset).amount_field)

    earlier = [each for each in frame.nouns if each is not noun and has_amount(each)]
    if noun is None or not earlier:
        return None
    index = next((i for i in range(reading.at, -1, -1) if reading.chunks[i].word("compare")), reading.at)
    before = reading.before(index)
    if noun.key is not None or not has_amount(noun) or (before is not None and before.word("is")):
        return earlier[-1]
    if noun.link == "plain" and before is not None and before.has(DatasetSense, ValueSense, FilterSense, RoleSense):
        raise reading.stuck(reading.chunks[reading.at], f"I could not tell of which amount “{noun.words}” is said.")
    return None


def counts_things(chunk: Chunk, count: Decimal, after: Chunk | None = None) -> bool:
    """ "10 bids", "10 sellers", "10 purchases", "10 sales"; but not "10 sold …", which waits for its noun."""
    noun_like = chunk.has(FilterSense) and (is_plural(chunk.words) or count == 1)
    if noun_like and not chunk.has(VerbSense) and not (after and after.has(DatasetSense, ValueSense, FilterSense)):
        return True
    return chunk.has(DatasetSense, RoleSense) or (chunk.has(VerbSense) and (is_plural(chunk.words) or count == 1))


def is_plural(words: str) -> bool:
    return singular(words.lower()) != words.lower()


def counts_verb(reading: Reading, chunk: Chunk) -> bool:
    return chunk.has(FilterSense) and chunk.has(VerbSense)

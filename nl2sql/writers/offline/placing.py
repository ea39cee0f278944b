"""Small steps of building a frame that several readers share."""

from __future__ import annotations

from nl2sql.writers.offline.frame import GroupAsk, MeasureAsk, Noun, RankAsk, RankBy
from nl2sql.writers.offline.language import NEGATES_NOUNS
from nl2sql.writers.offline.reading import Reading
from nl2sql.writers.offline.senses import Chunk, DatasetSense, FieldSense, MetricSense, RoleSense, VerbSense


def set_head(reading: Reading, noun: Noun) -> None:
    if reading.pending.number is not None:
        rank = reading.frame.rank or RankAsk(True, words="undirected")
        rank.number = int(reading.pending.number)
        reading.frame.rank = rank
        reading.pending.number = None
    reading.frame.head = noun
    reading.noun_at = reading.at
    reading.frame.nouns.append(noun)


def set_rank(reading: Reading, direction: str, by: RankBy = "measure", *, everything: bool = False) -> None:
    rank = reading.frame.rank or RankAsk(direction == "max")
    rank.descending, rank.all, rank.by = direction == "max", everything, by
    if reading.pending.number is not None:
        rank.number = int(reading.pending.number)
        reading.pending.number = None
    reading.frame.rank = rank


def add_aggregates(reading: Reading, words: str, function: str, fields: tuple[FieldSense, ...]) -> None:
    """One measure for each function that was announced: "lowest and highest price"."""
    for each in (*reading.pending.also, function):
        reading.frame.measures.append(MeasureAsk("agg", words, function=each, fields=fields))
    reading.pending.also = []


def negates_noun(reading: Reading) -> bool:
    """ "no sold items" negates the items, "not sold items" the sold."""
    previous = reading.previous()
    return reading.pending.negated and previous is not None and previous.words.lower() in NEGATES_NOUNS


def is_deed(reading: Reading, chunk: Chunk) -> bool:
    """Whether the word says what the people in question did ("sellers who sold"), rather than what was done."""
    verbs = chunk.of(VerbSense)
    subject = reading.frame.head or reading.noun
    if not verbs or subject is None:
        return False
    return reading.graph.relationships[verbs[0].relationship].target == subject.dataset


def relate(reading: Reading, noun: Noun) -> None:
    between = reading.chunks[reading.noun_at + 1 : reading.at]
    noun.apart = any(c.word(kind) for c in between for kind in ("and", "but", "comma", "that"))
    reading.noun_at = reading.at
    target = reading.frame.part_nouns if reading.in_part() else reading.frame.nouns
    target.append(noun)


def add_group(reading: Reading, ask: GroupAsk) -> None:
    reading.frame.groups.append(ask)
    reading.pending.by = False
    following, after = reading.peek(), reading.peek(2)
    joined = following and (following.word("and") or following.word("comma"))
    groups_too = after and (after.has(FieldSense, DatasetSense, RoleSense) or after.word("grain"))
    if joined and after and groups_too and not after.has(MetricSense) and not after.word("by"):
        reading.skip_to_next()
        reading.pending.by = True

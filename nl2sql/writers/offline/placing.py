"""Small steps of building a frame that several readers share."""

from __future__ import annotations

from nl2sql.writers.offline.frame import GroupAsk, Noun, RankAsk
from nl2sql.writers.offline.reading import Reading
from nl2sql.writers.offline.senses import DatasetSense, FieldSense, MetricSense, RoleSense


def set_head(reading: Reading, noun: Noun) -> None:
    if reading.pending.number is not None:
        rank = reading.frame.rank or RankAsk(True, words="undirected")
        rank.number = int(reading.pending.number)
        reading.frame.rank = rank
        reading.pending.number = None
    reading.frame.head = noun
    reading.frame.nouns.append(noun)


def set_rank(reading: Reading, direction: str, by: str = "measure") -> None:
    rank = reading.frame.rank or RankAsk(direction == "max")
    rank.descending = direction == "max"
    rank.by = by  # type: ignore[assignment]
    if reading.pending.number is not None:
        rank.number = int(reading.pending.number)
        reading.pending.number = None
    reading.frame.rank = rank


def relate(reading: Reading, noun: Noun) -> None:
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

"""What constructs made of their words: conditions, groupings and measures that are read like any other."""

from __future__ import annotations

from nl2sql.writers.offline.frame import GroupAsk, MadeAsk, MeasureAsk
from nl2sql.writers.offline.placing import add_group, set_rank
from nl2sql.writers.offline.reading import Reading
from nl2sql.writers.offline.senses import Chunk, ConditionSense, DimensionSense, MeasureSense


def read_made(reading: Reading, chunk: Chunk) -> None:
    for sense in chunk.senses:
        match sense:
            case ConditionSense():
                _condition(reading, chunk, sense)
            case DimensionSense():
                add_group(reading, GroupAsk(chunk.words, made=sense))
            case MeasureSense():
                _measure(reading, chunk, sense)
            case _:
                continue
    reading.at += 1


def _condition(reading: Reading, chunk: Chunk, sense: ConditionSense) -> None:
    ask = MadeAsk(sense, chunk.words, reading.pending.negated)
    reading.pending.negated = reading.pending.with_ = False
    if sense.adjective:
        reading.pending.before.append(ask)
    else:
        reading.restrict(ask)


def _measure(reading: Reading, chunk: Chunk, sense: MeasureSense) -> None:
    pending = reading.pending
    if pending.negated or pending.agg or (pending.by and reading.frame.rank is None):
        raise reading.stuck(chunk)
    pending.by = pending.with_ = pending.count = pending.sort = False
    ask = MeasureAsk("made", chunk.words, made=sense)
    reading.frame.measures.append(ask)
    reading.compared = ask
    if direction := pending.most or pending.extreme or pending.ranked:
        set_rank(reading, direction)
        pending.most = pending.extreme = pending.ranked = ""
    reading.frame.loose.extend(pending.before)
    pending.before = []

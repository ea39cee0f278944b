"""Fields, metrics and groupings."""

from __future__ import annotations

from decimal import Decimal
from typing import cast

from nl2sql.writers.offline.frame import CompareAsk, GroupAsk, MeasureAsk, NotUnderstood, Noun
from nl2sql.writers.offline.placing import add_group, set_head, set_rank
from nl2sql.writers.offline.plan import Grain
from nl2sql.writers.offline.reading import Reading
from nl2sql.writers.offline.senses import (
    Chunk,
    FieldSense,
    MetricSense,
    NumberSense,
    VerbSense,
)


def read_metric(reading: Reading, chunk: Chunk) -> None:
    metric = chunk.of(MetricSense)[0]
    pending = reading.pending
    if pending.agg and not _agrees(reading, metric.metric, pending.agg):
        raise NotUnderstood(f"I cannot take the {pending.agg} of “{chunk.words}” yet.", (chunk.words,))
    if pending.by and reading.frame.rank is None:
        raise reading.stuck(chunk)
    if pending.negated:
        raise reading.stuck(chunk)
    pending.by = pending.with_ = pending.count = False
    pending.agg = ""
    ask = MeasureAsk("metric", chunk.words, metric=metric.metric)
    reading.frame.measures.append(ask)
    reading.compared = ask
    if pending.most or pending.extreme:
        set_rank(reading, pending.most or pending.extreme)
        pending.most = pending.extreme = ""
    reading.frame.loose.extend(pending.before)
    pending.before = []
    reading.at += 1


def _agrees(reading: Reading, name: str, aggregate: str) -> bool:
    """ "average premium" is the metric premium when that is an average; "total GMV" is GMV."""
    metric = reading.model.metric_by_name[name]
    head = metric.expression.split("(", 1)[0].strip().upper()
    return (aggregate == "sum" and (metric.additive or " / " in metric.expression)) or head == aggregate.upper()


def read_field(reading: Reading, chunk: Chunk, fields: tuple[FieldSense, ...] = (), role: str = "") -> None:
    fields = fields or chunk.of(FieldSense)
    pending, frame = reading.pending, reading.frame
    dates_only = all(reading.is_time(f) for f in fields)
    if dates_only and chunk.has(VerbSense):
        verbs = [v.relationship for v in chunk.of(VerbSense)]
        frame.verbs.extend(verbs)
        if frame.people and frame.head is None and not pending.by:
            set_head(reading, Noun(reading.graph.relationships[verbs[0]].target, "who"))
    elif pending.negated:
        pending.negated = False
        reading.restrict(CompareAsk(fields, "is null", (), "", chunk.words, role))
    elif pending.by and dates_only and (after := reading.peek()) and (grain := after.word("grain")):
        reading.skip_to_next()
        add_group(reading, GroupAsk(chunk.words, fields, grain=cast(Grain, grain.argument)))
    elif pending.by:
        pending.by = False
        add_group(reading, GroupAsk(chunk.words, fields, role=role))
    elif pending.agg or pending.extreme:
        function = pending.agg or pending.extreme
        ranked = bool(pending.extreme) and (frame.head is not None or frame.listed or frame.rank is not None)
        frame.measures.append(MeasureAsk("agg", chunk.words, function=function, fields=fields))
        if ranked:
            set_rank(reading, pending.extreme)
        pending.agg = pending.extreme = ""
        reading.compared = frame.measures[-1]
    elif not dates_only:
        _plain_field(reading, chunk, fields, role)
    reading.at += 1


def _plain_field(reading: Reading, chunk: Chunk, fields: tuple[FieldSense, ...], role: str) -> None:
    following = reading.peek()
    after = reading.peek(2)
    compares = following and (
        following.word("compare")
        or following.word("between")
        or following.has(NumberSense)
        or (
            (following.word("preposition") or following.word("is"))
            and after
            and (after.word("compare") or after.has(NumberSense) or after.word("between"))
        )
    )
    if compares:
        reading.compared = (fields, role)
        if following and (following.word("preposition") or following.word("is")):
            reading.skip_to_next()
            following = reading.peek()
        if following and following.has(NumberSense) and reading.pending.compare is None:
            reading.pending.compare = ("=", Decimal(0), "")
    elif reading.pending.with_:
        reading.restrict(CompareAsk(fields, "is not null", (), "", chunk.words, role))
        reading.pending.with_ = False
    elif reading.pending.count:
        reading.pending.count = False
        reading.frame.measures.append(MeasureAsk("agg", chunk.words, function="distinct", fields=fields))
    elif (
        reading.frame.listed
        and reading.frame.head is None
        and not reading.frame.measures
        and not _default_agg(reading, fields)
    ):
        reading.frame.columns.append(fields)
    elif _default_agg(reading, fields):
        reading.frame.measures.append(
            MeasureAsk("agg", chunk.words, function=_default_agg(reading, fields), fields=fields)
        )
        reading.compared = reading.frame.measures[-1]
    else:
        reading.frame.columns.append(fields)


def _default_agg(reading: Reading, fields: tuple[FieldSense, ...]) -> str:
    return next((a for f in fields if (a := reading.model.dataset(f.dataset).field(f.field).aggregation)), "")


def read_grain(reading: Reading, chunk: Chunk, grain: Grain) -> None:
    by, reading.pending.by = reading.pending.by, False
    adverb = chunk.words.lower().endswith(("ly", "ual")) or " " in chunk.words
    if by or adverb or reading.frame.groups:
        add_group(reading, GroupAsk(chunk.words, grain=grain))
    elif reading.frame.head is None and not reading.frame.measures:
        if reading.pending.extreme:
            set_rank(reading, reading.pending.extreme)
            reading.pending.extreme = ""
        elif reading.pending.number is not None:
            set_rank(reading, "max")
        reading.frame.groups.append(GroupAsk(chunk.words, grain=grain))
        reading.frame.listed = True
    else:
        raise reading.stuck(chunk)

"""Fields, metrics and groupings."""

from __future__ import annotations

from decimal import Decimal
from typing import cast

from nl2sql.plan.base import Grain
from nl2sql.writers.offline.frame import (
    ColumnAsk,
    CompareAsk,
    GroupAsk,
    MeasureAsk,
    NotUnderstood,
    Noun,
    SeveralReadings,
)
from nl2sql.writers.offline.language import EVALUATES, SINGLE
from nl2sql.writers.offline.placing import add_aggregates, add_group, relate, set_head, set_rank
from nl2sql.writers.offline.read_numbers import names_groups
from nl2sql.writers.offline.reading import Reading
from nl2sql.writers.offline.senses import (
    Chunk,
    DatasetSense,
    FieldSense,
    MetricSense,
    NumberSense,
    PeriodSense,
    RoleSense,
    ValueSense,
    VerbSense,
)
from nl2sql.writers.offline.tokens import singular


def read_metric(reading: Reading, chunk: Chunk) -> None:
    metric = chunk.of(MetricSense)[0]
    pending = reading.pending
    if pending.ranked:
        pending.extreme, pending.ranked = pending.ranked, ""
    if pending.agg and not agrees(reading, metric.metric, pending.agg):
        raise NotUnderstood(f"I cannot take the {pending.agg} of “{chunk.words}” yet.", (chunk.words,))
    listed = reading.frame.head is not None and not reading.frame.measures and not reading.frame.counted
    if pending.by and reading.frame.rank is None and (not listed or reading.frame.groups or reading.frame.shown):
        raise reading.stuck(chunk)
    if pending.negated:
        raise reading.stuck(chunk)
    counted = reading.model.metric_by_name[metric.metric].expression.lstrip().upper().startswith("COUNT(")
    if pending.count and not counted:
        raise reading.stuck(chunk, f"I cannot count “{chunk.words}”: that is a number already.")
    pending.by = pending.with_ = pending.count = False
    pending.agg = ""
    pending.sort = False
    verbs = [v.relationship for v in chunk.of(VerbSense)]
    frame = reading.frame
    frame.verbs.extend(verbs)
    if verbs and frame.people and frame.head is None:
        set_head(reading, Noun(reading.graph.relationships[verbs[0]].target, "who"))
    ask = MeasureAsk("metric", chunk.words, metric=metric.metric)
    reading.frame.measures.append(ask)
    reading.compared = ask
    if pending.most or pending.extreme:
        set_rank(reading, pending.most or pending.extreme)
        pending.most = pending.extreme = ""
    elif verbs and (following := reading.peek()) and (most := following.word("most")):
        set_rank(reading, most.argument)  # "spent the most"
        reading.skip_to_next()
    reading.frame.loose.extend(pending.before)
    pending.before = []
    _of_whom(reading, chunk)
    reading.at += 1


def _of_whom(reading: Reading, chunk: Chunk) -> None:
    """ "average rating of sellers | from Italy": what follows is said of the people in the metric's name."""
    said = singular(chunk.words.lower().split()[-1])
    named = [r for r in reading.graph.relationships.values() if r.role == said]
    following = reading.peek()
    if (
        len(named) == 1
        and " of " in chunk.words.lower()
        and following
        and (following.word("preposition") or following.word("with"))
    ):
        noun = Noun(named[0].target, said, named[0].name)
        relate(reading, noun)
        reading.noun = noun


def agrees(reading: Reading, name: str, aggregate: str) -> bool:
    """ "average premium" is the metric premium when that is an average; "total GMV" is GMV."""
    metric = reading.model.metric_by_name[name]
    head = metric.expression.split("(", 1)[0].strip().upper()
    return (aggregate == "sum" and (metric.additive or " / " in metric.expression)) or head == aggregate.upper()


def read_field(reading: Reading, chunk: Chunk, fields: tuple[FieldSense, ...] = (), role: str = "") -> None:
    fields = fields or chunk.of(FieldSense)
    pending, frame = reading.pending, reading.frame
    dates_only = all(reading.is_time(f) for f in fields)
    _rank_by(reading, fields)
    _who_it_was(reading, chunk, fields)
    happened = dates_only and chunk.has(VerbSense) and not (pending.count and frame.head is None)
    if happened:
        verbs = [v.relationship for v in chunk.of(VerbSense)]
        frame.verbs.extend(verbs)
        if frame.people and frame.head is None and not pending.by:
            set_head(reading, Noun(reading.graph.relationships[verbs[0]].target, "who"))
    elif pending.negated:
        pending.negated = False
        _refuse_not_in(reading, chunk, fields)
        reading.restrict(CompareAsk(fields, "is null", (), "", chunk.words, role))
    elif pending.sort:
        _sort_by(reading, chunk, fields)
    elif pending.by and dates_only and (after := reading.peek()) and (grain := after.word("grain")):
        reading.skip_to_next()
        add_group(reading, GroupAsk(chunk.words, fields, grain=cast(Grain, grain.argument)))
    elif pending.by:
        pending.by = False
        add_group(reading, GroupAsk(chunk.words, fields, role=role))
    elif pending.extreme and not pending.agg and names_groups(reading, chunk):
        set_rank(reading, pending.extreme)  # "top 5 countries by …": what is ranked, not what is compared
        reading.frame.ranked_words = chunk.words
        pending.extreme = ""
        frame.listed = True
        if role:  # "top 5 seller countries"
            frame.shown.append(ColumnAsk(chunk.words, fields, role))
        else:
            frame.columns.append(fields)
    elif pending.agg or pending.extreme:
        function = pending.agg or pending.extreme
        direction = pending.extreme or pending.ranked
        function = _of_many(reading, chunk, fields) or function
        asked = frame.head is not None or frame.listed or frame.rank is not None or pending.number is not None
        ranked = bool(direction) and asked
        add_aggregates(reading, chunk.words, function, fields)
        if ranked or pending.ranked:
            set_rank(reading, direction)
        pending.agg = pending.extreme = pending.ranked = ""
        reading.compared = frame.measures[-1]
    elif dates_only:
        _plain_time(reading, chunk, fields)
    else:
        _plain_field(reading, chunk, fields, role)
    reading.at += 1


def _refuse_not_in(reading: Reading, chunk: Chunk, fields: tuple[FieldSense, ...]) -> None:
    """ "not seen in 2025": another date than that of the rows. "Without a price in 2025" says nothing of a date."""
    following = reading.peek()
    if following and following.has(PeriodSense) and all(reading.is_time(f) for f in fields):
        raise reading.stuck(chunk, f"I cannot read “not {chunk.words}” together with a period.")


def _who_it_was(reading: Reading, chunk: Chunk, fields: tuple[FieldSense, ...]) -> None:
    """ "everyone who signed up": the date is of those who are asked for."""
    frame = reading.frame
    people = {r.target for r in reading.graph.relationships.values() if r.role}
    asked = frame.people and frame.head is None and not frame.measures and not chunk.has(VerbSense)
    if asked and fields[0].dataset in people and all(reading.is_time(f) for f in fields) and not reading.pending.by:
        set_head(reading, Noun(fields[0].dataset, "who"))
        reading.noun = frame.head


def _rank_by(reading: Reading, fields: tuple[FieldSense, ...]) -> None:
    """ "top 10 items by starting price", "top 5 shops by average price": the rank takes the measure that is named."""
    pending, rank, head = reading.pending, reading.frame.rank, reading.frame.head
    if not pending.by or rank is None or reading.frame.measures:
        return
    if head is None:
        usual = usual_aggregate(reading, fields)
        named = reading.frame.columns or reading.frame.shown
        if named and not pending.extreme and (pending.agg or usual):  # "top 5 countries by …"
            pending.by, rank.by = False, "measure"
            pending.agg = pending.agg or usual
        return
    datasets = {f.dataset: reading.model.dataset(f.dataset).field(f.field) for f in fields}
    if pending.agg or pending.extreme:
        pending.by, rank.by = False, "measure"
    elif head.dataset in datasets and not head.role and datasets[head.dataset].datatype.is_number:
        pending.by, rank.by = False, "measure"
        pending.agg = "max" if rank.descending else "min"


def _of_many(reading: Reading, chunk: Chunk, fields: tuple[FieldSense, ...]) -> str:
    """ "sellers with the best rating": of many ratings that is their average; "highest" leaves it open."""
    pending, head = reading.pending, reading.frame.head
    usual = usual_aggregate(reading, fields)
    said = pending.extreme_words.lower()
    own = head is None or (head.role == "" and any(f.dataset == head.dataset for f in fields))
    if not pending.extreme or not usual or own or said in SINGLE:
        return ""
    if said in EVALUATES:
        return usual
    text, found = reading.frame.text, f"{pending.extreme_words} {chunk.words}"
    extreme = "maximum" if pending.extreme == "max" else "minimum"
    choices = (text.replace(found, f"{said} average {chunk.words}"), text.replace(found, f"{extreme} {chunk.words}"))
    raise SeveralReadings(f"“{found}”: on average, or a single one?", choices if found in text else ())


def _sort_by(reading: Reading, chunk: Chunk, fields: tuple[FieldSense, ...]) -> None:
    """All rows of the head, in the order of one of its own fields: largest first, days from the first on."""
    head = reading.frame.head
    own = tuple(f for f in fields if head is not None and f.dataset == head.dataset)
    if not own or reading.frame.measures or reading.frame.counted or reading.frame.groups:
        raise reading.stuck(chunk)
    if not reading.model.dataset(own[0].dataset).field(own[0].field).datatype.is_number and not reading.is_time(own[0]):
        reading.frame.sorted_by, reading.pending.sort = own, False
        set_rank(reading, "min", everything=True)
        return
    direction = "min" if reading.is_time(own[0]) else "max"
    reading.frame.measures.append(MeasureAsk("agg", chunk.words, function=direction, fields=own))
    set_rank(reading, direction, everything=True)
    reading.pending.sort = False


def _plain_time(reading: Reading, chunk: Chunk, fields: tuple[FieldSense, ...]) -> None:
    """A date by itself: shown where rows are listed, counted as an event, or said of the period that follows."""
    frame, following = reading.frame, reading.peek()
    dated = following is not None and following.has(PeriodSense)
    own = tuple(f for f in fields if reading.noun is not None and f.dataset == reading.noun.dataset) or fields
    metrics = [reading.model.metric_by_name[m.metric].time_field for m in frame.measures if m.metric]
    trivial = any(reading.model.dataset(f.dataset).time_field == f.field for f in own)
    trivial = trivial or any(f"{f.dataset}.{f.field}" in metrics for f in fields)
    starts = frame.head is None and not frame.measures and not (following and following.has(DatasetSense, RoleSense))
    if starts and not reading.pending.count and _is_name(reading, chunk, fields):
        frame.listed = True
        frame.columns.append(fields)
    elif starts and not frame.listed and trivial and len(fields) == 1:
        reading.pending.count, frame.counted = False, True
        set_head(reading, Noun(fields[0].dataset, chunk.words))
        reading.noun = frame.head
    elif frame.when or (frame.listed and not dated and _is_name(reading, chunk, fields)):
        frame.columns.append(fields)
    elif not dated and (not trivial or _is_name(reading, chunk, fields)):
        raise reading.stuck(chunk, f"I could not tell what to do with “{chunk.words}”; please name a period or a list.")


def _is_name(reading: Reading, chunk: Chunk, fields: tuple[FieldSense, ...]) -> bool:
    """The name of the date ("closing date") rather than a participle ("closed")."""
    labels = {reading.model.dataset(f.dataset).field(f.field).label.lower() for f in fields}
    said = chunk.words.lower()
    named = {said, " ".join([*said.split()[:-1], singular(said.split()[-1])])}
    return bool(named & labels) or any(name.endswith((" date", " time")) for name in named)


def _plain_field(reading: Reading, chunk: Chunk, fields: tuple[FieldSense, ...], role: str) -> None:
    if _names_a_value(reading, fields):
        reading.pending.with_ = False
    elif _is_bounded(reading) and not _are_names(reading, fields):
        _expect_bound(reading, fields, role)
    elif reading.pending.with_ and _asks_to_show(reading):
        raise reading.stuck(chunk)  # "top sellers by revenue with their country"
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
        and not usual_aggregate(reading, fields)
    ) or ((reading.frame.columns or reading.frame.shown) and _is_joined(reading)):
        if role:
            reading.frame.shown.append(ColumnAsk(chunk.words, fields, role))
        else:
            reading.frame.columns.append(fields)
    elif reading.frame.measures and chunk.words.lower().endswith(" for") and not _is_joined(reading):
        pass  # "what premium did it sell for": what is asked for stood before
    elif usual_aggregate(reading, fields) and not (reading.noun is not None and reading.noun.key is not None):
        reading.frame.measures.append(
            MeasureAsk("agg", chunk.words, function=usual_aggregate(reading, fields), fields=fields)
        )
        reading.compared = reading.frame.measures[-1]
    else:
        reading.frame.columns.append(fields)


def _names_a_value(reading: Reading, fields: tuple[FieldSense, ...]) -> bool:
    """ "status is sold", "with country Germany": the value says by itself of what it is one."""
    ahead = 1
    while (following := reading.peek(ahead)) and (following.word("is") or following.word("not")) and ahead < 4:
        ahead += 1
    values = {(v.dataset, v.field) for v in following.of(ValueSense)} if following else set()
    return bool(values & {(f.dataset, f.field) for f in fields})


def _are_names(reading: Reading, fields: tuple[FieldSense, ...]) -> bool:
    each = [reading.model.dataset(f.dataset).field(f.field) for f in fields]
    return not any(f.datatype.is_number or f.is_time for f in each)


def _asks_to_show(reading: Reading) -> bool:
    """ "with their country", and "top sellers by revenue with country"; "with a buy-now price" says there is one."""
    before = reading.chunks[reading.at - 1].words.lower().split()[-1] if reading.at else ""
    ranked = reading.frame.head is not None and bool(reading.frame.measures)
    return before in ("their", "its") or (ranked and before not in ("a", "an", "any"))


def _is_bounded(reading: Reading) -> bool:
    """A number or a comparison stands behind the field, perhaps after "of", "is" or "not"."""
    following, after = reading.peek(), reading.peek(2)
    if following is None:
        return False
    if following.word("compare") or following.word("between") or following.has(NumberSense):
        return True
    if following.word("not"):
        return bool(after and after.word("compare"))
    links = following.word("preposition") or following.word("is")
    behind = reading.peek(3) if links and after and after.has(NumberSense) else None
    if behind and any(behind.word(kind) for kind in ("dear", "extreme", "recent", "most")):
        return False  # "final prices of the three most expensive ones"
    return bool(links and after and (after.word("compare") or after.word("between") or after.has(NumberSense)))


def _expect_bound(reading: Reading, fields: tuple[FieldSense, ...], role: str) -> None:
    """What comes next bounds these fields; a bare number is meant exactly."""
    reading.compared = (fields, role)
    following = reading.peek()
    if following and (following.word("preposition") or following.word("is")):
        reading.skip_to_next()
        following = reading.peek()
    if following and following.has(NumberSense) and reading.pending.compare is None:
        reading.pending.compare = ("=", Decimal(0), "")


def _is_joined(reading: Reading) -> bool:
    previous = reading.previous()
    return previous is not None and bool(previous.word("and") or previous.word("comma"))


def usual_aggregate(reading: Reading, fields: tuple[FieldSense, ...]) -> str:
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

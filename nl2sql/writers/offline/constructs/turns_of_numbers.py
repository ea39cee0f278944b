"""Numbers in other words: "how many seller ratings" are the reviews that a seller rating averages; "how many bids does
each bidder place on average" is the average number of bids per bidder; "the amounts of all payments, added up" are
their total; "rose in 2025 over 2024" compares two years."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal

from nl2sql.plan.base import QueryPlan
from nl2sql.plan.names import metric_base
from nl2sql.plan.periods import period_of
from nl2sql.writers.offline.constructs.base import Construct, Inner, Linked, word
from nl2sql.writers.offline.constructs.pieces import preceding
from nl2sql.writers.offline.senses import (
    Chunk,
    DatasetSense,
    FieldSense,
    FilterSense,
    MetricSense,
    NumberSense,
    PeriodSense,
    RoleSense,
    ValueSense,
    VerbSense,
    is_filler,
)
from nl2sql.writers.offline.tokens import singular

Chunks = tuple[Chunk, ...]
_NOUNS = (DatasetSense, RoleSense)
_COUNT_DISTINCT = re.compile(r"COUNT\(DISTINCT (\w+)\.(\w+)\)", re.IGNORECASE)
_AMOUNT_OF = frozenset(("amount of", "amounts of", "the amount of", "the amounts of"))


def read_number_turns(question: Linked, inner: Inner) -> QueryPlan | None:
    chunks = question.chunks
    for turn in _TURNS:
        chunks = turn(chunks, question)
    if chunks is question.chunks:
        return None
    plan = inner(chunks)
    question.settle(chunks)
    return plan


# -- what a metric averages ------------------------------------------------------------------------------------------


def _counted_average(chunks: Chunks, question: Linked) -> Chunks:
    """ "how many seller ratings": where the model has a filter of an average's name, that says which rows."""
    for at, chunk in enumerate(chunks):
        metrics = [m.metric for m in chunk.of(MetricSense)]
        if not metrics or not at or not _is_counted(chunks, at):
            continue
        metric = question.model.metric_by_name[metrics[0]]
        if not metric.expression.lstrip().upper().startswith("AVG("):
            continue
        dataset = question.model.dataset(metric_base(metric, question.model))
        if metric.name not in {each.name for each in dataset.filters}:
            continue
        label = dataset.label or dataset.name
        rows = (
            Chunk(chunk.words, (FilterSense(dataset.name, metric.name),)),
            Chunk(label, (DatasetSense(dataset.name),)),
        )
        if any(c.word("not") for c in chunks[max(at - 4, 0) : at]):
            rows = (rows[1], rows[0])  # "never received a seller rating": it is the rows that there are not
        return (*chunks[:at], *rows, *chunks[at + 1 :])
    return chunks


def _is_counted(chunks: Chunks, at: int) -> bool:
    last = chunks[at].words.lower().split()[-1]
    plural = singular(last) != last
    before = chunks[preceding(chunks, at)] if preceding(chunks, at) >= 0 else chunks[0]
    if before.word("count"):
        return True
    if before.word("preposition") and any(c.word("share") for c in chunks[:at]):
        return plural
    if before.word("or_more") or (before.has(NumberSense) and not before.of(NumberSense)[0].unit):
        return plural
    one = chunks[at - 1].words.lower() in ("a", "an", "any", "single")
    return (one or plural) and any(c.word("not") for c in chunks[max(at - 4, 0) : at])


# -- averages of counts ----------------------------------------------------------------------------------------------


def _each_on_average(chunks: Chunks, question: Linked) -> Chunks:
    """ "how many bids did an active bidder place on average" → "average number of bids per active bidder"."""
    count = next((i for i, c in enumerate(chunks) if c.word("count")), -1)
    mean = next((i for i, c in enumerate(chunks) if c.words.lower() in ("on average", "in average")), -1)
    noun = _noun(chunks, count + 1) if 0 <= count < mean else -1
    if noun < 0 or noun + 3 > mean or not chunks[noun + 1].word("is"):
        return chunks
    if chunks[noun + 1].words.lower() not in ("do", "does", "did"):
        return chunks
    who, start = _who(chunks, noun + 2, mean)
    lead = _trimmed(chunks[:count])
    if who is None and chunks[noun + 2].words.lower() == "each" and lead and chunks[0].words.lower() == "among":
        people, start = lead[1:], noun + 3  # "among users who sold anything, how many … does each have on average"
    elif who is not None and not any(c.has(*_NOUNS, MetricSense) for c in lead):
        people = (_people(who, question),)
    else:
        return chunks
    if not people or any(_says_more(c) for c in chunks[start:mean]):
        return chunks
    kept = () if people == lead[1:] and lead else lead
    counted = chunks[count + 1 : noun + 1]
    return (*kept, word("average", "agg", "avg"), word("number of", "count"), *counted, word("per", "by"), *people,
            *chunks[mean + 1 :])  # fmt: skip


def _noun(chunks: Chunks, at: int) -> int:
    while at < len(chunks) and (is_filler(chunks[at]) or chunks[at].has(FilterSense, ValueSense)):
        if chunks[at].has(*_NOUNS):
            break
        at += 1
    return at if at < len(chunks) and chunks[at].has(*_NOUNS) else -1


def _who(chunks: Chunks, at: int, mean: int) -> tuple[Chunk | None, int]:
    """One of those who do it, and the place behind: "an active bidder", "each user", "the average seller"."""
    one = False
    while at < mean and (is_filler(chunks[at]) or chunks[at].word("by") or chunks[at].word("agg")):
        one = one or chunks[at].words.lower() in ("a", "an", "each", "every", "the")
        at += 1
    if at >= mean or not chunks[at].has(*_NOUNS, MetricSense):
        return None, at
    last = chunks[at].words.lower().split()[-1]
    several = singular(last) != last or last == "people"
    return (chunks[at], at + 1) if one or several else (None, at)


def _people(who: Chunk, question: Linked) -> Chunk:
    """ "active bidder" counts those that the rows name: the role of that column."""
    for metric in who.of(MetricSense):
        found = _COUNT_DISTINCT.fullmatch(question.model.metric_by_name[metric.metric].expression.strip())
        for each in question.model.relationships if found else ():
            if found and each.role and (each.source, tuple(each.source_columns)) == (found[1], (found[2],)):
                return Chunk(each.role, (RoleSense(each.name),))
    return who


def _trimmed(lead: Chunks) -> Chunks:
    while lead and (lead[-1].word("comma") or is_filler(lead[-1])):
        lead = lead[:-1]
    return lead


def _says_more(chunk: Chunk) -> bool:
    if chunk.has(VerbSense):
        return False
    return not (is_filler(chunk) or chunk.word("is") or chunk.word("filler"))


def _people_did(chunks: Chunks, question: Linked) -> Chunks:
    """ "how many comments did people leave": each has somebody who left it, so that says nothing more."""
    at = next((i for i, c in enumerate(chunks) if c.words.lower() in ("did", "do", "have")), -1)
    if at < 1 or at + 2 >= len(chunks) or not chunks[at - 1].has(DatasetSense):
        return chunks
    counted = any(c.word("count") for c in chunks[:at]) and not any(c.word("agg") or c.word("not") for c in chunks)
    things = {d.dataset for d in chunks[at - 1].of(DatasetSense)}
    people = {d.dataset for d in chunks[at + 1].of(DatasetSense)}
    deeds = [question.graph.relationships[v.relationship] for v in chunks[at + 2].of(VerbSense)]
    done = [d for d in deeds if d.source in things and d.target in people and not d.condition]
    plain = counted and not chunks[at + 1].has(RoleSense) and not chunks[at + 2].has(FilterSense)
    return (*chunks[:at], *chunks[at + 3 :]) if done and plain else chunks


# -- totals ----------------------------------------------------------------------------------------------------------


def _amounts_of(chunks: Chunks, question: Linked) -> Chunks:
    """ "total amount of all refunded payments": of rows that have an amount it is that, and not how many there are."""
    for at, chunk in enumerate(chunks):
        if chunk.words.lower() not in _AMOUNT_OF or not chunk.word("count") or not at:
            continue
        before = chunks[preceding(chunks, at)] if preceding(chunks, at) >= 0 else chunks[0]
        noun = _noun(chunks, at + 1)
        if noun < 0 or not (before.word("agg") or before.word("sum up") or before.word("extreme")):
            continue
        field = _amount(chunks[noun], question)
        if field is not None and field.words.split()[-1] == "amount":
            return (*chunks[:at], field, word("of", "preposition"), *chunks[at + 1 :])
    return chunks


def _added_up(chunks: Chunks, question: Linked) -> Chunks:
    """ "what do anna_k's bids add up to": the total of what each of them is worth."""
    at = next((i for i, c in enumerate(chunks) if c.word("sum up")), -1)
    if at < 1 or any(c.has(MetricSense, FieldSense) or c.word("count") or c.word("agg") for c in chunks):
        return chunks
    nouns = [i for i in range(at) if chunks[i].has(*_NOUNS)]
    field = _amount(chunks[nouns[0]], question) if len(nouns) == 1 else None
    if field is None:
        return chunks
    start = 0
    while start < at and (_only_asks(chunks[start]) or chunks[start].words.lower() == "of"):
        start += 1
    return (word("total", "agg", "sum"), field, word("of", "preposition"), *chunks[start:at], *chunks[at + 1 :])


def _only_asks(chunk: Chunk) -> bool:
    return is_filler(chunk) or bool(chunk.word("is")) or bool(chunk.word("list"))


def _amount(noun: Chunk, question: Linked) -> Chunk | None:
    datasets = noun.of(DatasetSense)
    dataset = question.model.dataset(datasets[0].dataset) if datasets else None
    if dataset is None or not dataset.amount_field:
        return None
    field = dataset.field(dataset.amount_field)
    return Chunk((field.label or field.name).lower(), (FieldSense(dataset.name, field.name),))


# -- years and stars -------------------------------------------------------------------------------------------------


def _year_over_year(chunks: Chunks, question: Linked) -> Chunks:
    """ "rose in 2025 over 2024"."""
    if not any(c.word("grow") for c in chunks):
        return chunks
    for at in range(1, len(chunks) - 1):
        number = chunks[at + 1].of(NumberSense)
        if chunks[at].words.lower() != "over" or not chunks[at - 1].has(PeriodSense) or not number:
            continue
        year = number[0].value
        if number[0].unit or year != int(year) or not Decimal(1990) <= year <= Decimal(2100):
            continue
        period = period_of(date(int(year), 1, 1), date(int(year) + 1, 1, 1))
        return (*chunks[:at], word("versus", "versus"), Chunk(chunks[at + 1].words, (PeriodSense(period),)),
                *chunks[at + 2 :])  # fmt: skip
    return chunks


def _so_many_units(chunks: Chunks, question: Linked) -> Chunks:
    """ "are just one star", "were 5 stars": rows that have so many of a number's unit."""
    for at in range(1, len(chunks)):
        fields = chunks[at].of(FieldSense)
        numeric = [f for f in fields if question.model.dataset(f.dataset).field(f.field).datatype.is_number]
        single = chunks[at - 1].word("single")
        if not numeric or not (single or chunks[at - 1].has(NumberSense)):
            continue
        link = preceding(chunks, at - 1)
        if link < 0 or chunks[link].words.lower() not in ("is", "are", "was", "were", "just", "only", "had", "have"):
            continue
        number = Chunk("1", (NumberSense(Decimal(1)),)) if single else chunks[at - 1]
        if chunks[link].word("with") and not single:
            continue
        return (*chunks[:link], word("have", "is"), number, *chunks[at:]) if _changes(chunks, link, at) else chunks
    return chunks


def _changes(chunks: Chunks, link: int, at: int) -> bool:
    return chunks[link].words.lower() not in ("have", "had") or chunks[at - 1].word("single") is not None


def _question_behind(chunks: Chunks, question: Linked) -> Chunks:
    """ "Vinyl Records falls under which category" → "which category does Vinyl Records belong to"."""
    end = len(chunks)
    while end and chunks[end - 1].word("comma"):
        end -= 1
    if end < 3 or chunks[end - 2].words.lower() not in ("which", "what"):
        return chunks
    thing, before = chunks[end - 1], chunks[: end - 2]
    asks = any(c.word("list") or c.word("count") or c.word("agg") or c.has(MetricSense) for c in before)
    if asks or not thing.has(DatasetSense, FieldSense) or not any(c.has(ValueSense, NumberSense) for c in before):
        return chunks
    while before and (before[-1].word("preposition") or is_filler(before[-1])):
        before = before[:-1]
    if any(c.has(VerbSense, FilterSense) for c in before):
        return chunks
    return (word("which", "list"), thing, word("does", "is"), *(c for c in before if not c.word("is")),
            word("belong to", "is"))  # fmt: skip


_TURNS: tuple[Callable[[Chunks, Linked], Chunks], ...] = (
    _counted_average,
    _people_did,
    _each_on_average,
    _amounts_of,
    _added_up,
    _year_over_year,
    _so_many_units,
    _question_behind,
)

NUMBER_TURNS = Construct("numbers in other words", read_number_turns)

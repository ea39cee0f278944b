"""Words that repeat what others say: "new sign-ups", "usernames of the top 10 buyers", "fetched the highest final
price", "auctions that closed in 2025 and ended without a bid", "the best one for GMV". Each goes only where the words
that stay say the same."""

from __future__ import annotations

from collections.abc import Callable

from nl2sql.plan.base import QueryPlan
from nl2sql.writers.offline.constructs.base import Construct, Inner, Linked, word
from nl2sql.writers.offline.constructs.pieces import following, preceding, said, without
from nl2sql.writers.offline.language import NEWLY
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
    WordSense,
    is_filler,
)

Chunks = tuple[Chunk, ...]
_NOUNS = (DatasetSense, RoleSense)


def read_redundant(question: Linked, inner: Inner) -> QueryPlan | None:
    chunks = question.chunks
    for rewrite in _REWRITES:
        chunks = rewrite(chunks, question)
    if chunks == question.chunks:
        return None
    plan = inner(chunks)
    question.settle(chunks)
    return plan


def _new_events(chunks: Chunks, question: Linked) -> Chunks:
    """ "new sign-ups": signing up makes new."""
    for at, chunk in enumerate(chunks[:-1]):
        if chunk.words.lower() not in NEWLY:
            continue
        events = chunks[at + 1].of(FieldSense)
        born = [f for f in events if question.model.dataset(f.dataset).time_field == f.field]
        if born and len(born) == len(events) and not chunks[at + 1].has(*_NOUNS, ValueSense, FilterSense):
            return without(chunks, {at})
    return chunks


def _label_of_top(chunks: Chunks, question: Linked) -> Chunks:
    """ "usernames of our top 10 buyers": whoever is ranked is named."""
    start = 0
    while start < len(chunks) and (is_filler(chunks[start]) or said(chunks[start], "list")):
        start += 1
    if start >= len(chunks) or chunks[start].has(*_NOUNS):
        return chunks
    labels = [f.dataset for f in chunks[start].of(FieldSense)]
    named = [d for d in labels if question.model.dataset(d).label_field in _fields(chunks[start])]
    joint = following(chunks, start)
    top = following(chunks, joint) if joint < len(chunks) else len(chunks)
    if not named or top >= len(chunks) or chunks[joint].words.lower() != "of":
        return chunks
    if not said(chunks[top], "extreme", "most"):
        return chunks
    noun = next((c for c in chunks[top:] if c.has(*_NOUNS)), None)
    of = {s.dataset for s in noun.of(DatasetSense)} if noun else set()
    of |= {question.graph.relationships[r.relationship].target for r in noun.of(RoleSense)} if noun else set()
    return (*chunks[:start], *chunks[top:]) if of & set(named) else chunks


def _fields(chunk: Chunk) -> set[str]:
    return {f.field for f in chunk.of(FieldSense)}


def _with_what_ranks(chunks: Chunks, question: Linked) -> Chunks:
    """ "top five subcategories by average final price, with the price": what ranks is shown beside."""
    at = len(chunks) - 1
    if at < 3 or not chunks[at].has(FieldSense, MetricSense) or chunks[at].has(*_NOUNS, ValueSense):
        return chunks
    lead = preceding(chunks, at)
    if lead < 1 or not (chunks[lead].word("with") or said(chunks[lead], "list")):
        return chunks
    by = next((i for i, c in enumerate(chunks[:lead]) if c.word("by")), None)
    if by is None or not any(said(c, "extreme", "most") for c in chunks[:by]):
        return chunks
    measure = [c for c in chunks[by:lead] if c.has(FieldSense, MetricSense)]
    same = len(measure) == 1 and measure[0].words.lower().split()[-1] == chunks[at].words.lower().split()[-1]
    if not same or not _shares(measure[0], chunks[at]):
        return chunks
    while lead and chunks[lead - 1].word("comma"):
        lead -= 1
    return chunks[:lead]


def _shares(one: Chunk, other: Chunk) -> bool:
    kinds = (FieldSense, MetricSense)
    return bool({s for s in one.senses if isinstance(s, kinds)} & {s for s in other.senses if isinstance(s, kinds)})


def _verb_of_the_field(chunks: Chunks, question: Linked) -> Chunks:
    """ "fetched the highest final price", "sell for the lowest average final price": the verb says the field."""
    for at, chunk in enumerate(chunks):
        if not chunk.has(FieldSense) or chunk.has(*_NOUNS, ValueSense, FilterSense, MetricSense):
            continue
        behind = following(chunks, at)
        while behind < len(chunks) and said(chunks[behind], "extreme", "agg", "preposition"):
            behind = following(chunks, behind)
        between = chunks[at + 1 : behind]
        if behind >= len(chunks) or not any(said(c, "extreme") for c in between):
            continue
        if chunks[behind].has(FieldSense) and _shares(chunk, chunks[behind]) and chunks[behind].words != chunk.words:
            return without(chunks, {at})
    return chunks


def _in_which_has(chunks: Chunks, question: Linked) -> Chunks:
    """ "in which subcategory do items have the lowest average …": which subcategory has it. The rows between are those
    of the field."""
    if len(chunks) < 6 or not chunks[0].word("preposition") or not chunks[1].word("list"):
        return chunks
    if not chunks[2].has(FieldSense, *_NOUNS) or not chunks[3].word("is") or not chunks[4].has(DatasetSense):
        return chunks
    at = following(chunks, 4)
    while at < len(chunks) and chunks[at].word("is"):
        at = following(chunks, at)
    agg = following(chunks, at) if at < len(chunks) and said(chunks[at], "extreme") else len(chunks)
    field = following(chunks, agg) if agg < len(chunks) and said(chunks[agg], "agg") else len(chunks)
    if field >= len(chunks):
        return chunks
    rows = {s.dataset for s in chunks[4].of(DatasetSense)}
    if not {f.dataset for f in chunks[field].of(FieldSense)} & rows or chunks[4].has(FilterSense):
        return chunks
    return (chunks[1], chunks[2], word("has", "is"), *chunks[at:])


def _ended(chunks: Chunks, question: Linked) -> Chunks:
    """ "that closed in 2025 … ended without a bid": they had ended; nothing is dated by it."""
    for at, chunk in enumerate(chunks[:-1]):
        times = chunk.of(FieldSense)
        if not times or chunk.has(*_NOUNS, FilterSense, ValueSense, MetricSense):
            continue
        behind = chunks[following(chunks, at)] if following(chunks, at) < len(chunks) else None
        if behind is None or not (behind.word("not") or behind.word("with")) or behind.has(PeriodSense):
            continue
        ends = {(d, question.model.dataset(d).end_field) for d in {f.dataset for f in times}}
        if not all((f.dataset, f.field) in ends for f in times):
            continue
        if any(_is_over(s, question) for c in chunks[:at] for s in c.of(FilterSense) if s.dataset == times[0].dataset):
            return without(chunks, {at})
    return chunks


def _is_over(sense: FilterSense, question: Linked) -> bool:
    """Whether the state comes with a moment that dates it: closed, sold."""
    filters = question.model.dataset(sense.dataset).filters
    return any(f.name == sense.filter and f.time_field for f in filters)


def _best_one(chunks: Chunks, question: Linked) -> Chunks:
    """ "the best one for GMV": a pronoun, and no number."""
    for at, chunk in enumerate(chunks[:-2]):
        one = chunks[at + 1]
        pronoun = one.has(NumberSense) and one.words.lower() in ("one", "ones")
        if pronoun and said(chunk, "extreme") and said(chunks[at + 2], "preposition", "by", "is"):
            return without(chunks, {at + 1})
    return chunks


_PERCENT = ("in percent", "in %", "as a percentage", "in percentage term", "in percentage terms", "as percentage")


def _in_percent(chunks: Chunks, question: Linked) -> Chunks:
    """ "take rate in percent": the metric is one already. Nothing else may be a percentage of something."""
    at = next((i for i, c in enumerate(chunks) if c.words.lower() in _PERCENT), -1)
    metrics = [m.metric for c in chunks for m in c.of(MetricSense) if not c.has(FieldSense)]
    rates = {question.model.metric_by_name[name].format == "percent" for name in metrics}
    if at < 1 or rates != {True} or any(said(c, "grow", "share", "step", "versus", "more") for c in chunks):
        return chunks
    comma = at - 1 if chunks[at - 1].word("comma") else at
    return without(chunks, {comma, at})


def _when(chunks: Chunks, question: Linked) -> Chunks:
    """ "on what day did he place his latest bid": when. "On which day were the most bids placed" groups, and stays."""
    if len(chunks) < 4 or chunks[0].words.lower() not in ("on", "at"):
        return chunks
    asks = chunks[1].words.lower() in ("what", "which")
    grain = said(chunks[2], "grain")
    named = chunks[2].words.lower() in ("day", "date", "time") and (grain is None or grain.argument == "day")
    one_row = any(said(c, "recent", "edge") for c in chunks[3:])
    many = any(said(c, "extreme", "most", "agg", "count", "popular") or c.has(MetricSense) for c in chunks[3:])
    if not (asks and named and one_row and not many and chunks[3].word("is")):
        return chunks
    return (Chunk("When", (WordSense("when"),)), *chunks[3:])


_REWRITES: tuple[Callable[[Chunks, Linked], Chunks], ...] = (
    _new_events,
    _label_of_top,
    _with_what_ranks,
    _verb_of_the_field,
    _in_which_has,
    _ended,
    _best_one,
    _in_percent,
    _when,
)

REDUNDANT = Construct("words that repeat others", read_redundant)

"""Words that are left out because others imply them: "which Watches sold for more than 2,000 euros" (items), "how many
things went for more than 5k" (items), "sold more than 10k worth" (of the amounts), "anna_k's average seller rating" (as
a seller), "revenue per new user" (the ratio of two numbers)."""

from __future__ import annotations

from collections.abc import Callable

from nl2sql.plan.base import QueryPlan
from nl2sql.plan.names import metric_base
from nl2sql.plan.periods import Period, period_of, say_day, shift
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
    VerbSense,
    is_filler,
)

Chunks = tuple[Chunk, ...]
_NOUNS = (DatasetSense, RoleSense)
_PHRASES = {
    ("worth", ""): "worth of | worth of stuff | worth of goods | worth of things | worth of merchandise",
}
_THINGS = ("thing", "things", "ones")


def read_left_out(question: Linked, inner: Inner) -> QueryPlan | None:
    chunks = question.chunks
    for rewrite in _REWRITES:
        chunks = rewrite(chunks, question)
    if chunks == question.chunks:
        return None
    plan = inner(chunks)
    question.settle(chunks)
    return plan


def _things(chunks: Chunks, question: Linked) -> Chunks:
    """ "how many things went for more than 5k": rows of what the next word is said of."""
    for at, chunk in enumerate(chunks[:-2]):
        if not (said(chunk, "count") or said(chunk, "list")) or chunks[at + 1].words.lower() not in _THINGS:
            continue
        if not is_filler(chunks[at + 1]) or any(c.has(*_NOUNS, MetricSense) for c in chunks):
            return chunks
        behind = chunks[following(chunks, at + 1)] if following(chunks, at + 1) < len(chunks) else None
        of = _owners(behind) if behind else set()
        if len(of) == 1:
            return (*chunks[: at + 1], _rows(of.pop(), question), *chunks[at + 2 :])
    return chunks


def _owners(chunk: Chunk) -> set[str]:
    """The datasets of the fields and states that the words name."""
    return {s.dataset for s in chunk.of(FieldSense)} | {s.dataset for s in chunk.of(FilterSense)}


def _rows(dataset: str, question: Linked) -> Chunk:
    return Chunk(question.model.dataset(dataset).label or dataset, (DatasetSense(dataset),))


def _value_as_noun(chunks: Chunks, question: Linked) -> Chunks:
    """ "which Watches sold for …", "how many Phones were cancelled": rows with that value."""
    for at, chunk in enumerate(chunks[:-2]):
        value = chunks[at + 1]
        if not (said(chunk, "list") or said(chunk, "count")) or not value.has(ValueSense):
            continue
        if value.has(*_NOUNS, FilterSense, FieldSense, MetricSense) or any(c.has(*_NOUNS) for c in chunks):
            return chunks
        behind = following(chunks, at + 1)
        while behind < len(chunks) and chunks[behind].word("is") and not chunks[behind].has(FilterSense):
            behind = following(chunks, behind)
        if behind >= len(chunks) or chunks[behind].has(MetricSense):
            return chunks
        of = _owners(chunks[behind])
        if len(of) != 1 or of & {v.dataset for v in value.of(ValueSense)}:
            return chunks
        plain = Chunk(value.words, value.of(ValueSense))
        put = (_rows(of.pop(), question), word("in", "preposition"), plain)
        return (*chunks[: at + 1], *put, *chunks[at + 2 :])
    return chunks


def _worth(chunks: Chunks, question: Linked) -> Chunks:
    """ "sold more than 10k worth of stuff": the sum of the amounts is over 10k."""
    at = next((i for i, c in enumerate(chunks) if said(c, "worth")), -1)
    if at < 3 or not any(c.has(NumberSense) for c in chunks[at - 2 : at]):
        return chunks
    begin = at
    while begin and (chunks[begin - 1].has(NumberSense) or said(chunks[begin - 1], "money", "compare")):
        begin -= 1
    deed = preceding(chunks, begin)
    verbs = (
        {question.graph.relationships[v.relationship].source for v in chunks[deed].of(VerbSense)} if deed > 0 else set()
    )
    metrics = [m for m in question.model.metrics if m.additive and m.unit and metric_base(m, question.model) in verbs]
    doer = any(c.has(RoleSense) for c in chunks[:deed]) if deed > 0 else False
    if len(metrics) != 1 or not doer or chunks[begin : begin + 1] == () or not said(chunks[begin], "compare"):
        return chunks
    end = at + 1
    while end < len(chunks) and (is_filler(chunks[end]) or chunks[end].has(DatasetSense) or said(chunks[end], "agg")):
        end += 1
    lead = chunks[:deed]
    while lead and lead[-1].word("is"):
        lead = lead[:-1]
    metric = metrics[0]
    named = Chunk(metric.label or metric.name, (MetricSense(metric.name),))
    return (*lead, word("have", "is"), named, *chunks[begin:at], *chunks[end:])


def _not_since(chunks: Chunks, question: Linked) -> Chunks:
    """ "not been seen since 2025": the last time was before. Only of a date that is the last of its kind."""
    for at, chunk in enumerate(chunks):
        periods = chunk.of(PeriodSense)
        if not periods or not chunk.words.lower().startswith("since") or periods[0].period.start is None:
            continue
        field = preceding(chunks, at)
        negation = preceding(chunks, field) if field > 0 else -1
        while negation > 0 and chunks[negation].word("is") and not chunks[negation].word("not"):
            negation = preceding(chunks, negation)
        if negation < 0 or not chunks[negation].word("not") or not chunks[field].has(FieldSense):
            continue
        head = next((c for c in chunks if c.has(*_NOUNS)), None)
        of = {d.dataset for d in head.of(DatasetSense)} if head else set()
        of |= {question.graph.relationships[r.relationship].target for r in head.of(RoleSense)} if head else set()
        if not {f.dataset for f in chunks[field].of(FieldSense)} & of:
            continue
        fields = [question.model.dataset(f.dataset).field(f.field) for f in chunks[field].of(FieldSense)]
        if chunks[field].has(*_NOUNS) or not all(f.is_time and (f.label or f.name).startswith("last") for f in fields):
            continue
        start = periods[0].period.start
        before = Chunk(f"before {say_day(start)}", (PeriodSense(Period(None, start, f"before {say_day(start)}")),))
        return (*chunks[:negation], *chunks[negation + 1 : at], before, *chunks[at + 1 :])
    return chunks


def _through_starting(chunks: Chunks, question: Linked) -> Chunks:
    """ "through 2025, starting in January": from January to the end of 2025."""
    marks = [i for i, c in enumerate(chunks) if c.has(PeriodSense)]
    if len(marks) != 2 or not all(c.word("comma") or is_filler(c) for c in chunks[marks[0] + 1 : marks[1]]):
        return chunks
    first, second = (chunks[i].of(PeriodSense)[0].period for i in marks)
    leads = [chunks[i].words.lower().split()[0] for i in marks]
    if leads[0] not in ("through", "throughout") or leads[1] not in ("starting", "beginning"):
        return chunks
    if first.end is None or second.start is None or second.end is not None:
        return chunks
    last = shift(first.end, "day", -1)
    said_year = any(word.isdigit() and len(word) == 4 for word in chunks[marks[1]].words.split())
    start = second.start if said_year else second.start.replace(year=last.year)
    if start >= first.end:
        return chunks
    both = " ".join(c.words for c in chunks[marks[0] : marks[1] + 1])
    made = Chunk(both, (PeriodSense(period_of(start, first.end)),))
    return (*chunks[: marks[0]], made, *chunks[marks[1] + 1 :])


def _per_new(chunks: Chunks, question: Linked) -> Chunks:
    """ "revenue per new user in 2025": the ratio of the revenue to the number of new users."""
    for at in range(1, len(chunks) - 2):
        new, noun = chunks[at + 1], chunks[at + 2]
        if chunks[at].words.lower() != "per" or new.words.lower() not in NEWLY or not noun.has(DatasetSense):
            continue
        metric = preceding(chunks, at)
        if metric < 0 or not chunks[metric].has(MetricSense) or not any(c.has(PeriodSense) for c in chunks[at:]):
            return chunks
        lead = tuple(c for c in chunks[:metric] if not (is_filler(c) or c.word("is") or c.word("list")))
        if lead:
            return chunks
        to = (word("to", "preposition"), word("number of", "count"))
        return (word("ratio of", "pair", "ratio"), chunks[metric], *to, *chunks[at + 1 :])
    return chunks


def _of_the_role(chunks: Chunks, question: Linked) -> Chunks:
    """ "anna_k's average seller rating": the metric names the part that the person has."""
    for at, chunk in enumerate(chunks):
        metrics = chunk.of(MetricSense)
        if len(metrics) != 1 or chunk.has(FieldSense, DatasetSense) or any(c.has(RoleSense) for c in chunks):
            continue
        words = set(chunk.words.lower().split())
        roles = [r for r in question.model.relationships if r.role and r.role in words]
        person = [i for i, c in enumerate(chunks) if c.has(ValueSense) and abs(i - at) <= 3]
        if len(roles) != 1 or len(person) != 1:
            continue
        model = question.model
        users = {v.dataset for v in chunks[person[0]].of(ValueSense) if model.dataset(v.dataset).label_field == v.field}
        if users != {roles[0].target}:
            continue
        between = chunks[min(at, person[0]) + 1 : max(at, person[0])]
        if not all(is_filler(c) or c.word("preposition") for c in between):
            continue
        who = (Chunk(roles[0].role, (RoleSense(roles[0].name),)), chunks[person[0]])
        rest = without(chunks, {person[0]} | set(range(min(at, person[0]) + 1, max(at, person[0]))))
        place = next(i for i, c in enumerate(rest) if c is chunk) + 1
        return (*rest[:place], word("of", "preposition"), *who, *rest[place:])
    return chunks


def _kinds(chunk: Chunk) -> set[str]:
    return {s.dataset for s in chunk.of(ValueSense)}


def _all_of_two_states(chunks: Chunks, question: Linked) -> Chunks:
    """ "over all sold and unsold listings": of those that are the one or the other, as none is both."""
    for at in range(len(chunks) - 4):
        if chunks[at].words.lower() not in ("over", "over all", "of", "of all", "among", "across"):
            continue
        one = following(chunks, at)
        if one + 3 >= len(chunks) or not chunks[one + 1].word("and"):
            continue
        first, other, noun = chunks[one], chunks[one + 2], chunks[one + 3]
        of = {s.dataset for s in noun.of(DatasetSense)}
        states = [{(v.dataset, v.field) for v in c.of(ValueSense)} for c in (first, other)]
        both = all(c.has(FilterSense, ValueSense) and (_owners(c) | _kinds(c)) & of for c in (first, other))
        if not of or not both or not states[0] & states[1]:
            continue
        comma = at - 1 if at and chunks[at - 1].word("comma") else at
        lead = (*chunks[:comma], word("of", "preposition"))
        return (*lead, first, word("or", "or"), other, *chunks[one + 3 :])
    return chunks


_REWRITES: tuple[Callable[[Chunks, Linked], Chunks], ...] = (
    _things,
    _value_as_noun,
    _worth,
    _not_since,
    _per_new,
    _of_the_role,
    _all_of_two_states,
)

LEFT_OUT = Construct("words left out", read_left_out, _PHRASES)


def read_through(question: Linked, inner: Inner) -> QueryPlan | None:
    """Before others ask what "through 2025" alone means."""
    chunks = _through_starting(question.chunks, question)
    return inner(chunks) if chunks is not question.chunks else None


THROUGH = Construct("through a year, starting in a month", read_through)

"""Shares in other words and within groups: "GMV by category in percent", "contribution of Electronics to GMV",
"share of each payment method within each country".

What the plain reader calls a share is left to it; the rest is put into its words first.
"""

from __future__ import annotations

from dataclasses import replace

from nl2sql.plan.base import Derived, QueryPlan
from nl2sql.writers.offline.constructs.base import Construct, Inner, Linked, word
from nl2sql.writers.offline.constructs.per_group import Group, group_at, group_dimension
from nl2sql.writers.offline.constructs.pieces import (
    following,
    is_additive,
    is_joint,
    measured,
    mentions,
    places,
    preceding,
    said,
    shown_measures,
    together,
    without,
)
from nl2sql.writers.offline.frame import NotUnderstood, SeveralReadings
from nl2sql.writers.offline.senses import (
    Chunk,
    DatasetSense,
    FieldSense,
    FilterSense,
    MeasureSense,
    MetricSense,
    RoleSense,
    ValueSense,
    WordSense,
)

_PHRASES = {
    ("of_total", ""): (
        "as a percentage of total | as a percentage of the total | as percentage of total | as a share of total | as "
        "a share of the total | as share of total | as a percent of total | as a proportion of total | as a "
        "proportion of the total | as a percentage of the whole | as a fraction of the total | as a % of total | as "
        "% of total | in percent of total | in percent of the total | in percent | in per cent | in % | in "
        "percentage | as percentage | as a percentage | as a share | as share | relative to the total | percentage "
        "of total | share of total | % of total | share of the total | percentage of the total"
    ),
    ("share", ""): "distribution of | percentage distribution of | percentage breakdown of | percentage split of",
    (
        "contribution",
        "",
    ): "contribution of | contribution from | contribution | contribute | contributed | contributing",
    ("accounts", ""): (
        "account for | accounts for | accounted for | make up | makes up | made up | represent | represents | "
        "represented | stem from | stems from | stemmed from | attributable to | due to"
    ),
}
_KINDS = frozenset(("of_total", "share", "contribution"))
_CHECKED = "checked share"


def _read(question: Linked, inner: Inner) -> QueryPlan | None:
    chunks = question.chunks
    if not mentions(chunks, _KINDS):
        return None
    total = [i for i in places(chunks, "of_total")]
    shares, contributions = places(chunks, "share"), places(chunks, "contribution")
    if total and not contributions:
        return _of_total(question, inner, total, shares)
    if not shares and not contributions:
        return None
    if shares and chunks[shares[0]].word(_CHECKED):
        return None
    if (most := _of_most(chunks)) is not None:
        return inner(most)
    chunks = _canonical(chunks, shares, contributions)
    mark = places(chunks, "share")[0]
    checked = Chunk(chunks[mark].words, (WordSense("share"), WordSense(_CHECKED)))
    chunks = (*chunks[:mark], checked, *chunks[mark + 1 :])
    plan = _within_groups(question, inner, chunks) or _checked(question, inner(chunks))
    _refuse_share_of_few_over_time(question, chunks, mark, plan)
    return plan


def _refuse_share_of_few_over_time(question: Linked, chunks: tuple[Chunk, ...], mark: int, plan: QueryPlan) -> None:
    """ "share of card payments by month": of all payments of the month, rather than of all months."""
    few, noun = following(chunks, mark), following(chunks, following(chunks, mark))
    alone = [d.kind for d in plan.derived] == ["share"] and not plan.derived[0].within
    if not alone or not all(d.grain for d in plan.dimensions) or noun >= len(chunks):
        return
    if not chunks[few].has(ValueSense) or not chunks[noun].has(DatasetSense, MetricSense):
        return
    said_so = f"{chunks[few].words} {chunks[noun].words}"
    start = question.text.find(chunks[mark].words)
    end = question.text.find(said_so)
    if start < 0 or end < start:
        raise NotUnderstood("A share of which whole?")
    other = f"{chunks[few].words} share of {chunks[noun].words}"
    choice = question.text[:start] + other + question.text[end + len(said_so) :]
    raise SeveralReadings(f"“{said_so}”: a share of which whole?", (choice,))


def _of_most(chunks: tuple[Chunk, ...]) -> tuple[Chunk, ...] | None:
    """ "which method contributes most to revenue": has the highest of it."""
    marks, most = places(chunks, "contribution"), places(chunks, "most")
    if len(marks) != 1 or len(most) != 1 or most[0] not in (marks[0] + 1, marks[0] + 2):
        return None
    found = said(chunks[most[0]], "most")
    highest = word("highest", "extreme", found.argument if found else "max")
    rest = [c for c in chunks[most[0] + 1 :] if not (said(c, "preposition", "filler") and c.words.lower() == "to")]
    return (*chunks[: marks[0]], highest, *rest)


def _checked(question: Linked, plan: QueryPlan) -> QueryPlan:
    """A share of what does not add up says nothing."""
    measures = {m.name: m for m in plan.measures}
    for derived in plan.derived:
        if derived.kind == "share" and derived.of in measures and not is_additive(measures[derived.of], question.model):
            name = derived.of.replace("_", " ")
            raise NotUnderstood(f"“{name}” does not add up to a whole, so nothing has a share of it.", (name,))
    return plan


# -- of the total ----------------------------------------------------------------------------------------------------


def _of_total(question: Linked, inner: Inner, total: list[int], shares: list[int]) -> QueryPlan:
    """ "GMV by category in percent": the numbers, and what part of their sum each is."""
    chunks = question.chunks
    if len(total) == 1 and (again := _said_again(chunks, total[0])) is not None:
        return inner(again)
    asides = {i for i in places(chunks, "grow_how") if chunks[i].words.lower() == "how"}
    rest = without(chunks, {*total, *asides})
    if shares:
        return inner(rest)  # "share of GMV by category in percent"
    plan = measured(rest, inner)
    measures = shown_measures(plan)
    if not plan.dimensions or len(measures) != 1 or plan.derived or plan.beside or plan.fold or plan.having:
        raise NotUnderstood("A share of what, exactly? I could not tell the part from the whole.")
    name = measures[0].name
    share = Derived(f"share_of_{name.removeprefix('number_of_')}", "share", name)
    return _checked(question, replace(plan, derived=(share,)))


def _said_again(chunks: tuple[Chunk, ...], total: int) -> tuple[Chunk, ...] | None:
    """ "GMV of Art as a percentage of total GMV": what the total is of is said behind it."""
    after = following(chunks, total)
    metrics = [m for c in chunks[:total] for m in c.of(MetricSense)]
    if after >= len(chunks) or not metrics or chunks[after].of(MetricSense) != tuple(metrics[:1]):
        return None
    if any(c.has(ValueSense, FilterSense) for c in chunks[:total]):
        of = word("as a percentage of", "infix", "ratio")
        return (*chunks[:total], of, *chunks[total + 1 :])
    return (*chunks[: total + 1], *chunks[after + 1 :])


# -- in the words of the plain reader --------------------------------------------------------------------------------


def _canonical(chunks: tuple[Chunk, ...], shares: list[int], contributions: list[int]) -> tuple[Chunk, ...]:
    """ "contribution of Art to GMV", "Art's share of GMV", "share of Art in GMV" → share of GMV, Art."""
    chunks_kept = without(chunks, set(places(chunks, "accounts")))
    if contributions:
        return _contribution(chunks)
    mark = places(chunks_kept, "share")[0]
    before = [c for c in chunks_kept[:mark] if not is_joint(c) and not said(c, "list")]
    if before and all(c.has(ValueSense) and not c.has(MetricSense, DatasetSense, RoleSense) for c in before):
        whole = _whole(chunks_kept, mark + 1)
        if whole is not None:
            return (chunks_kept[mark], *chunks_kept[mark + 1 : whole + 1], *before, *chunks_kept[whole + 1 :])
    return _part_first(chunks_kept, mark)


def _contribution(chunks: tuple[Chunk, ...]) -> tuple[Chunk, ...]:
    chunks = without(chunks, set(places(chunks, "accounts")))
    marks = places(chunks, "contribution")
    to = next(
        (i for i, c in enumerate(chunks) if i > marks[0] and c.words.lower() in ("to", "toward", "towards")), None
    )
    whole = _whole(chunks, to + 1) if to is not None else None
    if len(marks) != 1 or to is None or whole is None:
        raise NotUnderstood("A contribution of what to what? I could not tell the part from the whole.")
    drop = {i for i, c in enumerate(chunks[:to]) if said(c, "contribution", "share", "agg", "is", "list") or _asks(c)}
    part = tuple(c for i, c in enumerate(chunks[:to]) if i not in drop and not said(c, "preposition", "filler"))
    return (word("share of", "share"), *chunks[to + 1 : whole + 1], *_each(part), *chunks[whole + 1 :])


def _asks(chunk: Chunk) -> bool:
    return chunk.words.lower() in ("how", "how much", "what")


def _each(part: tuple[Chunk, ...]) -> tuple[Chunk, ...]:
    """ "each category" groups; bare values narrow."""
    if part and not said(part[0], "by") and not any(c.has(ValueSense, FilterSense) for c in part):
        return (word("by", "by"), *part)
    return part


def _whole(chunks: tuple[Chunk, ...], start: int) -> int | None:
    """The first thing a share can be taken of."""
    for index in range(start, len(chunks)):
        if chunks[index].has(MetricSense, MeasureSense, DatasetSense, RoleSense):
            return index
        if not is_joint(chunks[index]) and not said(chunks[index], "count", "agg"):
            return None
    return None


def _part_first(chunks: tuple[Chunk, ...], mark: int) -> tuple[Chunk, ...]:
    """ "share of Art in GMV", "share of each method": the part stands where the whole is expected."""
    first = following(chunks, mark)
    if first >= len(chunks):
        return chunks
    head = chunks[first]
    if said(head, "by"):
        return _share_of_each(chunks, mark, first)
    if not head.has(ValueSense) or head.has(DatasetSense, RoleSense, MetricSense, FilterSense):
        return chunks
    joint = following(chunks, first)
    if joint >= len(chunks) or not said(chunks[joint], "preposition"):
        return chunks
    whole = _whole(chunks, joint + 1)
    if whole is None or not chunks[whole].has(MetricSense, MeasureSense):
        return chunks
    return (*chunks[: mark + 1], *chunks[joint + 1 : whole + 1], head, *chunks[whole + 1 :])


def _share_of_each(chunks: tuple[Chunk, ...], mark: int, each: int) -> tuple[Chunk, ...]:
    """ "share of each category in GMV"; "share of each method" is of the rows that have one."""
    thing = following(chunks, each)
    if thing >= len(chunks):
        return chunks
    joint = following(chunks, thing)
    by = (word("by", "by"), chunks[thing])
    if joint < len(chunks) and said(chunks[joint], "preposition"):
        whole = _whole(chunks, joint + 1)
        if whole is not None and chunks[whole].has(MetricSense, MeasureSense, DatasetSense):
            return (*chunks[: mark + 1], *chunks[joint + 1 : whole + 1], *by, *chunks[whole + 1 :])
    if joint < len(chunks) and chunks[joint].has(DatasetSense, MetricSense):  # "of each category's listings were sold"
        return (*chunks[: mark + 1], *chunks[joint:], *by)
    fields = chunks[thing].of(FieldSense)
    if fields and len({f.dataset for f in fields}) == 1 and not chunks[thing].has(DatasetSense, RoleSense):
        rows = Chunk("rows", (DatasetSense(fields[0].dataset),))
        return (*chunks[: mark + 1], rows, *by, *chunks[thing + 1 :])
    return chunks


# -- within groups ---------------------------------------------------------------------------------------------------


def _adverb(chunks: tuple[Chunk, ...], index: int) -> Group | None:
    """ "monthly share of GMV by category"."""
    found = said(chunks[index], "grain")
    before = preceding(chunks, index)
    if (
        found is None
        or not chunks[index].words.lower().endswith(("ly", "annual"))
        or (before >= 0 and said(chunks[before], "by"))
    ):
        return None
    return Group((chunks[index],), frozenset((index,)), each=True)


def _within_groups(question: Linked, inner: Inner, chunks: tuple[Chunk, ...]) -> QueryPlan | None:
    """Where the rest is a share by one thing, a further group is what each share is of."""
    for mark in places(chunks, "by", "and", "grain"):
        group = _adverb(chunks, mark) or group_at(chunks, mark, rates=False)
        if group is None or (not group.each and not said(group.chunks[-1], "grain")):
            continue
        taken = set(group.taken)
        before = preceding(chunks, mark)
        if before >= 0 and chunks[before].word("and"):
            taken.add(before)
        rest = without(chunks, taken)
        try:
            plan = inner(rest)
        except NotUnderstood:
            continue
        if len(plan.derived) != 1 or plan.derived[0].kind != "share" or len(plan.dimensions) != 1:
            continue
        if plan.limit is not None or plan.having or plan.dimensions[0].grain:
            continue
        dimension, conditions = group_dimension(question, inner, rest, plan, group)
        if dimension.name == plan.dimensions[0].name:
            raise NotUnderstood("I could not tell what each share is a part of.")
        note = f"Each share is of the total of its {dimension.name}."
        return _checked(
            question,
            replace(
                plan,
                dimensions=(dimension, *plan.dimensions),
                conditions=tuple(dict.fromkeys((*plan.conditions, *conditions))),
                derived=(replace(plan.derived[0], within=(dimension.name,)),),
                order=None,  # group by group
                assumptions=together(plan.assumptions, (note,)),
            ),
        )
    return None


SHARES = Construct("shares", _read, _PHRASES)

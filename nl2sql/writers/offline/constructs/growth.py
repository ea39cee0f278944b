"""Growth and change: of one period against another, or along a series.

"GMV in 2025 versus 2024", "by how much did GMV grow in 2025", "month-over-month growth of GMV", "which categories grew
the most in GMV in 2025".
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

from nl2sql.plan.base import During, QueryPlan
from nl2sql.writers.offline.constructs.base import Construct, Inner, Linked, word
from nl2sql.writers.offline.constructs.growth_bounds import take_bound, take_rank
from nl2sql.writers.offline.constructs.growth_periods import Compared, Said, find_pair
from nl2sql.writers.offline.constructs.growth_plans import Wanted, beside_each_other, series
from nl2sql.writers.offline.constructs.growth_words import GROWTH_PHRASES
from nl2sql.writers.offline.constructs.pairs import current, ends_of
from nl2sql.writers.offline.constructs.pieces import (
    following,
    lists_rows,
    mentions,
    places,
    said,
    time_dimension,
    together,
)
from nl2sql.writers.offline.constructs.ratio_words import sets_numbers_against
from nl2sql.writers.offline.frame import NotUnderstood, SeveralReadings
from nl2sql.writers.offline.senses import (
    Chunk,
    DatasetSense,
    FieldSense,
    FilterSense,
    MeasureSense,
    MetricSense,
    PeriodSense,
    RoleSense,
)

_KINDS = ("grow", "step", "versus", "contrast", "more", "earlier")
_TRIGGERS = frozenset(("grow", "step", "versus", "contrast", "more"))


def _read(question: Linked, inner: Inner) -> QueryPlan | None:
    chunks = question.chunks
    if not mentions(chunks, _TRIGGERS) or not places(chunks, *_TRIGGERS):
        return None
    periods = [i for i, c in enumerate(chunks) if c.has(PeriodSense)]
    if not (periods or places(chunks, "grow", "step", "earlier")):
        return None  # "Germany versus France"
    if not places(chunks, "grow", "step") and any(sets_numbers_against(chunks, i) for i in places(chunks, "versus")):
        return None  # "GMV versus revenue in 2025"
    unknown = tuple(c.words for c in chunks if not c.senses)
    if unknown:
        raise NotUnderstood("", unknown)
    at = {kind: _once(chunks, kind) for kind in _KINDS}
    if at["more"] is not None and not places(chunks, "than", "versus"):
        return None  # "higher" alone
    if (
        _argument(chunks, at["grow"], "grow").endswith("between")
        and len(periods) < 2
        and not _is_span(question, periods)
    ):
        return None  # "difference between GMV and revenue in 2025"
    step = _argument(chunks, at["step"], "step")
    compared = find_pair(question, periods, Said(at["earlier"], at["versus"], step, at["grow"]))
    if compared is None and at["earlier"] is not None and not step:
        step = _argument(chunks, at["earlier"], "earlier")  # "monthly growth compared to the year before"
    elif compared is None and at["earlier"] is not None and step != _argument(chunks, at["earlier"], "earlier"):
        raise NotUnderstood("I could not tell what is compared with what.")
    changes = at["grow"] is not None or at["step"] is not None
    if compared is None and changes and at["earlier"] is None and (at["versus"], at["more"]) != (None, None):
        raise NotUnderstood("I could not tell what is compared with what.")
    if compared is None and at["grow"] is None and not step:
        if at["versus"] is None:
            return None  # no matter of time: "compare Art and Fashion in 2025"
        raise NotUnderstood("I could not tell which periods are compared.", (chunks[at["versus"]].words,))
    return _changed(question, inner, at, step, compared)


def _is_span(question: Linked, periods: list[int]) -> bool:
    chunks = [question.chunks[i] for i in periods]
    return any(ends_of(c.words, c.of(PeriodSense)[0].period, question.as_of) for c in chunks)


def _once(chunks: tuple[Chunk, ...], kind: str) -> int | None:
    found = places(chunks, kind)
    if len(found) > 1:
        raise NotUnderstood("I can follow one change at a time.", (chunks[found[1]].words,))
    return found[0] if found else None


def _argument(chunks: tuple[Chunk, ...], index: int | None, kind: str) -> str:
    found = said(chunks[index], kind) if index is not None else None
    return found.argument if found else ""


def _changed(
    question: Linked, inner: Inner, at: dict[str, int | None], step: str, compared: Compared | None
) -> QueryPlan:
    chunks = question.chunks
    taken = {index for kind, index in at.items() if index is not None and kind != "more"}
    taken |= set(places(chunks, "grow_how"))
    wanted = _wanted(chunks, at, taken)
    replaced: dict[int, Chunk] = {}
    if at["more"] is not None:
        taken |= set(places(chunks, "than"))
        _more(chunks, at["more"], taken, replaced)
        _higher(chunks, at["more"], compared, wanted)
    if compared is not None:
        taken |= compared.taken
    kept: list[Chunk] = []
    slot = 0
    for index, chunk in enumerate(chunks):
        if index in wanted.moved:
            kept.append(wanted.moved[index])
        if compared is not None and index == compared.slot:
            slot = len(kept)
        if index not in taken or index in replaced:
            kept.append(replaced.get(index, chunk))
    rest = tuple(kept)
    if (wanted.ranked or wanted.signed or lists_rows(rest)) and not _names_a_measure(question, rest):
        raise _of_what(question, at)
    try:
        if compared is not None:
            return beside_each_other(rest, slot, inner, compared.pair, wanted)
        plan = series(rest, inner, step, wanted)
    except NotUnderstood:
        if _names_a_measure(question, rest) or any(c.has(DatasetSense, RoleSense, FilterSense) for c in rest):
            raise
        raise _of_what(question, at) from None
    if plan is None:
        raise _how_often(question, at)
    return replace(plan, assumptions=together(plan.assumptions, _unfinished_step(question, plan)))


def _unfinished_step(question: Linked, plan: QueryPlan) -> tuple[str, ...]:
    """That the last step of a series is not over, where the series reaches it."""
    dimension = time_dimension(plan)
    if dimension is None or dimension.grain is None:
        return ()
    last = current(dimension.grain, question.as_of)
    dated = [c.period for c in plan.conditions if isinstance(c, During)]
    over = last.end is None or question.as_of >= last.end - timedelta(days=1)
    if over or not all(period.overlaps(last) for period in dated):
        return ()
    return (f"The last {dimension.grain} is not over yet.",)


def _wanted(chunks: tuple[Chunk, ...], at: dict[str, int | None], taken: set[int]) -> Wanted:
    wanted = Wanted()
    words = _argument(chunks, at["grow"], "grow").split()
    if at["grow"] is None:
        return wanted
    wanted.rate, wanted.down = words[0] == "rate", words[1] == "down"
    wanted.rate = wanted.rate and not _in_money(chunks, taken)
    take_rank(chunks, at["grow"], taken, wanted)
    take_bound(chunks, at["grow"], taken, wanted)
    wanted.signed = not wanted.ranked and words[1] != "any" and _asks_which(chunks, at["grow"], words)
    return wanted


def _in_money(chunks: tuple[Chunk, ...], taken: set[int]) -> bool:
    """ "grew the most in euros", "in absolute terms": it is the amount of the change, and not its rate."""
    for index, chunk in enumerate(chunks):
        if said(chunk, "money") and index and chunks[index - 1].words.lower() == "in":
            taken |= {index - 1, index}
            return True
    return any(chunks[i].words.lower().startswith("in absolute") for i in places(chunks, "grow_how"))


def _asks_which(chunks: tuple[Chunk, ...], grown: int, words: list[str]) -> bool:
    """ "Which categories grew": only those that did are asked for; "show how GMV grew" asks for all."""
    before = chunks[:grown]
    asked = {c.words.lower() for c in before if c.word("list")}
    if any(c.words.lower().startswith("how") for c in before):
        return False
    return bool({"which", "who"} & asked) or (bool(asked) and words[2:] == ["verb"])


def _more(chunks: tuple[Chunk, ...], index: int, taken: set[int], replaced: dict[int, Chunk]) -> None:
    """ "how many more bids", "how much more revenue"."""
    taken.add(index)
    argument = _argument(chunks, index, "more")
    after = following(chunks, index)
    if argument == "count":
        replaced[index] = word("number of", "count")
    elif argument == "sum" and after < len(chunks) and not chunks[after].has(MetricSense):
        replaced[index] = word("total", "agg", "sum")


def _higher(chunks: tuple[Chunk, ...], index: int, compared: Compared | None, wanted: Wanted) -> None:
    """ "sellers with higher GMV in 2025 than in 2024": only those; "is GMV higher" asks for the numbers."""
    before = chunks[:index]
    asks = any(c.words.lower() in ("which", "who") for c in before) or any(said(c, "with") for c in before[-2:])
    if not asks or _argument(chunks, index, "more"):
        return
    first = chunks[compared.slot].of(PeriodSense)[0].period if compared is not None else None
    less = any(each in chunks[index].words.lower() for each in ("lower", "smaller"))
    wanted.signed, wanted.rate = True, False
    wanted.down = less != (compared is not None and first == compared.pair.before)


def _names_a_measure(question: Linked, chunks: tuple[Chunk, ...]) -> bool:
    for chunk in chunks:
        numbers = [
            s for s in chunk.of(FieldSense) if question.model.dataset(s.dataset).field(s.field).datatype.is_number
        ]
        if chunk.has(MetricSense, MeasureSense) or numbers or said(chunk, "count", "agg"):
            return True
    return False


def _of_what(question: Linked, at: dict[str, int | None]) -> SeveralReadings | NotUnderstood:
    """ "Which categories grew the most?": in which of the numbers that add up?"""
    grown = at["grow"]
    labels = [m.label or m.name.replace("_", " ") for m in question.model.metrics if m.additive][:3]
    if grown is None or not labels:
        return NotUnderstood("I could not tell whose change is asked for.")
    words = question.chunks[grown].words
    after = following(question.chunks, grown)
    tail = question.chunks[after].words if after < len(question.chunks) and said(question.chunks[after], "most") else ""
    found = re.search(
        rf"{re.escape(words)}(\s+(the\s+)?{re.escape(tail)})?" if tail else re.escape(words), question.text
    )
    if not found:
        return NotUnderstood("I could not tell whose change is asked for.")
    start, end = question.text[: found.start()], question.text[found.end() :]
    verb = "verb" in _argument(question.chunks, grown, "grow")
    middle = [f"{found.group()} in {label}" if verb else f"{label} {found.group()}" for label in labels]
    return SeveralReadings("The change of what?", tuple(f"{start}{each}{end}" for each in middle))


def _how_often(question: Linked, at: dict[str, int | None]) -> SeveralReadings | NotUnderstood:
    """ "GMV growth": from month to month, or from year to year?"""
    grown = at["grow"]
    words = question.chunks[grown].words if grown is not None else ""
    if not words or words not in question.text:
        return NotUnderstood("Please say over which time the change is meant, or by which length of time.")
    text = question.text.rstrip("?. ")
    return SeveralReadings("From month to month, or from year to year?", (f"{text} by month", f"{text} by year"))


GROWTH = Construct("growth", _read, GROWTH_PHRASES)

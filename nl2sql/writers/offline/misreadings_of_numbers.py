"""Bounds, averages, shares and differences that a plan computes of something else than was asked."""

from __future__ import annotations

from collections.abc import Callable

from nl2sql.plan.base import (
    Comparison,
    FieldRef,
    Measure,
)
from nl2sql.writers.offline.look import Look, averages, values
from nl2sql.writers.offline.senses import (
    Chunk,
    DatasetSense,
    FieldSense,
    FilterSense,
    NumberSense,
    RoleSense,
    ValueSense,
)


def _bound_of_another(look: Look) -> str:
    """ "GMV by seller, more than 10 sales": the bound is on the sales."""
    measures = {m.name: m for m in look.plan.measures}
    first = look.plan.measures[0] if look.plan.measures else None
    for bound in look.plan.having:
        measure = measures.get(bound.column, first) if bound.column else first
        if measure is None or not (measure.kind == "agg" or (measure.kind == "metric" and not _counts(look, measure))):
            continue
        for number, thing in look.pairs():
            counts = thing.has(DatasetSense, FilterSense, RoleSense) and not thing.has(FieldSense)
            if counts and any(not s.unit and f"{s.value:f}" == bound.value for s in number.of(NumberSense)):
                return thing.words
    return ""


def _counts(look: Look, measure: Measure) -> bool:
    metric = next(m for m in look.model.metrics if m.name == measure.metric)
    return metric.expression.upper().startswith("COUNT") and "/" not in metric.expression


def _amount(look: Look) -> str:
    """ "amount of failed payments": how many, or how much?"""
    counted = any(m.kind == "count" for m in look.plan.measures)
    has_amount = look.model.dataset(look.plan.base).amount_field
    said = next((c.words for c in look.said if c.words.lower() in ("amount of", "volume of")), "")
    return said if counted and has_amount else ""


def _difference(look: Look) -> str:
    """ "how many more users in Germany than in France": a difference."""
    more = ("how many more", "how much more", "how many fewer", "how much less")
    said = next((c.words for c in look.said if c.words.lower() in more), "")
    return "" if look.traces.functions & {"difference", "growth", "ratio"} else said


def _average_of_averages(look: Look) -> str:
    """ "average of the average final price per category": the average over the categories."""
    if look.plan.fold is not None:
        return ""
    for i, chunk in enumerate(look.said):
        sense, behind = chunk.word("agg"), look.said[i + 1 : i + 3]
        if sense and len(behind) > 1 and behind[0].words.lower() == "of" and averages(behind[1]):
            return f"{chunk.words} {behind[0].words} {behind[1].words}"
    return ""


def _place_of_a_share(look: Look) -> str:
    """ "what percentage of listings were sold in Art": of those in Art, or of all?"""
    for measure in look.plan.measures:
        texts = {v for c in measure.conditions if isinstance(c, Comparison) and c.operator == "=" for v in c.values}
        if len(measure.conditions) < 2 or not texts:
            continue
        for one, other in look.pairs():
            inside = one.words.lower() in ("in", "within", "on", "for", "among")
            if inside and any(s.value in texts for s in other.of(ValueSense)):
                return f"{one.words} {other.words}"
    return ""


def _share_of_a_kind(look: Look) -> str:
    """ "share of card payments by country": of all payments in each country, or of all card payments?"""
    shares = any(d.kind == "share" for d in look.plan.derived)
    whole = {v for c in look.plan.conditions for v in values(c)}
    for share, kind in look.pairs():
        if shares and share.word("share") and {s.value for s in kind.of(ValueSense)} & whole:
            return f"{share.words} {kind.words}"
    return ""


def _share_of_a_state(look: Look) -> str:
    """ "share of sniped listings in Electronics": of all sniped ones, or of all in Electronics?"""
    parts = {v for m in look.plan.measures for c in m.conditions if isinstance(c, Comparison) for v in c.values}
    for i, (share, state, thing) in enumerate(look.triples()):
        if not share.word("share") or not state.has(FilterSense) or not thing.has(DatasetSense):
            continue
        place = look.said[i + 3 : i + 5]
        inside = len(place) > 1 and place[0].words.lower() in ("in", "within", "for")
        if inside and any(s.value in parts for s in place[1].of(ValueSense)):
            return f"{place[0].words} {place[1].words}"
    return ""


def _per_person_and_time(look: Look) -> str:
    """ "bids per user per month": not by the month in which the user registered."""
    cut = [d for d in look.plan.dimensions if d.grain and isinstance(d.field, FieldRef) and not d.field.path]
    related = any(m.field is not None and not isinstance(m.field, FieldRef) for m in look.plan.measures)
    for one, other in zip(look.said, look.said[2:], strict=False):
        if cut and related and one.words.lower() == other.words.lower() == "per":
            return other.words
    return ""


def _difference_of_averages(look: Look) -> str:
    """ "average difference between final and starting price": of each row, and not between two averages."""
    differs = any(d.kind == "difference" and d.by for d in look.plan.derived)
    measures = (*look.plan.measures, *(m for beside in look.plan.beside for m in beside.measures))
    averaged = sum(_is_average(look, m) for m in measures)
    said = [c.words for c in look.said if averages(c) or c.word("agg")]
    of_one = len({(m.metric, m.function, m.field) for m in measures}) == 1  # in two periods, or of two groups
    return said[0] if differs and averaged > len(said) > 0 and not of_one else ""


def _is_average(look: Look, measure: Measure) -> bool:
    if measure.kind == "metric":
        return next(m for m in look.model.metrics if m.name == measure.metric).expression.upper().startswith("AVG(")
    return measure.function == "avg"


def _how_many_of_them(look: Look) -> str:
    """ "How many items did marco77 list, and how many were sold?": how many of those."""
    for one, other in look.pairs():
        if one is look.said[0] or not one.word("count") or not (other.word("is") or _only_state(other)):
            continue
        narrowed = {c for c in look.plan.conditions if isinstance(c, Comparison)}
        if any(not narrowed <= set(beside.conditions) for beside in look.plan.beside):
            return f"{one.words} {other.words}"
    return ""


def _only_state(chunk: Chunk) -> bool:
    return chunk.has(FilterSense) and not chunk.has(DatasetSense)


def _per_what_has_one(look: Look) -> str:
    """ "GMV per listing by category": a listing has one category, so that this is a ratio and no second group."""
    named = [c.words for before, c in look.pairs() if before.words.lower() == "per" and c.has(DatasetSense, RoleSense)]
    fields_of = [(d, d.field.path) for d in look.plan.dimensions if isinstance(d.field, FieldRef) and not d.grain]
    folded = look.plan.fold is not None  # "by country, the average GMV per seller": over the sellers of each country
    for whole, path in fields_of if not folded else ():
        owned = any(d is not whole and p[: len(path)] == path for d, p in fields_of)
        if named and whole.entity and owned and look.plan.fold is None:
            return f"per {named[0]}"
    return ""


def _whose_highest(look: Look) -> str:
    """ "listings whose highest bid is at least …": a bound on each one's highest, and not a ranking."""
    for one, other in look.pairs():
        extreme = other.word("extreme") or other.words.lower().startswith(("highest", "lowest"))
        if one.words.lower() == "whose" and extreme and look.plan.limit is not None:
            return f"{one.words} {other.words}"
    return ""


RULES_OF_NUMBERS: tuple[Callable[[Look], str], ...] = (
    _bound_of_another,
    _amount,
    _difference,
    _average_of_averages,
    _place_of_a_share,
    _share_of_a_kind,
    _share_of_a_state,
    _per_person_and_time,
    _difference_of_averages,
    _how_many_of_them,
    _per_what_has_one,
    _whose_highest,
)

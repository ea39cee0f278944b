"""Words that a plan may speak of and yet misplace: the second look before an answer, after `traces`.

Each rule names one way in which a question was once read wrongly in silence. It looks at the words and at the plan made
of them, and gives the words that are not read as they were meant, or nothing. A rule never changes a plan: where the
reader learns to read such words, its rule no longer applies, as it looks at what the plan says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass

from nl2sql.catalog.joins import JoinGraph
from nl2sql.catalog.model import NamedFilter, SemanticModel
from nl2sql.plan.base import (
    Against,
    Comparison,
    Condition,
    During,
    Exists,
    FieldRef,
    Measure,
    QueryPlan,
    Related,
    RoleHolds,
)
from nl2sql.writers.offline.circles import in_circles
from nl2sql.writers.offline.language import BEFALLS, MAKES
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
)
from nl2sql.writers.offline.traces import Traces


@dataclass(frozen=True, slots=True)
class Look:
    """A question and its plan. Chunks of filler alone are left out of `said`."""

    chunks: tuple[Chunk, ...]
    said: tuple[Chunk, ...]
    plan: QueryPlan
    model: SemanticModel
    graph: JoinGraph
    traces: Traces

    def pairs(self) -> Iterator[tuple[Chunk, Chunk]]:
        return zip(self.said, self.said[1:], strict=False)

    def triples(self) -> Iterator[tuple[Chunk, Chunk, Chunk]]:
        return zip(self.said, self.said[1:], self.said[2:], strict=False)

    def conditions(self) -> Iterator[Condition]:
        for plan in (self.plan, *self.plan.beside):
            yield from plan.conditions

    def filter(self, sense: FilterSense) -> NamedFilter:
        return next(f for f in self.model.dataset(sense.dataset).filters if f.name == sense.filter)

    def person_paths(self) -> set[str]:
        """Relationships that lead to a person of whom the plan says or shows something."""
        return {step for path in _paths(self.plan) for step in path}

    def people(self) -> set[str]:
        return {r.target for r in self.model.relationships if r.role}


def _paths(part: object) -> Iterator[tuple[str, ...]]:
    if isinstance(part, FieldRef):
        yield part.path
    elif isinstance(part, tuple):
        for each in part:
            yield from _paths(each)
    elif is_dataclass(part):
        for each in fields(part):
            yield from _paths(getattr(part, each.name))


def misread(chunks: tuple[Chunk, ...], plan: QueryPlan, model: SemanticModel, graph: JoinGraph) -> str:
    """The words that the plan does not say as they were meant, as typed; empty where no rule objects."""
    said = tuple(c for c in chunks if not _is_filler(c))
    look = Look(chunks, said, plan, model, graph, Traces(plan, model, graph))
    return next((words for rule in _RULES if (words := rule(look))), "")


def _is_filler(chunk: Chunk) -> bool:
    return chunk.word("filler") is not None and len(chunk.senses) == 1


def _does(chunk: Chunk) -> bool:
    return chunk.has(VerbSense, FilterSense)


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


def _levels_of_one_kind(look: Look) -> str:
    """ "listings in Art and Coins": one above the other is not what "and" says of them."""
    for one, joint, other in look.triples():
        first, second = one.of(ValueSense), other.of(ValueSense)
        if not first or not second or not (joint.word("and") or joint.word("comma")):
            continue
        shared = {(s.dataset, s.field) for s in first} & {(s.dataset, s.field) for s in second}
        sources = {look.model.dataset(s.dataset).source for s in first}
        alike = any(look.model.dataset(s.dataset).source in sources for s in second)
        if alike and not shared and {s.value for s in (*first, *second)} & look.traces.values:
            return f"{one.words} {joint.words} {other.words}"
    return ""


def _verb_as_value(look: Look) -> str:
    """ "how many listings does the buyer watch" is no question about watches."""
    asks = [i for i, c in enumerate(look.said) if c.words.lower() in ("do", "does", "did")]
    for chunk in look.said[asks[0] :] if asks else ():
        verbs = {s.relationship for s in chunk.of(VerbSense)}
        as_value = any(s.value in look.traces.values for s in chunk.of(ValueSense))
        if verbs and as_value and not chunk.has(FilterSense) and not verbs & look.traces.names:
            return chunk.words
    return ""


def _whose_else(look: Look) -> str:
    """ "a listing they bought", "place on it": whom or what the pronoun stands for is not followed."""
    counted = any(isinstance(c.value, Related) for c in look.plan.columns)
    if counted or any(isinstance(c, Against) for c in look.conditions()):
        return ""  # "users with the number of items they bought", "listings closed before they ended"
    for i, chunk in enumerate(look.chunks):
        words, before, behind = chunk.words.lower(), look.chunks[i - 1 : i], look.chunks[i + 1 : i + 2]
        if words in ("they", "he", "she") and i > 1 and behind and (_does(behind[0]) or behind[0].has(FieldSense)):
            return f"{chunk.words} {behind[0].words}"
        if words == "it" and before and not behind and (_does(before[0]) or before[0].word("preposition")):
            return f"{before[0].words} {chunk.words}"
    return ""


def _every_one(look: Look) -> str:
    """ "sold everything", "bid on all listings", "whose every listing": no plan says that of all."""
    previous: Chunk | None = None
    for chunk in look.chunks:
        words = chunk.words.lower()
        does = previous is not None and not previous.word("list") and _does(previous)
        done = does or (previous is not None and previous.words.lower() == "whose")
        if done and words in ("everything", "all", "every", "all of", "all that", "everything that", "of all"):
            return chunk.words
        previous = previous if chunk.word("preposition") and previous and _does(previous) else chunk
    return ""


def _owner(look: Look) -> str:
    """ "Whose listings got the most comments?" asks for people."""
    if not look.said or look.said[0].words.lower() != "whose":
        return ""
    groups = {d.field.dataset for d in look.plan.dimensions if isinstance(d.field, FieldRef)}
    return "" if (groups | {look.plan.base}) & look.people() else look.said[0].words


def _newly(look: Look) -> str:
    """ "new listings in May 2026": new by their date, or in their condition?"""
    dated = any(isinstance(c, During) for c in look.conditions()) or any(d.grain for d in look.plan.dimensions)
    for i, chunk in enumerate(look.said):
        if chunk.words.lower() != "new" or not any(s.value in look.traces.values for s in chunk.of(ValueSense)):
            continue
        behind = look.said[i + 1 : i + 2]
        described = any(c.has(DatasetSense, RoleSense) for c in behind)
        before = any(c.word("is") for c in look.said[max(i - 1, 0) : i])
        if dated and (described or before):
            return chunk.words
    return ""


def _on_offer(look: Look) -> str:
    """ "for sale" is not sold."""
    for one, other in look.pairs():
        if one.words.lower() in ("for", "on", "up for") and other.words.lower() == "sale" and other.has(FilterSense):
            return f"{one.words} {other.words}"
    return ""


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
        if sense and len(behind) > 1 and behind[0].words.lower() == "of" and _averages(behind[1]):
            return f"{chunk.words} {behind[0].words} {behind[1].words}"
    return ""


def _averages(chunk: Chunk) -> bool:
    return chunk.word("agg") is not None or chunk.words.lower().startswith("average ")


def _done_by(look: Look) -> str:
    """ "average rating given by buyers": who gave it, and not a group for each buyer."""
    grouped = {step for d in look.plan.dimensions if isinstance(d.field, FieldRef) for step in d.field.path}
    for i, (deed, by, who) in enumerate(look.triples()):
        roles = {s.relationship for s in who.of(RoleSense)}
        if by.words.lower() != "by" or not roles & grouped:
            continue
        words = deed.words.lower()
        is_done = words in MAKES or words in BEFALLS or (deed.has(VerbSense) and not deed.has(DatasetSense))
        if is_done or (i == 0 and deed.has(DatasetSense) and who.words.endswith("s")):
            return f"{by.words} {who.words}"
    return ""


def _what_of_people(look: Look) -> str:
    """ "What did the buyer of listing 42 pay?" does not ask for the buyer."""
    opening = [c.words.lower() for c in look.chunks[:2]]
    asked = opening[:1] == ["what"] and opening[1:] and opening[1].split()[0] in ("did", "does", "do", "has", "have")
    roles = {s.relationship for c in look.said for s in c.of(RoleSense)}
    listed = not look.plan.measures and look.plan.base in {look.graph.relationships[r].target for r in roles}
    shown = {c.value.field for c in look.plan.columns if isinstance(c.value, FieldRef)}
    usual = set(look.model.dataset(look.plan.base).list_fields)
    return look.chunks[0].words if asked and listed and shown <= usual else ""


def _date_of_the_base(look: Look) -> str:
    """ "users without bids registered in 2025": it is not the bids that registered."""
    for condition in look.conditions():
        if not isinstance(condition, Exists) or not condition.negated:
            continue
        back = tuple(step.removeprefix("-") for step in reversed(condition.path))
        for inner in condition.conditions:
            if isinstance(inner, During) and back and inner.field.path[-len(back) :] == back:
                field = look.model.dataset(inner.field.dataset).field(inner.field.field)
                return next((c.words for c in look.said if _names(c, inner.field)), field.label or field.name)
    return ""


def _names(chunk: Chunk, field: FieldRef) -> bool:
    return any((s.dataset, s.field) == (field.dataset, field.field) for s in chunk.of(FieldSense))


def _not_until(look: Look) -> str:
    """ "who did not bid until 2025": not before it, and what happened in it is said by "until" alone."""
    without = any(isinstance(c, Exists) and c.negated for c in look.conditions())
    for chunk in look.said if without else ():
        if chunk.has(PeriodSense) and chunk.words.lower().startswith(("until", "till")):
            return chunk.words
    return ""


def _undated_state(look: Look) -> str:
    """ "users deactivated in 2025", "bidders who were active in May": the model does not date that state."""
    for one, other in look.pairs():
        if not one.has(FilterSense) or one.has(FieldSense, DatasetSense, MetricSense) or not other.has(PeriodSense):
            continue
        if one.words.lower().endswith("ed") and one.has(ValueSense):
            continue  # "payments failed in 2025": the state that a row came into, dated as the row is
        dated = [look.filter(s).time_field for s in one.of(FilterSense)]
        if not any(dated) and any(f"{s.dataset}.{s.filter}" in look.traces.names for s in one.of(FilterSense)):
            return f"{one.words} {other.words}"
    return ""


def _done_to(look: Look) -> str:
    """ "who has never been reviewed?": the verb is turned round, and the plan asks who did it."""
    for one, other in look.pairs():
        passive = one.words.lower().split()[-1] in ("been", "was", "were", "being") or one.words.lower() == "not been"
        took_part = {s.relationship for s in other.of(VerbSense)}
        did = {c.path[0].removeprefix("-") for c in look.conditions() if isinstance(c, Exists) and c.path}
        alone = not other.has(FilterSense, FieldSense, DatasetSense)
        if passive and alone and look.plan.base in look.people() and took_part & did:
            return f"{one.words} {other.words}"
    return ""


def _part_of_people(look: Look) -> str:
    """ "average rating of buyers": that the listing has a buyer says nothing of who is rated."""
    for condition in look.conditions():
        inner = condition.conditions if isinstance(condition, Exists) else (condition,)
        for each in inner:
            if not isinstance(each, RoleHolds) or not each.path or each.relationship in look.person_paths():
                continue
            for one, other in look.pairs():
                joins = one.words.lower() in ("of", "by", "from", "for", "to")
                if joins and any(s.relationship == each.relationship for s in other.of(RoleSense)):
                    return f"{one.words} {other.words}"
    return ""


def _whose_highest(look: Look) -> str:
    """ "listings whose highest bid is at least …": a bound on each one's highest, and not a ranking."""
    for one, other in look.pairs():
        extreme = other.word("extreme") or other.words.lower().startswith(("highest", "lowest"))
        if one.words.lower() == "whose" and extreme and look.plan.limit is not None:
            return f"{one.words} {other.words}"
    return ""


def _share_of_a_kind(look: Look) -> str:
    """ "share of card payments by country": of all payments in each country, or of all card payments?"""
    shares = any(d.kind == "share" for d in look.plan.derived)
    for share, kind, thing in look.triples():
        if shares and share.word("share") and kind.has(ValueSense) and thing.has(DatasetSense):
            return f"{kind.words} {thing.words}"
    return ""


def _difference_of_averages(look: Look) -> str:
    """ "average difference between final and starting price": of each row, and not between two averages."""
    differs = any(d.kind == "difference" and d.by for d in look.plan.derived)
    measures = (*look.plan.measures, *(m for beside in look.plan.beside for m in beside.measures))
    averaged = sum(_is_average(look, m) for m in measures)
    said = [c.words for c in look.said if _averages(c) or c.word("agg")]
    whole = {m.metric for m in measures if m.metric} and len({m.metric for m in measures}) == 1
    return said[0] if differs and averaged > len(said) > 0 and not whole else ""


def _is_average(look: Look, measure: Measure) -> bool:
    if measure.kind == "metric":
        return next(m for m in look.model.metrics if m.name == measure.metric).expression.upper().startswith("AVG(")
    return measure.function == "avg"


def _how_many_of_them(look: Look) -> str:
    """ "How many items did marco77 list, and how many were sold?": how many of those."""
    for one, other in look.pairs():
        if one is look.said[0] or not one.word("count") or not (other.word("is") or _only_state(other)):
            continue
        if any(not set(look.plan.conditions) <= set(beside.conditions) for beside in look.plan.beside):
            return f"{one.words} {other.words}"
    return ""


def _only_state(chunk: Chunk) -> bool:
    return chunk.has(FilterSense) and not chunk.has(DatasetSense)


def _per_what_has_one(look: Look) -> str:
    """ "GMV per listing by category": a listing has one category, so that this is a ratio and no second group."""
    named = [c.words for before, c in look.pairs() if before.words.lower() == "per" and c.has(DatasetSense, RoleSense)]
    fields_of = [(d, d.field.path) for d in look.plan.dimensions if isinstance(d.field, FieldRef) and not d.grain]
    for whole, path in fields_of:
        owned = any(d is not whole and p[: len(path)] == path for d, p in fields_of)
        if named and whole.entity and owned:
            return f"per {named[0]}"
    return ""


def _two_dates(look: Look) -> str:
    """ "registered and last seen in 2025": both in that time."""
    dated = {(c.field.dataset, c.field.field) for c in look.conditions() if isinstance(c, During)}
    for i, (one, joint, other) in enumerate(look.triples()):
        behind = look.said[i + 3 : i + 4]
        moments = [{(s.dataset, s.field) for s in c.of(FieldSense) if _is_time(look, s)} for c in (one, other)]
        joined = joint.word("and") and behind and behind[0].has(PeriodSense)
        if joined and all(moments) and not moments[0] & dated:
            return one.words
    return ""


def _is_time(look: Look, sense: FieldSense) -> bool:
    return look.model.dataset(sense.dataset).field(sense.field).is_time


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


def _per_person_and_time(look: Look) -> str:
    """ "bids per user per month": not by the month in which the user registered."""
    cut = [d for d in look.plan.dimensions if d.grain and isinstance(d.field, FieldRef) and not d.field.path]
    related = any(m.field is not None and not isinstance(m.field, FieldRef) for m in look.plan.measures)
    for one, other in zip(look.said, look.said[2:], strict=False):
        if cut and related and one.words.lower() == other.words.lower() == "per":
            return other.words
    return ""


def _deeds_of_counted_people(look: Look) -> str:
    """ "Which country has the most buyers who never paid?": never at all, and not for one of their listings."""
    distinct = any(m.kind == "distinct" for m in look.plan.measures)
    without = any(isinstance(c, Exists) and c.negated for c in look.conditions())
    for one, other in look.pairs():
        if distinct and without and one.has(RoleSense) and other.words.lower() in ("who", "that", "with", "without"):
            return f"{one.words} {other.words}"
    return ""


def _deed_of_one_person(look: Look) -> str:
    """ "How many bids did the buyer of listing 42 place?": on any listing, and not on that one."""
    for i, chunk in enumerate(look.said):
        following = look.said[i + 1 : i + 6]
        if chunk.words.lower() not in ("do", "does", "did", "has", "have") or len(following) < 5:
            continue
        role, of, thing, key, deed = following
        one_person = role.has(RoleSense) and of.words.lower() == "of" and thing.has(DatasetSense)
        if one_person and key.has(NumberSense) and _does(deed) and look.plan.measures:
            return f"{role.words} {of.words} {thing.words} {key.words}"
    return ""


def _circle(look: Look) -> str:
    return in_circles(look.plan, look.model)


_RULES: tuple[Callable[[Look], str], ...] = (
    _circle,
    _bound_of_another,
    _levels_of_one_kind,
    _verb_as_value,
    _whose_else,
    _every_one,
    _owner,
    _newly,
    _on_offer,
    _amount,
    _difference,
    _average_of_averages,
    _done_by,
    _what_of_people,
    _date_of_the_base,
    _not_until,
    _undated_state,
    _done_to,
    _part_of_people,
    _whose_highest,
    _share_of_a_kind,
    _difference_of_averages,
    _how_many_of_them,
    _per_what_has_one,
    _two_dates,
    _place_of_a_share,
    _per_person_and_time,
    _deeds_of_counted_people,
    _deed_of_one_person,
)

"""The ratio of two numbers that are each more than a word: "ratio of restaurants with a rating above 4 to restaurants
with one below 4 in New York", "ratio of the length of the Nile to that of the Rhine"."""

from __future__ import annotations

from dataclasses import replace

from nl2sql.catalog.model import SemanticModel
from nl2sql.plan.base import Comparison, Condition, Derived, During, QueryPlan, Value
from nl2sql.writers.offline.constructs.base import Construct, Inner, Linked, word
from nl2sql.writers.offline.constructs.pieces import (
    default_order,
    is_joint,
    join,
    measured,
    places,
    plain_part,
    shown_names,
    together,
)
from nl2sql.writers.offline.frame import NotUnderstood
from nl2sql.writers.offline.senses import Chunk, DatasetSense, FieldSense, MetricSense, RoleSense, ValueSense, is_filler

_WHY = "I cannot set these two numbers against each other."
_TO = ("to", "out of", "versus", "vs")
_IN_ALL = ("overall", "in total", "altogether", "in all")
_ALL = ("total number of", "all", "number of all")


def _read(question: Linked, inner: Inner) -> QueryPlan | None:
    chunks = question.chunks
    marks = [i for i in places(chunks, "pair") if (mark := chunks[i].word("pair")) and mark.argument == "ratio"]
    if len(marks) != 1 or not all(is_joint(c) or c.word("list") for c in chunks[: marks[0]]):
        return None
    body = chunks[marks[0] + 1 :]
    while body and body[-1].words.lower() in _IN_ALL:
        body = body[:-1]
    joints = [i for i, chunk in enumerate(body) if chunk.words.lower() in _TO]
    if len(joints) != 1:
        return None
    first, second = body[: joints[0]], body[joints[0] + 1 :]
    groups = next((i for i, c in enumerate(second) if c.word("by")), len(second))
    part = _number((*first, *second[groups:]), question.model, inner)
    whole = _number(second, question.model, inner)
    of_all = body[joints[0]].words.lower() == "out of" or any(c.words.lower() in _ALL for c in second[:2])
    return _against(*_with_shared(part, whole, of_all=of_all), notes=together(part.assumptions, whole.assumptions))


def _number(chunks: tuple[Chunk, ...], model: SemanticModel, inner: Inner) -> QueryPlan:
    """A count, a measure, or the field of the one row that is named by a key ("the length of the Nile")."""
    while chunks and is_filler(chunks[0]):
        chunks = chunks[1:]
    if chunks and chunks[0].has(FieldSense) and not chunks[0].has(DatasetSense, RoleSense, MetricSense, ValueSense):
        named = [v for c in chunks[1:] for v in c.of(ValueSense)]
        if not any(_is_key(v, model) and any(f.dataset == v.dataset for f in chunks[0].of(FieldSense)) for v in named):
            raise NotUnderstood(_WHY)
        return inner((word("total", "agg", "sum"), *chunks))
    return measured(chunks, inner)


def _is_key(value: ValueSense, model: SemanticModel) -> bool:
    dataset = model.dataset(value.dataset)
    return dataset.primary_key == (value.field,) or (value.field,) in dataset.unique_keys


# -- what holds for both ---------------------------------------------------------------------------------------------


def _with_shared(part: QueryPlan, whole: QueryPlan, *, of_all: bool) -> tuple[QueryPlan, QueryPlan]:
    """Of a part and its whole, what bounds the whole bounds the part; of two parts that differ in one field, what is
    said behind the second of another field bounds both. Raises NotUnderstood where that is not clear."""
    if part.base != whole.base or not whole.conditions or not part.conditions:
        return (_narrowed(part, whole.conditions) if of_all and part.base == whole.base else part), whole
    if of_all:
        return _narrowed(part, whole.conditions), whole
    own = {_said_of(c) for c in part.conditions}
    extra = tuple(c for c in whole.conditions if _said_of(c) not in own)
    if None in own or not own <= {_said_of(c) for c in whole.conditions}:
        raise NotUnderstood("I could not tell whether the last bound is meant for both numbers.")
    return _narrowed(part, extra), whole


def _narrowed(part: QueryPlan, extra: tuple[Condition, ...]) -> QueryPlan:
    return replace(part, conditions=tuple(dict.fromkeys((*part.conditions, *extra))))


def _said_of(condition: Condition) -> Value | str | None:
    match condition:
        case Comparison() | During():
            return condition.field
        case _:
            return None


def _against(part: QueryPlan, whole: QueryPlan, notes: tuple[str, ...]) -> QueryPlan:
    first, second = plain_part(part, _WHY), plain_part(whole, _WHY)
    names = [shown_names(plan) for plan in (first, second)]
    if len(names[0]) != 1 or len(names[1]) != 1 or first.derived or second.derived or first.beside or second.beside:
        raise NotUnderstood(_WHY)
    if first == second:
        raise NotUnderstood("Both numbers are the same.")
    of, by = names[0][0], names[1][0]
    if of == by:
        of, by = f"first_{of}", f"second_{by}"
        first, second = _renamed(first, of), _renamed(second, by)
    plan = join(first, second, Derived("ratio", "ratio", of, by))
    return replace(plan, order=default_order(plan, "ratio"), assumptions=notes)


def _renamed(plan: QueryPlan, name: str) -> QueryPlan:
    return replace(plan, measures=tuple(m if m.hidden else replace(m, name=name) for m in plan.measures))


PARTS_RATIO = Construct("ratio of two numbers with bounds of their own", _read)

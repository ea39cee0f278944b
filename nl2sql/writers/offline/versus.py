"""One field of a row against another of it: "sold for more than twice its starting price", "closed before its end"."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, cast

from nl2sql.catalog.model import SemanticModel
from nl2sql.plan.base import Against, Condition
from nl2sql.plan.compile.aggregates import split_condition
from nl2sql.plan.compile.expressions import parsed
from nl2sql.writers.offline.frame import NotUnderstood, SeveralReadings
from nl2sql.writers.offline.scope import Scope
from nl2sql.writers.offline.senses import (
    Chunk,
    ConditionSense,
    DatasetSense,
    FieldSense,
    FilterSense,
    MetricSense,
    NumberSense,
    PeriodSense,
    Placer,
)

_Sign = Literal["=", "<>", ">", ">=", "<", "<="]
_OPPOSITE: dict[_Sign, _Sign] = {">": "<=", ">=": "<", "<": ">=", "<=": ">", "=": "<>"}
_AT = ("at", "for")


@dataclass(frozen=True, slots=True)
class _Right:
    operator: _Sign
    factor: Decimal
    fields: tuple[FieldSense, ...]
    words: str
    end: int
    is_time: bool


def comparisons(chunks: tuple[Chunk, ...], model: SemanticModel) -> tuple[Chunk, ...]:
    read: list[Chunk] = []
    at = 0
    while at < len(chunks):
        right = _right(chunks, at, read, model)
        if right is None:
            read.append(chunks[at])
            at += 1
        else:
            _against(read, right, model)
            at = right.end
    return tuple(read)


def _right(chunks: tuple[Chunk, ...], at: int, read: list[Chunk], model: SemanticModel) -> _Right | None:
    """A comparison, perhaps a factor, and a field that no number bounds."""
    chunk, operator, start = chunks[at], "=", at
    if (said := chunk.word("compare")) or (said := chunk.word("moment")):
        operator, at = said.argument, at + 1
    elif chunk.words.lower() in _AT and read and _is_state(read[-1]):
        at += 1
    elif not _is_factor(chunks, at):
        return None
    at = _skip(chunks, at)
    factor, at = _factor(chunks, at)
    at = _skip(chunks, at)
    if at >= len(chunks):
        return None
    is_time = chunk.word("moment") is not None
    fields = tuple(f for f in chunks[at].of(FieldSense) if _fits(f, model, is_time=is_time))
    following = chunks[_skip(chunks, at + 1)] if _skip(chunks, at + 1) < len(chunks) else None
    named = chunks[at].has(MetricSense, NumberSense, PeriodSense, FilterSense)
    if not fields or named or (following is not None and _bounds(chunks, _skip(chunks, at + 1))):
        return None
    words = " ".join(c.words for c in chunks[start : at + 1])
    return _Right(cast(_Sign, operator), factor, fields, words, at + 1, is_time)


def _bounds(chunks: tuple[Chunk, ...], at: int) -> bool:
    """ "above a starting price of 10": the number is the bound."""
    if chunks[at].words.lower() == "of":
        at = _skip(chunks, at + 1)
    return at < len(chunks) and (chunks[at].has(NumberSense) or bool(chunks[at].word("compare")))


def _is_state(chunk: Chunk) -> bool:
    return chunk.has(FilterSense) and not chunk.has(DatasetSense)


def _is_factor(chunks: tuple[Chunk, ...], at: int) -> bool:
    return _factor(chunks, at)[1] > at


def _factor(chunks: tuple[Chunk, ...], at: int) -> tuple[Decimal, int]:
    """ "twice", "3 times", "150% of"; 1 where nothing is said."""
    if at >= len(chunks):
        return Decimal(1), at
    if said := chunks[at].word("factor"):
        return Decimal(said.argument), at + 1
    number = chunks[at].of(NumberSense)
    following = chunks[at + 1] if at + 1 < len(chunks) else None
    if number and following is not None and following.word("times"):
        return number[0].value, at + 2
    if number and number[0].unit == "%" and following is not None and following.words.lower() in ("of", "of the"):
        return number[0].value / 100, at + 2
    return Decimal(1), at


def _skip(chunks: tuple[Chunk, ...], at: int) -> int:
    while at < len(chunks) and chunks[at].word("filler") and not chunks[at].has(FieldSense, DatasetSense, NumberSense):
        at += 1
    return at


def _fits(sense: FieldSense, model: SemanticModel, *, is_time: bool) -> bool:
    field = model.dataset(sense.dataset).field(sense.field)
    return field.is_time if is_time else field.datatype.is_number


def _against(read: list[Chunk], right: _Right, model: SemanticModel) -> None:
    """Puts the condition in; what stood on its left goes, unless it says more than the field."""
    words, negated, operator = right.words, False, right.operator
    spare: list[Chunk] = []
    while read and (
        read[-1].word("filler") or read[-1].word("is") or read[-1].word("preposition") or read[-1].word("not")
    ):
        if read[-1].has(FieldSense, FilterSense, DatasetSense):
            break
        negated = negated or read[-1].word("not") is not None
        spare.insert(0, read.pop())
    left: tuple[FieldSense, ...] = ()
    if read and (own := tuple(f for f in read[-1].of(FieldSense) if _fits(f, model, is_time=right.is_time))):
        left = own
        if not read[-1].has(FilterSense):
            words = f"{read.pop().words} {words}"
            while read and (
                read[-1].word("filler") or read[-1].word("with") or read[-1].words.lower() in ("where", "whose")
            ):
                read.pop()
    elif read and _is_state(read[-1]):
        left = _of_state(read[-1], right, model)
    if not left and (right.is_time or (read and read[-1].has(MetricSense, FilterSense))):
        raise NotUnderstood(f"I do not know what “{right.words}” is compared with.", (right.words,))
    if negated:
        operator = _OPPOSITE[operator]
    read.append(_made(left, operator, right, words, model))


def _of_state(chunk: Chunk, right: _Right, model: SemanticModel) -> tuple[FieldSense, ...]:
    """What a row has only in that state: a sold listing's final price; or when it came into it."""
    found: list[FieldSense] = []
    unit = {model.dataset(f.dataset).field(f.field).unit for f in right.fields}
    for sense in chunk.of(FilterSense):
        dataset = model.dataset(sense.dataset)
        named = next(f for f in dataset.filters if f.name == sense.filter)
        if right.is_time:
            found += [FieldSense(dataset.name, named.time_field)] if named.time_field else []
            continue
        state = parsed(named.expression)
        fields = [f for f in dataset.fields if f.datatype.is_number and f.unit in unit]
        found += [FieldSense(dataset.name, f.name) for f in fields if split_condition(parsed(f.expression))[0] == state]
    return tuple(found)


def _made(left: tuple[FieldSense, ...], operator: _Sign, right: _Right, words: str, model: SemanticModel) -> Chunk:
    def bind(placer: Placer, scope: Scope) -> list[Condition]:
        lefts = left
        if not lefts:
            amount = placer.model.dataset(scope.dataset).amount_field
            if not amount:
                raise NotUnderstood(f"I do not know what “{words}” is compared with.", (words,))
            lefts = (FieldSense(scope.dataset, amount),)
        datasets = {f.dataset for f in lefts}
        rights = tuple(f for f in right.fields if f.dataset in datasets and f not in lefts)
        if len(rights) > 1:
            labels = [placer.model.dataset(f.dataset).field(f.field).label or f.field for f in rights]
            raise SeveralReadings(f"“{right.words}”: which of {', '.join(labels)}?", ())
        rights = rights or right.fields
        first, second = placer.place(lefts, scope, words), placer.place(rights, scope, right.words)
        if first == second:
            raise NotUnderstood(f"“{words}” compares a thing with itself.", (words,))
        return [Against(first, operator, second, right.factor)]

    return Chunk(words, (ConditionSense(bind),))

"""Units of measure: "rivers longer than 500 meters", "the largest lakes in square kilometers".

The model says in which unit a field's numbers are; said of that field, the same unit adds nothing. Nothing is
converted: with another unit, or one of a field that has none in the model, a question is not understood. Money and time
are read elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator

from nl2sql.plan.base import Against, AllOf, AnyOf, Comparison, Condition, FieldRef, Negation, QueryPlan, Value
from nl2sql.writers.offline.constructs.base import Construct, Inner, Linked
from nl2sql.writers.offline.constructs.pieces import said, without
from nl2sql.writers.offline.frame import NotUnderstood
from nl2sql.writers.offline.senses import NumberSense, is_filler

_UNITS = {
    "m": "meter", "km": "kilometer | km", "cm": "centimeter | cm", "mm": "millimeter", "mi": "mile",
    "ft": "foot | feet",
    "m²": "square meter | sq m | m²", "km²": "square kilometer | sq km | km²", "ha": "hectare",
    "g": "gram", "kg": "kilogram | kg | kilo", "t": "tonne | metric ton", "lb": "pound of weight | lb",
    "l": "liter", "ml": "milliliter", "m³": "cubic meter | m³", "°C": "degree celsius | celsius", "kWh": "kwh",
    "W": "watt", "kW": "kilowatt", "km/h": "kilometer per hour | km h", "MB": "megabyte", "GB": "gigabyte",
}  # fmt: skip


def _read(question: Linked, inner: Inner) -> QueryPlan | None:
    chunks = question.chunks
    taken: set[int] = set()
    units: dict[str, str] = {}
    for index, chunk in enumerate(chunks):
        unit = said(chunk, "unit of measure")
        start = _starts(question, index) if unit else -1
        if unit is None or start < 0:
            continue
        taken |= set(range(start, index + 1))
        of = [c.words.lower() for c in chunks[start:index] if not c.word("preposition") and not c.word("by")]
        spoken = " ".join(c.words for c in chunks[start : index + 1] if not c.word("preposition"))
        units["/".join([*of, unit.argument])] = spoken
    if not units:
        return None
    question.settled.extend(chunks[index] for index in taken)
    plan = inner(without(chunks, taken))
    known = {question.model.dataset(ref.dataset).field(ref.field).unit for ref in _fields(plan)}
    for unit_said, words in units.items():
        if unit_said not in known:
            raise NotUnderstood(f"I do not know of anything here that is in {words}.", (words,))
    return plan


def _starts(question: Linked, index: int) -> int:
    """Where the mention of the unit begins: behind a number, or with "in"; −1 for no such mention."""
    chunks = question.chunks
    before = index - 1
    if before >= 0 and chunks[before].has(NumberSense):
        return index
    if before >= 1 and chunks[before].words.lower() == "per":  # "in people per square kilometer"
        before -= 2
    while before >= 0 and is_filler(chunks[before]):
        before -= 1
    return before if before >= 0 and chunks[before].words.lower() == "in" else -1


def _fields(plan: QueryPlan) -> Iterator[FieldRef]:
    """The fields that are compared, ranked or computed with."""
    yield from _of_value(plan.order.field if plan.order else None)
    for measure in plan.measures:
        yield from _of_value(measure.field)
    for condition in plan.conditions:
        yield from _of_condition(condition)


def _of_value(value: Value | None) -> Iterator[FieldRef]:
    if isinstance(value, FieldRef):
        yield value


def _of_condition(condition: Condition) -> Iterator[FieldRef]:
    match condition:
        case Comparison():
            yield from _of_value(condition.field)
        case Against():
            yield from _of_value(condition.left)
        case AnyOf() | AllOf():
            for each in condition.conditions:
                yield from _of_condition(each)
        case Negation():
            yield from _of_condition(condition.condition)
        case _:
            return


UNITS = Construct("units of measure", _read, {("unit of measure", unit): words for unit, words in _UNITS.items()})

"""What a plan touches: the fields its values read, and the relationships that it walks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from nl2sql.plan.base import (
    Against,
    AllOf,
    AnyOf,
    Comparison,
    Condition,
    During,
    Exists,
    FieldRef,
    Negation,
    Part,
    Path,
    Related,
    Span,
    Value,
)


def fields_of(value: Value | None) -> Iterator[FieldRef]:
    """The fields of the base, or of what it points to, that the value reads; not those of related rows."""
    match value:
        case FieldRef():
            yield value
        case Part():
            yield value.field
        case Span():
            yield from fields_of(value.start)
            yield from fields_of(value.end)
        case _:
            return


def first_field(value: Value | None) -> FieldRef | None:
    return next(fields_of(value), None)


def paths_of(value: Value) -> Iterator[Path]:
    """Paths from the base that the value walks; those inside related rows are not of the base."""
    match value:
        case FieldRef():
            yield value.path
        case Part():
            yield value.field.path
        case Related():
            yield value.path
        case Span():
            yield from paths_of(value.start)
            yield from paths_of(value.end)


def walked_by(conditions: Iterable[Condition]) -> set[str]:
    """The relationships that the conditions walk, in either direction, also inside related rows."""
    walked: set[str] = set()
    for condition in conditions:
        for path in _paths(condition):
            walked |= {name.removeprefix("-") for name in path}
    return walked


def _paths(condition: Condition) -> Iterator[Path]:
    match condition:
        case Comparison() | During():
            yield from paths_of(condition.field)
        case Against():
            yield from paths_of(condition.left)
            yield from paths_of(condition.right)
        case AnyOf() | AllOf():
            for each in condition.conditions:
                yield from _paths(each)
        case Negation():
            yield from _paths(condition.condition)
        case Exists():
            yield condition.path
            for each in condition.conditions:
                yield from _paths(each)
        case _:
            yield condition.path

"""The JSON schema of a plan, strict enough to be the structured output of a language model.

Every key is required (null stands for what is not needed), no other key is allowed, and nothing refers back to itself:
conditions within conditions are spelled out for `LEVELS` levels. `plan_from_json` reads deeper plans as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import is_dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal, get_args, get_origin

from nl2sql.plan.base import (
    AllOf,
    AnyOf,
    During,
    Exists,
    FieldRef,
    Named,
    Negation,
    Part,
    QueryPlan,
    Related,
    RoleHolds,
    Under,
)
from nl2sql.plan.json_form import TAGS, alternatives, hints_of, may_be_left_out

# "users with at least 3 orders that have a late line": a condition, in related rows, in related rows.
LEVELS = 2

# Parts that hold neither conditions nor values of related rows: alike on every level.
_FLAT = (FieldRef, Part, Named, RoleHolds, During, Under)
_NESTING = (Related, Exists, AnyOf, AllOf, Negation)
# What a plan beside another has no use for, and what people are told in words, not asked for.
_NOT_BESIDE = ("beside", "order", "limit", "within", "ties", "columns", "distinct", "having", "derived", "fold")
_UNASKED = ("assumptions",)


def _schema() -> dict[str, Any]:
    shapes = _Shapes()
    root = shapes.object(QueryPlan, 0, without=_UNASKED)
    return {**root, "$defs": dict(sorted(shapes.definitions.items()))}


class _Shapes:
    def __init__(self) -> None:
        self.definitions: dict[str, Mapping[str, Any]] = {}

    def object(self, part: type, level: int, without: tuple[str, ...] = ()) -> dict[str, Any]:
        shown: dict[str, Any] = {}
        if part in TAGS and part is not FieldRef:
            shown["kind"] = {"type": "string", "enum": [TAGS[part]]}
        inner = level + 1 if part in _NESTING else level
        for name, hint in hints_of(part).items():
            if name not in without:
                shape = self.shape(hint, inner)
                shown[name] = _or_null(shape) if may_be_left_out(part, name) else shape
        return {"type": "object", "properties": shown, "required": list(shown), "additionalProperties": False}

    def shape(self, hint: Any, level: int) -> dict[str, Any]:
        kinds = [kind for kind in alternatives(hint) if kind is not type(None)]
        if all(is_dataclass(kind) for kind in kinds):
            allowed = [kind for kind in kinds if level < LEVELS or kind not in _NESTING]
            shapes = [self._named(kind, level) for kind in allowed]
            return shapes[0] if len(shapes) == 1 else {"anyOf": shapes}
        kind = kinds[0]
        if get_origin(kind) is tuple:
            return {"type": "array", "items": self.shape(get_args(kind)[0], level)}
        if get_origin(kind) is Literal:
            return {"type": "string", "enum": list(get_args(kind))}
        return dict(_PLAIN[kind])

    def _named(self, part: type, level: int) -> dict[str, Any]:
        """A reference to the definition; parts that hold no others are defined once for all levels."""
        name = "beside" if part is QueryPlan else TAGS.get(part, part.__name__.lower())
        leveled = f"{name}_{level}" if level and part in TAGS and part not in _FLAT else name
        if leveled not in self.definitions:
            self.definitions[leveled] = {}  # its place is taken while it is made
            without = (*_UNASKED, *_NOT_BESIDE) if part is QueryPlan else ()
            self.definitions[leveled] = self.object(part, level, without)
        return {"$ref": f"#/$defs/{leveled}"}


_PLAIN: Mapping[type, Mapping[str, Any]] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    Decimal: {"type": "string", "description": "a plain number, such as 0.9"},
    date: {"type": "string", "description": "a day, such as 2025-03-31; the end of a period is the day after its last"},
}


def _or_null(shape: dict[str, Any]) -> dict[str, Any]:
    if isinstance(shape.get("type"), str) and "enum" not in shape:
        return {**shape, "type": [shape["type"], "null"]}
    return {"anyOf": [*shape.get("anyOf", [shape]), {"type": "null"}]}


PLAN_SCHEMA: Mapping[str, Any] = _schema()

"""A query plan as JSON, for people and language models to write and for the wire.

Keys are the names of the contract's own parts; what has its default value is left out. Values of a row and conditions
say by "kind" what they are, a plain field does not have to. A path may be left out where one way alone is the shortest.
"""

from __future__ import annotations

import json
import re
import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from nl2sql.catalog.joins import JoinGraph
from nl2sql.catalog.model import SemanticModel
from nl2sql.plan.base import (
    Against,
    AllOf,
    AnyOf,
    Comparison,
    During,
    Exists,
    FieldRef,
    Named,
    Negation,
    Part,
    QueryPlan,
    Related,
    RoleHolds,
    Span,
    Under,
)
from nl2sql.plan.errors import PlanInvalid
from nl2sql.plan.names import say_period
from nl2sql.plan.periods import Period

TAGS: Mapping[type, str] = {
    FieldRef: "field", Part: "part", Related: "related", Span: "span", Comparison: "compare", Against: "against",
    Named: "filter", RoleHolds: "role", During: "during", Under: "under", Exists: "exists", AnyOf: "any", AllOf: "all",
    Negation: "not",
}  # fmt: skip
# The longest plan of the questions in the tests is under 3,000 characters.
MAX_CHARACTERS = 100_000
# No plan of a question nests deeper than conditions within conditions of a plan beside another: about 12 objects.
_MAX_DEPTH = 30
_DECIMAL = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?\Z")


@cache
def hints_of(part: type) -> Mapping[str, Any]:
    return get_type_hints(part)


def may_be_left_out(part: type, name: str) -> bool:
    """Whether the key has a default, or is found by itself."""
    if name == "path" or part is Period:
        return True
    each = next(f for f in fields(part) if f.name == name)
    return each.default is not MISSING or each.default_factory is not MISSING


# -- writing ---------------------------------------------------------------------------------------------------------


def plan_to_json(plan: QueryPlan) -> dict[str, Any]:
    """Values of JSON only: texts, whole numbers, truth values, lists and objects. Decimals and days are texts."""
    written: dict[str, Any] = _written(plan)
    return written


def plan_to_text(plan: QueryPlan) -> str:
    """The same on one line."""
    return json.dumps(plan_to_json(plan), ensure_ascii=False, separators=(",", ":"))


def _written(value: Any) -> Any:
    if isinstance(value, Period):
        return _period(value)
    if is_dataclass(value):
        tag = TAGS.get(type(value), "field")
        shown = {} if tag == "field" else {"kind": tag}
        each = {f.name: (getattr(value, f.name), f.default) for f in fields(value)}
        path, _ = each.pop("path", ((), ()))
        shown |= {name: _written(v) for name, (v, default) in each.items() if default is MISSING or v != default}
        return shown | ({"path": list(path)} if path else {})
    if isinstance(value, tuple):
        return [_written(each) for each in value]
    return f"{value:f}" if isinstance(value, Decimal) else value


def _period(period: Period) -> dict[str, str]:
    days = {
        "start": period.start.isoformat() if period.start else "",
        "end": period.end.isoformat() if period.end else "",
    }
    said = {"words": period.words} if period.words != _usual_words(period) else {}
    return {name: day for name, day in days.items() if day} | said


def _usual_words(period: Period) -> str:
    return say_period(Period(period.start, period.end, ""))


# -- reading ---------------------------------------------------------------------------------------------------------


def plan_from_json(value: object, model: SemanticModel, graph: JoinGraph) -> QueryPlan:
    """From a text of JSON or from what one holds. Raises PlanInvalid, whose message names the place.

    Only the form is judged here and what a missing path needs: see `nl2sql.plan.validate` for the rest.
    """
    if isinstance(value, str):
        value = _parsed(value)
    plan = _Reader(model, graph).read(QueryPlan, value, "", "", 0)
    if not isinstance(plan, QueryPlan):
        raise PlanInvalid("The plan is empty.")
    return plan


def _parsed(text: str) -> object:
    if len(text) > MAX_CHARACTERS:
        raise PlanInvalid(f"The plan is longer than {MAX_CHARACTERS:,} characters.")
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise PlanInvalid(f"The plan is not valid JSON: line {error.lineno}, column {error.colno}.") from error
    except (ValueError, RecursionError) as error:
        raise PlanInvalid("The plan is not valid JSON.") from error


class _Reader:
    """`place` names where the value stands ("conditions[0].field"); `at` is the dataset that paths start from."""

    def __init__(self, model: SemanticModel, graph: JoinGraph) -> None:
        self._model = model
        self._graph = graph

    def read(self, hint: Any, value: object, place: str, at: str, depth: int) -> Any:
        if depth > _MAX_DEPTH:
            raise _problem(place, "this is nested too deeply.")
        kinds = alternatives(hint)
        if value is None:
            if type(None) in kinds:
                return None
            raise _problem(place, "this cannot be empty.")
        kinds = tuple(kind for kind in kinds if kind is not type(None))
        if all(is_dataclass(kind) for kind in kinds):
            return self._object(self._kind(kinds, value, place), value, place, at, depth)
        if get_origin(kinds[0]) is tuple:
            return self._tuple(get_args(kinds[0])[0], value, place, at, depth)
        return _plain(kinds[0], value, place)

    def _tuple(self, hint: Any, value: object, place: str, at: str, depth: int) -> tuple[Any, ...]:
        if not isinstance(value, list | tuple):
            raise _problem(place, f"a list belongs here, not {_seen(value)}.")
        return tuple(self.read(hint, each, f"{place}[{i}]", at, depth + 1) for i, each in enumerate(value))

    def _kind(self, kinds: tuple[type, ...], value: object, place: str) -> type:
        if not isinstance(value, Mapping):
            raise _problem(place, f"an object with keys belongs here, not {_seen(value)}.")
        if len(kinds) == 1:
            return kinds[0]
        named = {TAGS[kind]: kind for kind in kinds}
        tag = value.get("kind", "field" if "field" in named and "dataset" in value else None)
        if not isinstance(tag, str) or tag not in named:
            allowed = ", ".join(named)
            said = f"“{tag}” is no kind that may stand here" if tag is not None else "the key “kind” is missing"
            raise _problem(place, f"{said}; there are {allowed}.")
        return named[tag]

    def _object(self, part: type, value: Any, place: str, at: str, depth: int) -> Any:
        hints = hints_of(part)
        if part in TAGS and value.get("kind", TAGS[part]) != TAGS[part]:
            raise _problem(place, f"only the kind “{TAGS[part]}” may stand here.")
        allowed = [*hints, *(["kind"] if part in TAGS and "kind" not in hints else [])]
        for key in value:
            if key not in allowed:
                raise _problem(place, f"“{key}” is not a key here; there are {', '.join(allowed)}.")
        for key in hints:
            if key not in value and not may_be_left_out(part, key):
                raise _problem(place, f"the key “{key}” is missing.")
        given = {k: v for k, v in value.items() if k in hints and not (v is None and may_be_left_out(part, k))}
        inner = self._start_of(part, given, place, at)
        where = {key: f"{place}.{key}".lstrip(".") for key in given}
        parts = {key: self.read(hints[key], each, where[key], inner, depth + 1) for key, each in given.items()}
        if part is Period:
            return _read_period(parts)
        if "path" in hints and "path" not in parts:
            parts["path"] = self._path(part, parts["dataset"], place, at)
        return part(**parts)

    def _start_of(self, part: type, given: Mapping[str, Any], place: str, at: str) -> str:
        """The dataset that paths inside the part start from."""
        key = "base" if part is QueryPlan else "dataset" if part in (Exists, Related) else ""
        if not key:
            return at
        name = given[key]
        if not isinstance(name, str) or name not in self._model.dataset_by_name:
            raise _problem(
                f"{place}.{key}".lstrip("."), f"there is no dataset {_seen(name)}; there are {self._datasets()}."
            )
        return name

    def _datasets(self) -> str:
        return ", ".join(self._model.dataset_by_name)

    def _path(self, part: type, dataset: str, place: str, at: str) -> tuple[str, ...]:
        """The only shortest way from `at`; for related rows, the only relationship that leads back to it."""
        if dataset not in self._model.dataset_by_name:
            raise _problem(place, f"there is no dataset {_seen(dataset)}; there are {self._datasets()}.")
        paths: list[tuple[str, ...]]
        if part in (Exists, Related):
            around = self._graph.relationships.values()
            paths = [(f"-{r.name}",) for r in around if (r.source, r.target) == (dataset, at)]
        else:
            paths = list(self._graph.paths(at, dataset))
        if len(paths) == 1:
            return paths[0]
        if not paths:
            raise _problem(place, f"I see no way from {at} to {dataset}.")
        choices = " or ".join(json.dumps(list(path)) for path in paths)
        raise _problem(place, f"there are several ways from {at} to {dataset}; say which with “path”: {choices}.")


def alternatives(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)


def _plain(kind: Any, value: object, place: str) -> Any:
    if get_origin(kind) is Literal:
        if not isinstance(value, str) or value not in get_args(kind):
            allowed = ", ".join(f"“{each}”" for each in get_args(kind) if each)
            raise _problem(place, f"{_seen(value)} may not stand here; there are {allowed}.")
        return value
    if kind is bool or kind is int:
        if type(value) is not kind:
            raise _problem(
                place, f"{'true or false' if kind is bool else 'a whole number'} belongs here, not {_seen(value)}."
            )
        return value
    if kind is Decimal:
        text = str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
        if not _DECIMAL.match(text):
            raise _problem(place, f"a plain number belongs here, not {_seen(value)}.")
        return Decimal(text)
    if kind is date:
        try:
            return date.fromisoformat(value if isinstance(value, str) else "")
        except ValueError as error:
            raise _problem(place, f"a day like 2025-03-31 belongs here, not {_seen(value)}.") from error
    if not isinstance(value, str):
        raise _problem(place, f"a text belongs here, not {_seen(value)}.")
    return value


def _read_period(parts: Mapping[str, Any]) -> Period:
    period = Period(parts.get("start"), parts.get("end"), parts.get("words", ""))
    return period if "words" in parts else Period(period.start, period.end, _usual_words(period))


def _seen(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return f"“{text[:60]}{'…' if len(text) > 60 else ''}”"


def _problem(place: str, message: str) -> PlanInvalid:
    return PlanInvalid(f"{place or 'plan'}: {message}")

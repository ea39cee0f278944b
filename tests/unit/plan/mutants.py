"""Plans of which one part differs from a given one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, get_args

from nl2sql.plan.base import DurationUnit, Fold, Grain
from nl2sql.plan.periods import Period
from tests.unit.plan.generated import GRAINS, NUMBERS, TEXTS
from tests.unit.plan.house import GRAPH, MODEL

# Names are what columns are titled and referred to, not what is asked; assumptions are sentences of their own.
UNSAID = {"name", "assumptions", "words", "base", "dataset", "relationship"}
_FUNCTIONS = ("sum", "avg", "min", "max", "median")
_KINDS = ("ratio", "difference", "growth", "share", "rank")


def mutants(node: Any) -> Iterator[Any]:
    if isinstance(node, Period):
        yield from _shifted(node)
        return
    for each in fields(node):
        value = getattr(node, each.name)
        if each.name in UNSAID:
            continue
        for other in _others(node, each.name, value):
            yield replace(node, **{each.name: other})


def _others(node: Any, name: str, value: Any) -> Iterator[Any]:
    kind = type(node).__name__
    if is_dataclass(value):
        yield from mutants(value)
        if name in ("order", "fold"):
            yield None
    elif isinstance(value, tuple):
        yield from _tuples(node, name, value)
    elif (kind, name) in _CHOICES and (value or name == "column"):
        yield from (choice for choice in _CHOICES[kind, name] if choice != value)
    elif name == "operator":
        family = NUMBERS if value in NUMBERS else TEXTS
        yield from (o for o in (*family, "is null", "is not null") if _arity(o) == _arity(value) and o != value)
    elif name in ("field", "filter", "metric") and isinstance(value, str) and value:
        yield from _names(node, name, value)
    else:
        yield from _plain_others(node, name, value)


def _plain_others(node: Any, name: str, value: Any) -> Iterator[Any]:
    if isinstance(value, bool):
        if name != "entity" and _matters(node, name):
            yield not value
    elif isinstance(value, int):
        if _matters(node, name):
            yield value + 1
    elif isinstance(value, Decimal):
        yield value + 1 if name == "width" else value / 2
    elif name == "limit":
        yield 77
    elif name == "value" and isinstance(value, str):
        yield f"{value}7"


def _matters(node: Any, name: str) -> bool:
    if name == "distinct":
        return not node.measures
    if name == "ties":
        return node.limit is not None
    if name == "descending" and type(node).__name__ == "Derived":
        return bool(node.kind == "rank")
    return name != "periods" or (bool(node.along) and node.kind != "running_total")


def _tuples(node: Any, name: str, value: tuple[Any, ...]) -> Iterator[Any]:
    if name == "path":
        yield from (p for p in GRAPH.paths("orders", node.dataset) if len(value) == 1 and p != value and _from(value))
        return
    if name in ("within", "keep"):
        if value:
            yield ()
        return
    for index, each in enumerate(value):
        if is_dataclass(each):
            yield from ((*value[:index], other, *value[index + 1 :]) for other in mutants(each))
        elif isinstance(each, str):
            yield (*value[:index], f"{each}7", *value[index + 1 :])
    if len(value) > 1 or name in ("conditions", "having", "derived", "beside"):
        for index in range(len(value)):
            if not (name == "measures" and index == 0):
                yield (*value[:index], *value[index + 1 :])


def _from(path: tuple[str, ...]) -> bool:
    step = path[0]
    return not step.startswith("-") and GRAPH.relationships[step].source == "orders"


def _names(node: Any, name: str, value: str) -> Iterator[str]:
    if name == "metric":
        yield from (m.name for m in MODEL.metrics if m.name != value)
    elif name == "filter":
        yield from (f.name for f in MODEL.dataset(node.dataset).filters if f.name != value)
    else:
        yield from (f.name for f in MODEL.dataset(node.dataset).fields if f.name != value)


def _shifted(period: Period) -> Iterator[Period]:
    day = timedelta(days=1)
    if period.start:
        yield replace(period, start=period.start - day)
    if period.end:
        yield replace(period, end=period.end + day)


def _arity(operator: str) -> int:
    return 0 if operator.startswith("is ") else 1


_CHOICES: dict[tuple[str, str], tuple[Any, ...]] = {
    ("Dimension", "grain"): GRAINS,
    ("Measure", "function"): _FUNCTIONS,
    ("Span", "unit"): get_args(DurationUnit),
    ("Part", "part"): ("hour", "weekday", "day", "month", "quarter", "year"),
    ("Fold", "function"): tuple(get_args(Fold.__annotations__["function"])) or ("avg", "min", "max", "sum", "count"),
    ("Order", "column"): ("m0", "m1", "d0"),
}
assert get_args(Grain) == GRAINS

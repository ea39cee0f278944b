"""Valid plans over the shop, of every shape that the contract has."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

from hypothesis import strategies as st

from nl2sql.plan.base import (
    Against,
    AllOf,
    AnyOf,
    Column,
    Comparison,
    Condition,
    Derived,
    Dimension,
    During,
    Exists,
    FieldRef,
    Fold,
    Having,
    Measure,
    Named,
    Negation,
    Order,
    Part,
    Path,
    QueryPlan,
    Related,
    RoleHolds,
    Span,
    Under,
)
from nl2sql.plan.periods import Period, period_of
from tests.unit.plan.house import GRAPH, MODEL

Draw = st.DrawFn
NUMBERS = ("=", "<>", ">", ">=", "<", "<=")
TEXTS = ("=", "<>", "contains", "not contains", "starts with", "ends with")
GRAINS = ("day", "week", "month", "quarter", "year")
_DAYS = st.dates(date(2020, 1, 1), date(2026, 12, 31))
_WORDS = st.sampled_from(["Lyss", "A or B", "new", "x; y", "", "“a”", "10", "x, y"])


@cache
def reachable(base: str) -> list[tuple[Path, str]]:
    found: list[tuple[Path, str]] = []
    for dataset in MODEL.datasets:
        paths = set(GRAPH.paths(base, dataset.name))
        for each in MODEL.relationships:
            if each.target == dataset.name:
                paths |= {p for p in GRAPH.via(base, each.name) if len(p) <= 3}
        found += [(path, dataset.name) for path in sorted(paths)]
    return found


@st.composite
def refs(draw: Draw, base: str, kind: str) -> FieldRef:
    """`kind`: number, time, text or any."""
    return draw(st.sampled_from(_refs(base, kind) or _refs(base, "any")))


@cache
def _refs(base: str, kind: str) -> list[FieldRef]:
    return [
        FieldRef(path, dataset, field.name)
        for path, dataset in reachable(base)
        for field in MODEL.dataset(dataset).fields
        if not field.sensitive
        and kind in ("any", "time" if field.is_time else "number" if field.datatype.is_number else "text")
    ]


def has(base: str, kind: str) -> bool:
    return bool(_refs(base, kind))


def backwards(base: str) -> list[tuple[Path, str]]:
    return [((f"-{r.name}",), r.source) for r in MODEL.relationships if r.target == base]


@st.composite
def related(draw: Draw, base: str, function: str = "") -> Related:
    path, dataset = draw(st.sampled_from(backwards(base)))
    if function not in ("min", "max"):
        function = draw(st.sampled_from(["count", "distinct", *(["sum", "avg", "max"] * has(dataset, "number"))]))
    conditions = tuple(draw(st.lists(plain_conditions(dataset), max_size=2, unique=True)))
    if function == "count" and draw(st.booleans()) and dataset in ("orders", "lines"):
        metric = "turnover" if dataset == "orders" else "pieces_sold"
        return Related(path, dataset, "metric", None, conditions, metric)
    if function == "count":
        return Related(path, dataset, "count", None, conditions)
    kind = "any" if function == "distinct" else "time" if function in ("min",) else "number"
    field = draw(st.sampled_from([r for r in _refs(dataset, kind)] or _refs(dataset, "any")))
    return Related(path, dataset, function, field, conditions)  # type: ignore[arg-type]


@st.composite
def numbers(draw: Draw, base: str) -> Any:
    choices = [refs(base, "number")]
    if backwards(base):
        choices.append(_numeric_related(base))
    if has(base, "time"):
        choices.append(spans(base))
        choices.append(st.builds(Part, refs(base, "time"), st.sampled_from(["hour", "weekday", "day", "year"])))
    return draw(st.one_of(choices))


@st.composite
def _numeric_related(draw: Draw, base: str) -> Related:
    return draw(related(base))


@st.composite
def spans(draw: Draw, base: str) -> Span:
    return Span(
        draw(refs(base, "time")),
        draw(refs(base, "time")),
        draw(st.sampled_from(["seconds", "minutes", "hours", "days"])),
    )


@st.composite
def periods(draw: Draw) -> Period:
    start = draw(_DAYS)
    end = start + timedelta(days=draw(st.integers(1, 800)))
    return draw(
        st.sampled_from(
            [period_of(start, end), Period(start, None, ""), Period(None, end, ""), Period(start, end, "last spring")]
        )
    )


@st.composite
def plain_conditions(draw: Draw, at: str) -> Condition:
    """Those that hold no others."""
    choices: list[st.SearchStrategy[Condition]] = [
        st.builds(
            Comparison, refs(at, "number"), st.sampled_from(NUMBERS), st.tuples(st.sampled_from(["1", "2.5", "100"]))
        ),
        st.builds(Comparison, refs(at, "any"), st.sampled_from(["is null", "is not null"]), st.just(())),
    ]
    if has(at, "text"):
        choices.append(st.builds(Comparison, refs(at, "text"), st.sampled_from(TEXTS), st.tuples(_WORDS)))
        several = st.lists(_WORDS, min_size=2, max_size=3, unique=True).map(tuple)
        choices.append(st.builds(Comparison, refs(at, "text"), st.sampled_from(["in", "not in"]), several))
    if has(at, "time"):
        choices.append(st.builds(During, refs(at, "time"), periods()))
    named = [
        Named(path, dataset, f.name, negated)
        for path, dataset in reachable(at)
        for f in MODEL.dataset(dataset).filters
        for negated in (False, True)
    ]
    if named:
        choices.append(st.sampled_from(named))
    roles = [
        RoleHolds(path, dataset, "order_seller", member)
        for path, dataset in reachable(at)
        if dataset == "orders"
        for member in (False, True)
    ]
    if roles:
        choices.append(st.sampled_from(roles))
    places = [path for path, dataset in reachable(at) if dataset == "places"]
    if places:
        choices.append(
            st.builds(
                Under, st.sampled_from(places), st.just("places"), st.just("place_parent"), st.just("name"), _WORDS
            )
        )
    return draw(st.one_of(choices))


@st.composite
def conditions(draw: Draw, at: str) -> Condition:
    plain = plain_conditions(at)
    choices: list[st.SearchStrategy[Condition]] = [plain, plain]
    several = st.lists(plain, min_size=2, max_size=3, unique=True).map(tuple)
    choices += [st.builds(AnyOf, several), st.builds(AllOf, several), st.builds(Negation, plain)]
    factors = st.sampled_from([Decimal(1), Decimal("1.5")])
    choices.append(st.builds(Against, numbers(at), st.sampled_from(NUMBERS), numbers(at), factors))
    if backwards(at):
        path, dataset = draw(st.sampled_from(backwards(at)))
        inner = st.lists(plain_conditions(dataset), max_size=2, unique=True).map(tuple)
        choices.append(
            st.builds(
                Exists,
                st.just(path),
                st.just(dataset),
                inner,
                st.booleans(),
                st.sampled_from(NUMBERS),
                st.integers(1, 5),
            )
        )
        choices.append(st.builds(Comparison, related(at), st.sampled_from(NUMBERS), st.tuples(st.just("3"))))
    return draw(st.one_of(choices))


@st.composite
def measures(draw: Draw, base: str, name: str) -> Measure:
    inside = tuple(draw(st.lists(plain_conditions(base), max_size=1)))
    kind = draw(st.sampled_from(["count", "distinct", "agg", "metric"]))
    if kind == "metric" and base in ("orders", "lines"):
        metric = draw(st.sampled_from(["turnover", "late_rate"])) if base == "orders" else "pieces_sold"
        return Measure("metric", name, metric=metric, conditions=inside)
    if kind == "distinct":
        return Measure("distinct", name, field=draw(refs(base, "any")), conditions=inside)
    if kind == "agg":
        function = draw(st.sampled_from(["sum", "avg", "min", "max", "median", "percentile"]))
        share = draw(st.sampled_from([Decimal("0.9"), Decimal("0.125")])) if function == "percentile" else None
        return Measure("agg", name, function, draw(numbers(base)), conditions=inside, percentile=share)
    return Measure("count", name, conditions=inside)


@st.composite
def dimensions(draw: Draw, base: str, name: str) -> Dimension:
    choices: list[Dimension] = [
        Dimension(name, draw(refs(base, "text")) if has(base, "text") else draw(refs(base, "any")))
    ]
    choices.append(Dimension(name, draw(refs(base, "number")), width=Decimal(draw(st.sampled_from(["10", "50"])))))
    if has(base, "time"):
        choices.append(Dimension(name, draw(refs(base, "time")), draw(st.sampled_from(GRAINS))))
        part = Part(draw(refs(base, "time")), draw(st.sampled_from(["hour", "weekday", "day", "month"])))
        choices.append(Dimension(name, part))
    whole = [(p, d) for p, d in reachable(base) if MODEL.dataset(d).label_field]
    if whole:
        path, dataset = draw(st.sampled_from(whole))
        choices.append(Dimension(name, FieldRef(path, dataset, MODEL.dataset(dataset).label_field), entity=True))
    return draw(st.sampled_from(choices))


@st.composite
def derivations(draw: Draw, plan: QueryPlan, name: str) -> Derived | None:
    of = plan.measures[0].name
    by = plan.measures[-1].name if len(plan.measures) > 1 else ""
    time = next((d for d in plan.dimensions if d.grain), None)
    within = tuple(d.name for d in plan.dimensions if d is not time)[:1]
    kinds = (["ratio", "difference", "growth"] if by else []) + (["share", "rank"] if plan.dimensions else [])
    kinds += ["difference ", "growth ", "previous", "running_total", "moving_average"] if time else []
    if not kinds:
        return None
    kind = draw(st.sampled_from(kinds))
    along = (
        time.name if time and kind in ("difference ", "growth ", "previous", "running_total", "moving_average") else ""
    )
    stepping = bool(along) and kind != "running_total"
    return Derived(
        name,
        kind.strip(),  # type: ignore[arg-type]
        of,
        by if kind in ("ratio", "difference", "growth") else "",
        draw(st.sampled_from([(), within])) if kind not in ("ratio", "difference", "growth") else (),
        along,
        draw(st.integers(1, 3)) if stepping else 1,
        draw(st.booleans()) if kind == "rank" else True,
    )


@st.composite
def plans(draw: Draw, *, nested: bool = True) -> QueryPlan:
    base = draw(st.sampled_from([d.name for d in MODEL.datasets]))
    narrowed = tuple(draw(st.lists(conditions(base), max_size=3, unique=True)))
    if nested and draw(st.booleans()) and draw(st.booleans()):
        return draw(_lists(base, narrowed))
    count = draw(st.integers(0, 2))
    grouped = QueryPlan(
        base,
        _apart(draw(measures(base, f"m{i}")) for i in range(draw(st.integers(1, 2)))),
        _apart(draw(dimensions(base, f"d{i}")) for i in range(count)),
        narrowed,
    )
    return draw(_finished(grouped)) if nested else grouped


def _apart(made: Iterable[Any]) -> tuple[Any, ...]:
    """Nobody asks for the same column twice."""
    found: dict[Any, Any] = {}
    for each in made:
        found.setdefault(replace(each, name=""), each)
    return tuple(found.values())


@st.composite
def _lists(draw: Draw, base: str, narrowed: tuple[Condition, ...]) -> QueryPlan:
    values = draw(st.lists(st.one_of(refs(base, "any"), numbers(base)), min_size=1, max_size=3, unique=True))
    shown = tuple(Column(f"c{i}", value) for i, value in enumerate(values))
    distinct = draw(st.booleans())
    order = None if distinct else draw(st.none() | st.builds(Order, st.booleans(), refs(base, "any")))
    return QueryPlan(
        base,
        conditions=narrowed,
        columns=shown,
        distinct=distinct,
        order=order,
        limit=draw(st.none() | st.integers(1, 50)),
    )


@st.composite
def _finished(draw: Draw, plan: QueryPlan) -> QueryPlan:
    parts: dict[str, Any] = {}
    derived = draw(derivations(plan, "x"))
    if derived is not None and draw(st.booleans()):
        parts["derived"] = (derived,)
        if derived.by and draw(st.booleans()):
            parts["measures"] = (*plan.measures[:-1], replace(plan.measures[-1], hidden=True))
    if plan.dimensions:
        names = [m.name for m in plan.measures] + [""]
        parts["order"] = draw(st.none() | st.builds(Order, st.booleans(), st.none(), st.sampled_from(names)))
        parts["limit"] = draw(st.none() | st.integers(1, 50))
        if parts["limit"] and parts["order"]:
            parts["ties"] = draw(st.booleans())
            parts["within"] = (
                draw(st.sampled_from([(), (plan.dimensions[0].name,)])) if len(plan.dimensions) > 1 else ()
            )
        bounds = st.builds(
            Having, st.sampled_from(NUMBERS), st.sampled_from(["1", "0.5", "200"]), st.sampled_from(names)
        )
        parts["having"] = tuple(draw(st.lists(bounds, max_size=2, unique=True)))
        keep = draw(st.sampled_from([(), (plan.dimensions[0].name,)]))
        function = st.sampled_from(["avg", "min", "max", "sum", "median", "count"])
        parts["fold"] = draw(st.none() | st.builds(Fold, st.just("f"), function, st.just("m0"), st.just(keep)))
    elif draw(st.booleans()):
        other = draw(st.sampled_from([d.name for d in MODEL.datasets]))
        parts["beside"] = (QueryPlan(other, (draw(measures(other, "b0")),)),)
    return replace(plan, **parts)

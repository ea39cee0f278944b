"""Time between two moments, however an engine computes it: which two, and in which unit."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from sqlglot import exp

from nl2sql.answer.grains import bare
from nl2sql.answer.speech import Handler, Speaker, handler

_SECONDS_IN = {
    "microseconds": 1e-6, "milliseconds": 1e-3, "seconds": 1.0, "minutes": 60.0, "hours": 3600.0, "days": 86400.0,
    "weeks": 604800.0,
}  # fmt: skip
_KEEPS = (exp.Round, exp.Paren, exp.Coalesce, exp.Cast, exp.Abs, exp.Avg, exp.Min, exp.Max, exp.Sum, exp.Median)
_MOMENTS = ("timestamp", "timestampntz", "timestamptz", "datetime")
_DIFFERENCES = (exp.DateDiff, exp.TimestampDiff, exp.DatetimeDiff)


@dataclass(frozen=True, slots=True)
class Duration:
    """From `start` to `end`; one of the value is `seconds` long. `whole`: fractions are cut off."""

    start: exp.Expr
    end: exp.Expr
    seconds: float
    whole: bool = False

    @property
    def unit(self) -> str:
        """ "hours"; "" where one of the value is no unit that has a name."""
        return next((name for name, size in _SECONDS_IN.items() if abs(self.seconds / size - 1) < 1e-9), "")


def duration_of(node: exp.Expr) -> Duration | None:
    node = node.unnest()
    if isinstance(node, exp.Round) and _is_noise(node):
        return duration_of(node.this)
    if isinstance(node, exp.Mul | exp.Div):
        return _scaled(node)
    if isinstance(node, _DIFFERENCES):
        return _difference(node)
    if isinstance(node, exp.Sub):
        return _of_numbers(node)
    if isinstance(node, exp.Extract) and node.name.upper() == "EPOCH":
        inner = node.expression.unnest()
        if isinstance(inner, exp.Sub):
            return Duration(_moment(inner.expression), _moment(inner.this), 1.0)
    return None


def _scaled(node: exp.Expr) -> Duration | None:
    """Times or divided by a constant: seconds / 3600 are hours."""
    inner, factor = duration_of(node.this), _constant(node.expression)
    if inner is None and isinstance(node, exp.Mul):
        inner, factor = duration_of(node.expression), _constant(node.this)
    if inner is None or not factor:
        return None
    if isinstance(node, exp.Mul):
        return replace(inner, seconds=inner.seconds / factor)
    whole = inner.whole and bool(node.args.get("typed")) and isinstance(node.expression, exp.Literal)
    return replace(inner, seconds=inner.seconds * factor, whole=whole and node.expression.is_int)


def _is_noise(node: exp.Round) -> bool:
    """Rounding to thousandths or less takes nothing from a time that anyone would notice."""
    decimals = node.args.get("decimals")
    return isinstance(decimals, exp.Literal) and decimals.is_int and int(decimals.name) >= 3


def _constant(node: exp.Expr) -> float:
    """A number, or numbers multiplied: 24 * 60; 0 for anything else."""
    node = node.unnest()
    if isinstance(node, exp.Mul):
        return _constant(node.this) * _constant(node.expression)
    return float(node.name) if isinstance(node, exp.Literal) and not node.is_string else 0.0


def _difference(node: exp.Expr) -> Duration | None:
    unit = node.args.get("unit")
    name = f"{unit.name.lower().rstrip('s')}s" if unit is not None else "days"
    if name not in _SECONDS_IN:
        return None
    return Duration(_moment(node.expression), _moment(node.this), _SECONDS_IN[name], whole=name != "microseconds")


def _of_numbers(node: exp.Sub) -> Duration | None:
    """JULIANDAY(y) - JULIANDAY(x), UNIXEPOCH(y) - UNIXEPOCH(x)."""
    later, earlier = _numbered(node.this), _numbered(node.expression)
    if later is None or earlier is None or later[1] != earlier[1]:
        return None
    return Duration(earlier[0], later[0], later[1], whole=later[1] == 1.0)


def _numbered(node: exp.Expr) -> tuple[exp.Expr, float] | None:
    node = node.unnest()
    if isinstance(node, exp.Anonymous) and len(node.expressions) == 1:
        seconds = {"julianday": 86400.0, "unixepoch": 1.0, "unix_timestamp": 1.0}.get(node.name.lower())
        return (node.expressions[0], seconds) if seconds else None
    if isinstance(node, exp.Extract) and node.name.upper() == "EPOCH":
        return _moment(node.expression), 1.0
    return None


def _moment(node: exp.Expr) -> exp.Expr:
    inner = bare(node)
    while isinstance(inner, exp.Cast) and inner.is_type(*_MOMENTS):
        inner = bare(inner.this)
    return inner


def unit_of(node: exp.Expr) -> str:
    """The unit of an output that is a duration, or an aggregate of durations; "" for anything else."""
    for _ in range(16):
        found = duration_of(node)
        if found is not None:
            return found.unit
        if isinstance(node, exp.PercentileCont) and node.args.get("expression") is not None:
            node = node.this
        elif isinstance(node, exp.WithinGroup) and isinstance(node.expression, exp.Order):
            node = node.expression.expressions[0].this
        elif isinstance(node, _KEEPS) and isinstance(node.this, exp.Expr):
            node = node.this
        elif isinstance(node, exp.Case) and len(node.args["ifs"]) == 1 and not node.args.get("default"):
            node = node.args["ifs"][0].args["true"]
        else:
            return ""
    return ""


def duration_words(node: exp.Expr, speaker: Speaker) -> str:
    """ "time from start of the auction to bid time, in hours"; "" where the node is none, or its unit has no name."""
    found = duration_of(node)
    if found is None or not found.unit:
        return ""
    whole = "whole " if found.whole else ""
    return f"time from {speaker.say(found.start)} to {speaker.say(found.end)}, in {whole}{found.unit}"


def long_time(value: float, unit: str) -> str:
    """In the unit in which people would say it: 0.4 hours are "24 minutes", 36 hours "1.5 days"."""
    seconds = value * _SECONDS_IN[unit]
    size = abs(seconds)
    shown = next((u for u in ("days", "hours", "minutes") if size >= _SECONDS_IN[u]), "seconds")
    number = seconds / _SECONDS_IN[shown]
    text = f"{number:,.1f}".removesuffix(".0")
    return f"{text} {shown.removesuffix('s') if text in ('1', '-1') else shown}"


def without_unit(title: str, unit: str) -> str:
    """ "Average hours to first bid" as "Average time to first bid", for a value in whichever unit fits."""
    return re.sub(rf"\b{unit}\b", "time", title, count=1, flags=re.IGNORECASE)


def _explicit(node: exp.Expr, speaker: Speaker) -> str:
    words = duration_words(node, speaker)
    return words or speaker.as_sql(node)


DURATIONS: dict[type[exp.Expr], Handler] = {
    exp.DateDiff: handler(_explicit, "this expression unit date_part_boundary"),
    exp.TimestampDiff: handler(_explicit, "this expression unit"),
    exp.DatetimeDiff: handler(_explicit, "this expression unit date_part_boundary"),
}

"""Steps along the calendar: keys that number time buckets one by one, and how far apart two of them are."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from nl2sql.answer.bare import makes_whole
from nl2sql.answer.grains import grain_of
from nl2sql.answer.sources import Scope

# "2025-03" as year × 12 + month, "2025-Q1" as year × 4 + quarter: where the second number begins, and the factor.
_TEXTS = {"month": ("12", "6", "2"), "quarter": ("4", "7", "1")}
_ORDER_OF_DAYS = (
    "CAST(JULIANDAY(g) + 0.5 AS INT)",
    "DATEDIFF(g, '0000-01-01', DAY) + 1",
    "TO_DAYS(g)",
    "g - CAST('1970-01-01' AS DATE)",
    "DATEDIFF(g, CAST('1970-01-01' AS DATE), DAY)",
    "UNIX_DATE(g)",
)


@dataclass(frozen=True, slots=True)
class Steps:
    """`unit` of the buckets; `size`: how much the key grows from one bucket to the next."""

    unit: str
    size: int = 1


def bucket_behind(node: exp.Expr, scope: Scope) -> str:
    """The grain of a bucket, also of one that an inner query hands on; "" for anything else."""
    for _ in range(16):
        grain = grain_of(node)
        if grain is not None:
            return grain.unit
        behind = scope.origin(node) if isinstance(node, exp.Column) else None
        if behind is None:
            return ""
        node, scope = behind
    return ""


def steps_of(key: exp.Expr, scope: Scope) -> Steps | None:
    """What an ORDER BY key of a window counts along, when it numbers calendar buckets without a gap."""
    key = key.unnest()
    plain = bucket_behind(key, scope)
    if plain:
        return Steps(plain) if plain in ("year", "hour of the day", "month of the year", "day of the week") else None
    bucket = next((n for n in key.walk() if n is not key and bucket_behind(n, scope)), None)
    if bucket is None:
        return None
    unit = bucket_behind(bucket, scope)
    text = _with_symbol(key, bucket)
    if unit in _TEXTS:
        factor, start, length = _TEXTS[unit]
        wanted = f"CAST(SUBSTRING(g, 1, 4) AS INT) * {factor} + CAST(SUBSTRING(g, {start}, {length}) AS INT)"
        return Steps(unit) if text == wanted else None
    if unit == "year":
        return Steps(unit) if text == "CAST(g AS INT)" else None
    if unit in ("day", "week"):
        return Steps(unit, 7 if unit == "week" else 1) if text in _ORDER_OF_DAYS else None
    return None


def _with_symbol(key: exp.Expr, bucket: exp.Expr) -> str:
    """The key as SQL without dialect, each occurrence of the bucket as `g`, and conversions that change nothing left
    out."""

    symbol = exp.column("g")
    key = key.copy().transform(lambda node: symbol.copy() if node == bucket else node)
    key = key.transform(lambda node: node.this if _changes_nothing(node, symbol) else node)
    for cast in key.find_all(exp.Cast):
        if makes_whole(cast):
            cast.set("to", exp.DataType.build("INT"))
    for each in key.find_all(exp.DateDiff):
        each.set("date_part_boundary", None)
        each.set("unit", exp.var("DAY"))
    return key.sql()


def _changes_nothing(node: exp.Expr, symbol: exp.Expr) -> bool:
    is_day = isinstance(node, exp.Cast) and node.is_type("date") and node.this == symbol
    return is_day or isinstance(node, exp.Paren | exp.TsOrDsToDate)


def back_words(count: int, steps: Steps) -> str:
    """ "the month before", "the same quarter a year before", "3 months before"."""
    unit = steps.unit.removesuffix(" of the day").removesuffix(" of the year").removesuffix(" of the week")
    if count % steps.size:
        return ""
    count //= steps.size
    if count == 1:
        return f"the {unit} before"
    if count == {"month": 12, "quarter": 4}.get(unit):
        return f"the same {unit} a year before"
    return f"{count} {unit}s before"

"""What a statement is to cost, held against what its role may spend: run it, ask first, or refuse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final, Literal

from nl2sql.catalog.model import Dataset, SemanticModel
from nl2sql.engines.base import Estimate
from nl2sql.guard.checked import CheckedSql
from nl2sql.guard.policy import Cost, Limits

_UNITS: Final = ((10**15, "PB"), (10**12, "TB"), (10**9, "GB"), (10**6, "MB"), (10**3, "kB"))
_COUNTS: Final = ((10**9, "billion"), (10**6, "million"))
_ROUNDS_UP: Final = 0.9995  # 999.5 MB and more are told as 1 GB
_SMALLEST_PRICE: Final = Decimal("0.01")
# A hint of more than three sentences is not read.
_MAX_WAYS: Final = 3


@dataclass(frozen=True, slots=True)
class PriceTag:
    """`sentence` is for whoever asked, `hint` the cheaper way; both are empty when it is fine."""

    kind: Literal["fine", "ask", "refuse"]
    sentence: str = ""
    hint: str = ""


FINE: Final = PriceTag("fine")


def wants_estimate(engine_charges: bool, limits: Limits) -> bool:
    """Whether knowing the cost beforehand is worth a round trip to the database."""
    return engine_charges or limits.ask_above.rows is not None or limits.refuse_above.rows is not None


def judge(estimate: Estimate, limits: Limits, ways: Sequence[str] = (), *, filtered: bool = False) -> PriceTag:
    """`ways` are sentences that name cheaper questions. What the estimate does not know meets no limit.

    `filtered`: the asker sees some rows only of what is read, and is not told how many there are. A database that
    charges for bytes stores its tables by column, so there fewer columns read less.
    """
    refused = _exceeded(estimate, limits.refuse_above)
    asked = _exceeded(estimate, limits.ask_above)
    if not refused and not asked:
        return FINE
    told = spoken(shareable(estimate, filtered=filtered)) or f"more than {refused or asked}"
    columns = () if estimate.scanned_bytes is None or estimate.advice else ("Asking for fewer columns reads less.",)
    hint = " ".join([*estimate.advice, *ways, *columns][:_MAX_WAYS])
    if refused:
        return PriceTag("refuse", f"Running this would read {told}. Your role may go up to {refused}.", hint)
    return PriceTag("ask", f"Running this reads {told}. Your role is asked first above {asked}.", hint)


def two_digits(count: int) -> int:
    return int(Decimal(f"{Decimal(count):.1e}"))


def shareable(estimate: Estimate, *, filtered: bool) -> Estimate:
    """What the asker may know of it. Estimates count hidden rows too: of what is read in part only (`filtered`), no
    rows are told, and no more of the bytes than the two digits that are needed to agree to a price."""
    if not filtered:
        return estimate
    count, price = estimate.scanned_bytes, estimate.price
    return replace(
        estimate,
        rows=None,
        scanned_bytes=None if count is None else two_digits(count),
        price=None if price is None else Decimal(f"{price:.1e}"),
    )


def cheaper_ways(checked: CheckedSql, view: SemanticModel) -> tuple[str, ...]:
    """Sentences for `judge`. `view` is the model as the role may see it: nothing else is named."""
    undated = [words for words in (_undated(each, checked) for each in view.datasets) if words]
    ways = [f"Ask about a shorter time: a limit on {each} may read less." for each in dict.fromkeys(undated)]
    return tuple(ways[:1])


def _undated(dataset: Dataset, checked: CheckedSql) -> str:
    """ "“placed at” of orders" when the statement reads the table and none of its times."""
    table = dataset.table.lower()
    times = [each for each in dataset.fields if each.is_time or each.datatype.is_temporal]
    field = next((each for each in times if each.name == dataset.time_field), None)
    is_dated = any(f"{table}.{each.expression.lower()}" in checked.columns for each in times)
    if field is None or table not in checked.tables or is_dated:
        return ""
    return f"“{field.label or field.name.replace('_', ' ')}” of {dataset.label or dataset.name.replace('_', ' ')}"


def _exceeded(estimate: Estimate, bound: Cost) -> str:
    """The first bound that is exceeded, in words; money before bytes before rows."""
    if bound.price is not None and estimate.price is not None and estimate.price > bound.price:
        return spoken_price(bound.price, estimate.currency)
    if bound.bytes is not None and estimate.scanned_bytes is not None and estimate.scanned_bytes > bound.bytes:
        return spoken_bytes(bound.bytes)
    if bound.rows is not None and estimate.rows is not None and estimate.rows > bound.rows:
        return spoken_rows(bound.rows)
    return ""


def spoken(estimate: Estimate) -> str:
    """ "about 25 GB, about 0.15 USD"; empty when nothing is known."""
    parts = []
    if estimate.scanned_bytes is not None:
        parts.append(f"about {spoken_bytes(estimate.scanned_bytes)}")
    elif estimate.rows is not None:
        parts.append(f"about {spoken_rows(estimate.rows)}")
    if estimate.price is not None:
        price = spoken_price(estimate.price, estimate.currency)
        parts.append(price if price.startswith("less") else f"about {price}")
    return ", ".join(parts)


def spoken_bytes(count: int) -> str:
    """Decimal units, as policies and bills have them: 25 GB are 25,000,000,000 bytes."""
    for size, unit in _UNITS:
        if count >= size * _ROUNDS_UP:
            return f"{_three_digits(count / size)} {unit}"
    return f"{count} byte" if count == 1 else f"{count} bytes"


def spoken_rows(count: int) -> str:
    for size, word in _COUNTS:
        if count >= size * _ROUNDS_UP:
            return f"{_three_digits(count / size)} {word} rows"
    return f"{count:,} row" if count == 1 else f"{count:,} rows"


def spoken_price(price: Decimal, currency: str) -> str:
    """Cents, and no more exactly than that; what costs nothing says so."""
    if 0 < price < _SMALLEST_PRICE:
        return f"less than {_SMALLEST_PRICE} {currency}"
    return f"{price:,.2f} {currency}"


def _three_digits(number: float) -> str:
    """1.5 and 123, never 1.500: an estimate has no fourth digit."""
    return f"{number:.0f}" if number >= 100 else f"{number:.3g}"

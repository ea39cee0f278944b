"""Numbers → decimal128(38, scale), exactly: SQLite hands money out as floats and integers.

A float stands for the decimal that prints as it does: 0.1 is one tenth. More digits than `scale` are rounded half up,
as databases round, where the statement said how many there are; else they are kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

import numpy as np
import pyarrow as pa

MAX_DIGITS = 38
_CONTEXT = Context(prec=MAX_DIGITS, rounding=ROUND_HALF_UP)
_EXACT_INTEGER = 2.0**53  # above it a float no longer holds every integer


# A sum of a million floats is off by some 1e-13 of itself, a number that was stored by 1e-16. A place that somebody
# meant is larger, unless more than twelve digits stand before it: floats cannot tell these apart.
_NOISE, _RELATIVE_NOISE = 1e-12, 1e-13
_MOST_PLACES = 12


def _places_needed(values: Sequence[Any], kinds: frozenset[type], least: int) -> int:
    """How many places it takes so that nothing but the noise of floats is rounded away: `least` or more.

    Raises ValueError for floats that no number of places below 13 shows, an ArithmeticError for what is no number.
    """
    if float not in kinds:
        exact = (_decimal(value).normalize(_CONTEXT) for value in values if value is not None)
        return max([least, *(-int(number.as_tuple().exponent) for number in exact)])
    numbers = np.array([float(value) for value in values if value is not None])
    tolerance = _NOISE + _RELATIVE_NOISE * np.abs(numbers)
    for places in range(least, _MOST_PLACES + 1):
        power = 10.0**places
        if np.all(np.abs(np.rint(numbers * power) / power - numbers) <= tolerance):
            return places
    raise ValueError("there are more places than a decimal shows")


def numbers_to_decimal(
    values: Sequence[Any], kinds: frozenset[type], scale: int, *, is_least: bool = False
) -> pa.Array:
    """With `is_least`, of as many places as the values have, and `scale` or more. Raises ArithmeticError, ValueError or
    an Arrow error for what is not a finite number of at most 38 digits."""
    if kinds <= {int, float}:
        fast = _floats_to_decimal(values, scale)
        if fast is not None:
            return fast
    if kinds <= {Decimal} or kinds <= {str}:
        try:
            return _exactly(values, kinds, scale)
        except pa.ArrowInvalid:  # more digits than `scale`, or no number
            pass
    if is_least:
        scale = _places_needed(values, kinds, scale)
    unit = Decimal(1).scaleb(-scale)
    return pa.array(
        [None if value is None else _decimal(value).quantize(unit, context=_CONTEXT) for value in values],
        pa.decimal128(MAX_DIGITS, scale),
    )


def _exactly(values: Sequence[Any], kinds: frozenset[type], scale: int) -> pa.Array:
    """Four times as fast as one by one; refuses what it would have to round."""
    kind = pa.decimal128(MAX_DIGITS, scale)
    return pa.array(values, pa.string()).cast(kind) if str in kinds else pa.array(values, kind)


def decimals_to_arrow(values: Sequence[Any], largest_scale: int) -> pa.Array:
    """Decimals with as many places as the longest has."""
    exponents = [value.as_tuple().exponent for value in values if value is not None]
    scale = max((-exponent for exponent in exponents), default=0)  # a TypeError for NaN and infinity
    return pa.array(values, pa.decimal128(MAX_DIGITS, min(max(scale, 0), largest_scale)))


def _decimal(value: object) -> Decimal:
    if isinstance(value, Decimal | int):
        return Decimal(value)
    text = str(value)
    if "_" in text:
        raise ValueError(text)  # Python reads 1_000 as a number; a database does not
    return Decimal(text)


def _floats_to_decimal(values: Sequence[Any], scale: int) -> pa.Array | None:
    """None when some number has more digits than `scale`, or too many for a float: then each is taken by itself.

    units / 10**scale is correctly rounded, so equality proves that x is the float nearest to that decimal.
    """
    try:
        numbers = pa.array(values, pa.float64())
    except pa.ArrowInvalid:
        return None  # an integer above 2**53
    present = np.asarray(numbers.is_valid())
    floats = np.where(present, numbers.to_numpy(zero_copy_only=False), 0.0)
    power = 10.0**scale
    with np.errstate(over="ignore", invalid="ignore"):
        units = np.rint(floats * power)
        if not (np.all(np.abs(units) < _EXACT_INTEGER) and np.all(units / power == floats)):
            return None
    low = units.astype(np.int64)
    words = np.stack([low, low >> 63], axis=1)  # decimal128 is a little-endian 128-bit integer
    validity = pa.array(present).buffers()[1]
    return pa.Array.from_buffers(pa.decimal128(MAX_DIGITS, scale), len(values), [validity, pa.py_buffer(words)])

"""When two numbers are equal.

Whole numbers (counts, ids) are equal only when they are the same number. All others, where no decimals are declared,
within one millionth of their size, or when one is the other rounded to two decimals or more; with decimals declared,
when at most half a unit of the last of them lies between the two.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from decimal import Decimal
from math import isclose

from evals.matching.values import exact

Number = int | float | Decimal

# Share of the larger number by which two that are not declared to have decimals may differ.
RELATIVE = 1e-6
# People round to cents; to fewer decimals only where they are asked to, and then the case declares it.
LEAST_ROUNDING = 2
# What is left of doubles that cancel out: sums of amounts up to a million leave less than this. Only beside an exact 0.
RESIDUE = 1e-9
# Half a unit is compared with this slack, relative: a thousand times the rounding step of a double, which sums of many
# doubles in another order stay under, and far too little to hide one in a count.
NOISE = Decimal("1e-13")
# A difference of less than this share of the number is no difference in size: where the last compared decimal is too
# coarse for a number (0.004 against 0.001 at two decimals), only a rounding of it is equal.
CLOSE_SHARE = Decimal("0.05")
# From here on a double is whole, but no longer every whole number is a double.
DOUBLES_END = 2**53


@dataclass(frozen=True, slots=True)
class Tolerance:
    decimals: int | None = None

    def close(self, one: Number, other: Number) -> bool:
        """Not transitive, as no tolerance is."""
        if one == other:
            return True
        if _is_whole(one) and _is_whole(other):
            return _same_whole(one, other)
        if self.decimals is not None:
            return _within(exact(one), exact(other), self.decimals)
        return _near(one, other) or _is_rounding(one, other) or _is_rounding(other, one)

    def reach(self, number: float) -> float:
        """Nothing farther away than this is close to `number`; some that is nearer is not close either."""
        unit = 10.0 ** -(LEAST_ROUNDING if self.decimals is None else self.decimals) / 2
        share = RELATIVE if self.decimals is None else float(NOISE)
        return unit + 2 * share * (abs(number) + 1)


def as_double(number: Number) -> float:
    """The nearest double; what is larger than any is the largest."""
    try:
        return max(-sys.float_info.max, min(sys.float_info.max, float(number)))
    except OverflowError:
        return sys.float_info.max if number > 0 else -sys.float_info.max


def half_unit(decimals: int) -> Decimal:
    return Decimal(5).scaleb(-decimals - 1)


def _is_whole(number: Number) -> bool:
    if isinstance(number, Decimal):
        return number == number.to_integral_value()
    return isinstance(number, int) or number.is_integer()


def _same_whole(one: Number, other: Number) -> bool:
    """Of two that differ: a double beyond 2**53 stands for all whole numbers whose nearest double it is."""
    doubles = isinstance(one, float) + isinstance(other, float)
    if not doubles or min(abs(as_double(one)), abs(as_double(other))) < DOUBLES_END:
        return False
    if doubles == 2:
        return isclose(one, other, rel_tol=float(NOISE))
    return as_double(one) == as_double(other)


def _near(one: Number, other: Number) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        within = abs(one - other) <= max(abs(one), abs(other)) * RELATIVE
    else:
        a, b = exact(one), exact(other)
        within = abs(a - b) <= max(abs(a), abs(b)) * Decimal(repr(RELATIVE))
    return within or (not (one and other) and abs(as_double(one or other)) <= RESIDUE)


def _is_rounding(coarse: Number, fine: Number) -> bool:
    """Rounded to nothing (0.00) is no rounding, and what is an integer by its type is a count and was never rounded."""
    if isinstance(coarse, int) or not coarse:
        return False
    if isinstance(coarse, float) and isinstance(fine, float) and round(fine, LEAST_ROUNDING) == coarse:
        return True
    rounded, number = exact(coarse), exact(fine)
    if isinstance(coarse, Decimal) and _exponent(coarse) >= 0:
        return False
    places = max(LEAST_ROUNDING, _places(rounded))
    return abs(rounded - number) <= half_unit(places) + abs(number) * NOISE


def _within(one: Decimal, other: Decimal, decimals: int) -> bool:
    """At most half a unit of the last compared decimal apart; of small numbers, also near in size or a rounding."""
    apart = abs(one - other)
    largest = max(abs(one), abs(other))
    noise = largest * NOISE
    if apart > half_unit(decimals) + noise:
        return False
    if apart <= largest * CLOSE_SHARE:
        return True
    return apart <= half_unit(min(_places(one), _places(other))) + noise


def _places(number: Decimal) -> int:
    return max(0, -_exponent(number.normalize()))


def _exponent(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0

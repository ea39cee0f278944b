"""Amounts of money: what counts as one, and its whole cents."""

from decimal import Decimal

from auction_core.errors import InvalidRequest

# DECIMAL(12,2): ten digits before the point.
LARGEST = Decimal("9999999999.99")


def amount_of(value: object, field: str = "amount") -> Decimal:
    """`value` as an amount above zero with two decimals. Raises InvalidRequest; floats are not amounts."""
    if not isinstance(value, Decimal):
        raise InvalidRequest(field, "must be a decimal number")
    if not value.is_finite():
        raise InvalidRequest(field, "must be a number")
    if value <= 0:
        raise InvalidRequest(field, "must be above zero")
    if value > LARGEST:
        raise InvalidRequest(field, f"must be at most {LARGEST}")
    if value != value.quantize(Decimal("0.01")):
        raise InvalidRequest(field, "has at most two decimals")
    return value.quantize(Decimal("0.01"))


def to_cents(amount: Decimal) -> int:
    cents = amount * 100
    if cents != cents.to_integral_value():
        raise ValueError("money has two decimals")
    return int(cents)


def to_euros(cents: int) -> Decimal:
    return Decimal(cents).scaleb(-2)

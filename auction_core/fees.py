"""What the platform takes of a sale: a share of the final price that depends on the top-level category."""

from decimal import ROUND_HALF_UP, Decimal

# By name of the top-level category. Dear things that sell slowly pay a smaller share.
FEE_RATES: dict[str, Decimal] = {
    "Electronics": Decimal("0.08"),
    "Fashion": Decimal("0.12"),
    "Home & Garden": Decimal("0.11"),
    "Collectibles": Decimal("0.11"),
    "Art": Decimal("0.12"),
    "Jewelry & Watches": Decimal("0.10"),
    "Books & Media": Decimal("0.12"),
    "Sports & Outdoors": Decimal("0.10"),
    "Toys & Hobbies": Decimal("0.11"),
    "Vehicles": Decimal("0.04"),
    "Musical Instruments": Decimal("0.09"),
    "Business & Industrial": Decimal("0.07"),
}
# Of a top-level category that has no rate of its own.
USUAL_RATE = Decimal("0.10")


def fee_rate(section: str) -> Decimal:
    """The share for a top-level category, by its name."""
    return FEE_RATES.get(section, USUAL_RATE)


def fee_of(amount: Decimal, section: str) -> Decimal:
    """Euros with two decimals, half a cent rounded up as SQL's ROUND does. Never more than the amount."""
    return (amount * fee_rate(section)).quantize(Decimal("0.01"), ROUND_HALF_UP)

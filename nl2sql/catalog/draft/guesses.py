"""What a column is for, by its name and its values: an id, a date, an amount, a category, a name, something private.

Guesses that a person reads over: they lean to hiding too much and to summing too little.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Literal

from nl2sql.catalog.model import DataType

Purpose = Literal["id", "time", "flag", "sum", "average", "number", "category", "name", "text"]

IDS = frozenset({"id", "ids", "key", "uuid", "guid", "sk", "pk", "fk", "code", "hash"})
# More values than that are no categories one chooses from; longer ones are sentences.
MOST_VALUES = 25
_LONGEST_VALUE = 40
# So many rows for each value, so that a column of names in a small table is not taken for categories.
_ROWS_PER_VALUE = 2

_SECRET: tuple[tuple[str, str], ...] = (
    (r"password|passwd|pwd|pass(word)? hash|passphrase", "a password"),
    (r"secret|token|api key|credential|credentials|private key|pin|salt|otp", "a secret"),
    (r"e ?mail|mail address", "an e-mail address"),
    (r"ssn|social security|tax (id|number)|passport|national id|identity number|driver s? ?licen[cs]e", "an identity"),
    (r"phone|mobile|telephone|cell ?phone|fax|whatsapp|msisdn", "a telephone number"),
    (r"iban|bic|swift|card number|credit card|cvv|cvc|account number|routing number|bank account", "an account"),
    (r"(full|first|last|given|family|middle|maiden|legal|real|contact) name|sur ?name|forename", "a person's name"),
    (r"address\d?|street|ip|ips|mac", "an address"),
    (r"birth|birthday|birthdate|date of birth", "a date of birth"),
)
_SENSITIVE = tuple((re.compile(rf"\b({words})\b"), reason) for words, reason in _SECRET)
# About something private, and not it: a card type, when an e-mail was verified, how many tokens there are.
_ABOUT = re.compile(r"\b(type|kind|count|status|verified|confirmed|enabled|changed|updated|at|flag|id|country|city)$")

_SUMMED = frozenset(
    "amount total cost costs revenue fee fees tax taxes sales payment quantity profit commission spend spending budget"
    " earnings income expense expenses turnover units volume shares points hours minutes seconds duration deposit"
    " refund discount tip wage salary count gross net subtotal value donation balance".split()
)
_AVERAGED = frozenset(
    "price rate ratio percent percentage share rating score average mean median age temperature margin grade gpa"
    " weight height length width size stars speed".split()
)
_UNCOUNTED = frozenset(
    "year month day week quarter hour latitude longitude lat lon lng version rank position sort sequence zip level"
    " number floor index x y mcc port epoch ms".split()
)
_MONEY = frozenset(
    "amount price cost costs revenue fee fees tax taxes sales payment profit commission budget earnings income"
    " expense expenses turnover deposit refund salary wage tip balance gross net subtotal donation".split()
)
_PERCENT = frozenset("rate ratio percent percentage share margin".split())
_DURATION = frozenset({"seconds", "duration"})
_UNITS = ("usd", "eur", "gbp", "chf", "jpy", "cad", "aud", "inr")
_NAMES = frozenset("name title label username nickname city brand symbol".split())
_FLAG = re.compile(r"^(is|has|was|can|should|allows)\b")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?")


def sensitivity(words: str, datatype: DataType) -> str:
    """Why the column is likely private, as the end of “It looks like …”; empty where it does not."""
    if datatype is DataType.BOOLEAN or _ABOUT.search(words):
        return ""
    return next((reason for pattern, reason in _SENSITIVE if pattern.search(words)), "")


def purpose_of(words: str, datatype: DataType, is_key: bool, values: Sequence[Any]) -> Purpose:
    """`values` are of a sample, without NULLs; none for a column that is private."""
    last = words.split()[-1]
    if is_key or last in IDS:
        return "id"
    if datatype.is_temporal:
        return "time"
    if datatype is DataType.BOOLEAN or (_FLAG.match(words) and bool(values) and set(values) <= {0, 1}):
        return "flag"
    if datatype.is_number:
        return _number(words, datatype)
    if datatype is not DataType.STRING:
        return "text"
    if last in _NAMES:
        return "name"
    return "category" if is_category(values) else "text"


def _number(words: str, datatype: DataType) -> Purpose:
    parts = words.split()
    if parts[-1] in _UNITS:
        parts = parts[:-1] or parts
    # The last word names the thing: a tax rate is a rate, a total price a price.
    for word in reversed(parts):
        if word in _AVERAGED:
            return "average"
        if word in _SUMMED:
            return "average" if parts[0] in ("average", "avg", "mean", "unit", "max", "min") else "sum"
        if word in _UNCOUNTED:
            return "number"
    return "number"


def is_category(values: Sequence[Any]) -> bool:
    distinct = set(values)
    return (
        1 < len(distinct) <= MOST_VALUES
        and len(values) >= _ROWS_PER_VALUE * len(distinct)
        and all(isinstance(each, str) and 0 < len(each) <= _LONGEST_VALUE for each in distinct)
    )


def written_time(values: Sequence[Any]) -> DataType | None:
    """The datatype of texts that are all dates or all moments, as SQLite keeps them."""
    if not values or not all(isinstance(each, str) for each in values):
        return None
    if all(_DATE.fullmatch(each) for each in values):
        return DataType.DATE
    return DataType.DATETIME if all(_MOMENT.fullmatch(each) for each in values) else None


def number_format(words: str, values: Sequence[Any]) -> tuple[str, str]:
    """The format and the unit."""
    parts = words.split()
    unit = parts[-1].upper() if parts[-1] in _UNITS else ""
    if _PERCENT.intersection(parts):
        shares = all(isinstance(v, int | float | Decimal) and -1 <= v <= 1 for v in values)
        return ("percent" if values and shares else "number"), ""
    if _MONEY.intersection(parts) or unit:
        return "money", unit
    return ("duration" if _DURATION.intersection(parts) else "number"), ""

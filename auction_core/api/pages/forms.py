"""What people type, and what is said beside the field when it cannot be taken."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from auction_core.api.pages.render import euros, new_key
from auction_core.errors import (
    AuctionError,
    BidAboveBuyNow,
    BidTooLow,
    DatabaseUnreachable,
    EmailTaken,
    IdempotencyConflict,
    InvalidRequest,
    OutcomeUnknown,
    TooBusy,
    UsernameTaken,
)

# No thousands separators: 1,250 is a thousand to some and one euro and a quarter to others.
_AMOUNT = re.compile(r"[0-9]{1,10}(?:[.,][0-9]{1,2})?")
HOW_TO_WRITE = "Write the amount like 1250 or 12.75."
_SENT_BEFORE = "This form was sent before with other values. Look at what stands now, then send it again."
_AGAIN = "The database did not answer in time. Send it again: it counts only once."


@dataclass(frozen=True, slots=True)
class Form:
    """`values` as typed, `problems` by field name ("" is the whole form), `key` for the next sending."""

    values: Mapping[str, str] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)
    key: str = field(default_factory=new_key)
    status: int = 200

    def value(self, name: str, otherwise: str = "") -> str:
        return self.values.get(name, otherwise)

    def problem(self, name: str) -> str:
        return self.problems.get(name, "")


def amount_of_text(text: str, name: str) -> Decimal:
    """Raises InvalidRequest, with how to write an amount."""
    plain = text.replace("€", "").replace("\u00a0", "").replace("\u202f", "").replace(" ", "")
    if not _AMOUNT.fullmatch(plain):
        raise InvalidRequest(name, HOW_TO_WRITE)
    return Decimal(plain.replace(",", "."))


def optional_amount(text: str, name: str) -> Decimal | None:
    return amount_of_text(text, name) if text.strip() else None


def refused(error: AuctionError, values: Mapping[str, str], key: str, names: Mapping[str, str] | None = None) -> Form:
    """The form again, as it was typed. `names` are the fields by what the core calls them.

    A form whose outcome is unknown keeps its key: sent again, it cannot count twice.
    """
    if isinstance(error, OutcomeUnknown | DatabaseUnreachable):
        said = error.user_message if isinstance(error, TooBusy) else _AGAIN
        return Form(values, {"": said}, key, 503)
    name, said, status = _words(error)
    name = (names or {}).get(name, name)
    known = name if name in values else ""
    return Form(values, {known: said}, new_key(), status)


def _words(error: AuctionError) -> tuple[str, str, int]:
    match error:
        case BidTooLow():
            return "amount", f"The least that counts now is {euros(error.minimum)}.", 409
        case BidAboveBuyNow():
            return "amount", f"Nobody has to pay more than the buy-now price of {euros(error.buy_now_price)}.", 409
        case InvalidRequest(field=name, problem=problem):
            is_sentence = problem[:1].isupper()
            return name, problem if is_sentence else f"This {problem}.", 422
        case IdempotencyConflict():
            return "", _SENT_BEFORE, 409
        case UsernameTaken():
            return "username", error.user_message, 409
        case EmailTaken():
            return "email", error.user_message, 409
    return "", error.user_message, 409

"""The values that requests are made of: what is taken, and how the description says so."""

import re
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from fastapi import Header, Path, Query
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from auction_core.tables import LARGEST_ID

# Ten digits before the point, as DECIMAL(12,2) has. A number in JSON is a binary fraction to most programs, so an
# amount is text: "12.50", "12.5" or "12".
_AMOUNT = r"^[0-9]{1,10}(\.[0-9]{1,2})?$"
_WHOLE = re.compile("[0-9]{1,10}")
# RFC 3339 with an offset; Python reads much that others do not.
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)


def _amount(written: object) -> Decimal:
    if not isinstance(written, str):
        raise ValueError('must be text such as "12.50"')
    if not re.fullmatch(_AMOUNT.strip("^$"), written):
        raise ValueError("must be an amount with at most ten digits and two decimals")
    amount = Decimal(written)
    if not amount:
        raise ValueError("must be above zero")
    return amount


def _id(written: object) -> object:
    """From a path or a query: digits, and nothing else that Python takes for a number."""
    if isinstance(written, str) and not _WHOLE.fullmatch(written):
        raise ValueError("must be a whole number")
    return written


def _moment(written: object) -> object:
    if not isinstance(written, str) or not _MOMENT.fullmatch(written):
        raise ValueError("must be a time with its offset, such as 2026-07-01T18:00:00Z")
    return written


def _in_range(moment: datetime) -> datetime:
    """Years that every database keeps, in whatever zone."""
    if not 2000 <= moment.year < 2200:
        raise ValueError("must be between the years 2000 and 2199")
    return moment


Amount = Annotated[
    Decimal,
    BeforeValidator(_amount),
    WithJsonSchema({"type": "string", "pattern": _AMOUNT, "examples": ["12.50"]}),
]
Moment = Annotated[
    AwareDatetime,
    BeforeValidator(_moment),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-07-01T18:00:00Z"]}),
]
BodyId = Annotated[int, Field(strict=True, ge=1, le=LARGEST_ID)]
ListingId = Annotated[int, BeforeValidator(_id), Path(ge=1, le=LARGEST_ID, description="The listing's id.")]
UserId = Annotated[int, BeforeValidator(_id), Path(ge=1, le=LARGEST_ID, description="The user's id.")]
QueryId = Annotated[int | None, BeforeValidator(_id), Query(ge=1, le=LARGEST_ID)]
Words = Annotated[str | None, Query(max_length=100, description="Words that are all in the title.")]
Cursor = Annotated[str | None, Query(max_length=200, description="`next_cursor` of the page before.")]
Limit = Annotated[int, BeforeValidator(_id), Query(ge=1, le=100, description="How many at most.")]
IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=64,
        pattern=r"^[!-~]+$",
        description="Made up by the caller for each write, the same when the request is repeated: a write that was "
        "done is then not done again, and its first answer is given again.",
        examples=["7f9c24e5-2c1b-4b6e-9d1a-0a4f6f7c2b11"],
    ),
]


class Body(BaseModel):
    """A request's body. What is not described is refused: a misspelt field must not be ignored."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


def example(**values: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [values]})


class NewUser(Body):
    model_config = example(
        username="anna_k",
        email="anna@example.org",
        password="correct horse battery",  # noqa: S106 - an example
        full_name="Anna Kowalska",
        country="PL",
    )

    username: str = Field(min_length=3, max_length=40, description="a to z, digits and underscores.")
    email: str = Field(max_length=120)
    password: str = Field(min_length=10, max_length=128, repr=False)
    full_name: str = Field(min_length=1, max_length=80)
    country: str = Field(pattern="^[A-Za-z]{2}$", description="ISO 3166, two letters.")


class Login(Body):
    model_config = example(username="anna_k", password="correct horse battery")  # noqa: S106 - an example

    username: str = Field(min_length=1, max_length=120)
    password: str = Field(min_length=1, max_length=1024, repr=False)


class NewListing(Body):
    model_config = example(
        category_id=2,
        title="Vintage Omega Seamaster 1968, steel",
        description="Runs well; the strap is new.",
        item_condition="good",
        starting_price="120.00",
        reserve_price="200.00",
        buy_now_price="450.00",
        ends_at="2026-07-01T18:00:00Z",
    )

    category_id: BodyId
    title: str = Field(min_length=1, max_length=120)
    description: str = Field(max_length=10_000)
    item_condition: Literal["new", "like_new", "good", "fair"]
    starting_price: Amount
    reserve_price: Amount | None = Field(None, description="Below it nothing is sold. Nobody else sees it.")
    buy_now_price: Amount | None = None
    starts_at: Moment | None = Field(None, description="Now, if none.")
    ends_at: Moment

    def values(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in type(self).model_fields}


class NewBid(Body):
    model_config = example(amount="12.50")

    amount: Amount


class NewComment(Body):
    model_config = example(body="Is the box included?")

    body: str = Field(min_length=1, max_length=2000)


class NewPayment(Body):
    model_config = example(method="card")

    method: Literal["card", "paypal", "bank_transfer", "wallet"] | None = Field(
        None, description="None keeps the one that the payment has."
    )
    status: Literal["paid", "failed", "refunded"] = "paid"


class NewReview(Body):
    model_config = example(rating=5, body="Quick and friendly.")

    rating: int = Field(strict=True, ge=1, le=5)
    body: str = Field(max_length=2000)

"""Parts of the API that need no database: settings, problems, examples."""

import inspect
from datetime import datetime, timedelta

import pytest
from pydantic import BaseModel, TypeAdapter

from auction_core import errors, reading, results
from auction_core.api import examples
from auction_core.api.documentation import BY_CODE
from auction_core.api.problems import problem_of
from auction_core.api.routes.users import Token
from auction_core.api.settings import read_settings, variable
from auction_core.errors import AuctionError, Refused, WriteRefused
from auction_core.reading import ListingChanges

_NOT_RAISED = {"refused", "not_found", "not_allowed", "conflict"}


def test_every_refusal_of_the_core_is_a_documented_problem_with_a_status() -> None:
    kinds = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, AuctionError)]
    codes = {kind.code for kind in kinds if hasattr(kind, "code")} - _NOT_RAISED
    assert codes <= set(BY_CODE)
    assert all(
        problem.status < 500 for code, problem in BY_CODE.items() if code in codes - {"too_busy", "outcome_unknown"}
    )


def test_statuses_follow_the_kind_of_refusal() -> None:
    statuses = {
        errors.ListingNotFound(): 404,
        errors.SellerCannotBid(): 403,
        errors.ListingClosed(): 409,
        errors.InvalidRequest("amount", "must be"): 422,
        errors.IdempotencyConflict(): 422,
        errors.TooBusy(): 503,
        errors.OutcomeUnknown("x"): 503,
        errors.DatabaseUnreachable("password=secret"): 503,
        WriteRefused("x"): 422,
    }
    for error, status in statuses.items():
        assert problem_of(error).status == status, error
    assert "secret" not in str(problem_of(errors.DatabaseUnreachable("password=secret")).body)


@pytest.mark.parametrize(
    ("example", "kind"),
    [
        (examples.LISTING, reading.ListingPage),
        (examples.PLACED, results.PlacedBid),
        (examples.BOUGHT, results.PlacedBid),
        (examples.OPENED, results.OpenedListing),
        (examples.CANCELLED, results.CancelledListing),
        (examples.PAID, results.RecordedPayment),
        (examples.COMMENTED, results.AddedComment),
        (examples.WATCHING, results.Watching),
        (examples.REVIEWED, results.LeftReview),
        (examples.REGISTERED, results.RegisteredUser),
        (examples.TOKEN, Token),
        (examples.ACCOUNT, reading.Account),
        (examples.PROFILE, reading.Profile),
        (examples.page(examples.CARD), reading.Page[reading.ListingCard]),
        (examples.page(examples.BID_LINE), reading.Page[reading.BidLine]),
        (examples.page(examples.MY_BID), reading.Page[reading.MyBid]),
        (examples.page(examples.MY_WATCH), reading.Page[reading.MyWatch]),
        (examples.page(examples.MY_SALE), reading.Page[reading.MySale]),
        (examples.page(examples.MY_PAYMENT), reading.Page[reading.MyPayment]),
    ],
)
def test_an_example_is_exactly_what_such_an_answer_looks_like(example: object, kind: type[BaseModel]) -> None:
    adapter = TypeAdapter(kind)
    assert adapter.dump_python(adapter.validate_python(example), mode="json") == example


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("token_secret", "too short"),
        ("rate_reads", "many"),
        ("threads", "0"),
        ("secure_cookies", "perhaps"),
        ("sniping_window_seconds", "-1"),
    ],
)
def test_a_variable_that_is_not_usable_is_named_and_not_repeated(field: str, value: str) -> None:
    with pytest.raises(Refused) as refused:
        read_settings({variable(field): value})
    assert variable(field) in refused.value.user_message
    assert field == "rate_reads" or value not in refused.value.user_message


def test_settings_keep_secrets_out_of_their_repr_and_make_the_rules() -> None:
    settings = read_settings(
        {
            "AUCTION_TOKEN_SECRET": "s" * 40,
            "AUCTION_DATABASE_URL": "postgresql://auction:hush@db/auction",
            "AUCTION_SNIPING_WINDOW_SECONDS": "60",
            "AUCTION_TRUSTED_PROXIES": "10.0.0.1, 10.1.0.0/16",
            "AUCTION_SOMEBODY_ELSES": "x",
        }
    )
    assert "sss" not in repr(settings)
    assert "hush" not in repr(settings)
    assert settings.trusted_proxies == ("10.0.0.1", "10.1.0.0/16")
    sniping = settings.rules().sniping
    assert sniping is not None
    assert (sniping.window, sniping.extension) == (timedelta(minutes=1), timedelta(minutes=2))
    assert read_settings({}).rules().sniping is None


def test_the_streams_example_tells_fields_that_it_has() -> None:
    assert {"listing_id", "status", "is_open", "current_bid", "bid_count", "minimum_next_bid"} <= set(
        ListingChanges.model_fields
    )
    assert datetime.fromisoformat(examples.BID_LINE["placed_at"]).utcoffset() == timedelta()

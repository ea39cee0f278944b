"""Seller and winner review each other."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from auction_core.errors import (
    AlreadyReviewed,
    IdempotencyConflict,
    InvalidRequest,
    ListingNotFound,
    ListingNotSold,
    NotYourSale,
)
from auction_core.events import ReviewLeft
from auction_core.results import LeftReview
from auction_core.store import Store
from auction_core.tables import Review
from tests.integration.auction_core.evidence import (
    assert_invariants,
    event_types,
    events_of,
    nothing_written,
    refusal,
    row_of,
    sqlite_world,
)
from tests.integration.auction_core.test_payments_recorded import WINNER, sold
from tests.integration.auction_core.world import SELLER, World


def test_both_parties_review_each_other_once(world: World) -> None:
    listing_id = sold(world)
    store = Store(world.engine)
    text = "Wie beschrieben \U0001f44d"
    given = store.leave_review(reviewer_id=WINNER, listing_id=listing_id, rating=5, body=text, key="r")
    assert (given.reviewee_id, given.rating) == (SELLER, 5)
    row = row_of(world.engine, Review, id=given.review_id)
    assert (row.listing_id, row.reviewer_id, row.reviewee_id, row.body) == (listing_id, WINNER, SELLER, text)
    with nothing_written(world.engine):
        repeated = store.leave_review(reviewer_id=WINNER, listing_id=listing_id, rating=5, body=text, key="r")
        assert repeated == given
    refusal(
        world.engine,
        IdempotencyConflict,
        lambda: store.leave_review(reviewer_id=WINNER, listing_id=listing_id, rating=1, body=text, key="r"),
    )
    refusal(
        world.engine,
        AlreadyReviewed,
        lambda: store.leave_review(reviewer_id=WINNER, listing_id=listing_id, rating=1, body=text, key="other"),
    )
    answer = store.leave_review(reviewer_id=SELLER, listing_id=listing_id, rating=4, body="", key="r")
    assert answer.reviewee_id == WINNER
    assert events_of(world.engine)[-2:] == [
        ReviewLeft(reviewer_id=WINNER, **given.model_dump()),
        ReviewLeft(reviewer_id=SELLER, **answer.model_dump()),
    ]
    assert_invariants(world.engine)


def test_only_the_parties_of_a_sold_listing_review(world: World) -> None:
    listing_id, open_ = sold(world), world.listing()
    store = Store(world.engine)
    for kind, reviewer, where in (
        (NotYourSale, 3, listing_id),
        (NotYourSale, 999_999, listing_id),
        (ListingNotSold, SELLER, open_),
        (ListingNotFound, SELLER, 999_999),
    ):
        refusal(
            world.engine,
            kind,
            lambda r=reviewer, w=where: store.leave_review(reviewer_id=r, listing_id=w, rating=5, body="", key="k"),
        )


@pytest.mark.parametrize("rating", [0, 6, True, "5", 4.0, None])
def test_a_rating_is_one_to_five(tmp_path: Path, rating: Any) -> None:
    world = sqlite_world(tmp_path)
    write = lambda: Store(world.engine).leave_review(  # noqa: E731
        reviewer_id=1, listing_id=1, rating=rating, body="", key="k"
    )
    assert refusal(world.engine, InvalidRequest, write).field == "rating"


def test_reviews_at_the_same_moment_leave_one(world: World) -> None:
    listing_id = sold(world)
    store = Store(world.engine)

    def review(number: int) -> LeftReview | AlreadyReviewed:
        try:
            return store.leave_review(reviewer_id=WINNER, listing_id=listing_id, rating=3, body="", key=f"k{number}")
        except AlreadyReviewed as refused:
            return refused

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(review, range(6)))
    assert sum(isinstance(answer, LeftReview) for answer in answers) == 1
    with world.engine.begin() as connection:
        assert connection.scalar(select(func.count()).select_from(Review)) == 1
    assert event_types(world.engine).count("review_left") == 1
    assert_invariants(world.engine)

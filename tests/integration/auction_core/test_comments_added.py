"""Comments on listings."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from auction_core.errors import IdempotencyConflict, InvalidRequest, ListingNotFound, UserInactive, UserNotFound
from auction_core.events import CommentAdded
from auction_core.store import Store
from auction_core.tables import Comment, User
from tests.integration.auction_core.evidence import (
    assert_invariants,
    events_of,
    nothing_written,
    refusal,
    row_of,
    sqlite_world,
)
from tests.integration.auction_core.world import SELLER, World


def test_a_comment_is_kept_as_it_was_written_and_once(world: World) -> None:
    listing_id = world.listing()
    store = Store(world.engine)
    body = "Läuft sie? \U0001f914\nشكرا"
    added = store.add_comment(user_id=2, listing_id=listing_id, body=f" {body}\n", key="say")
    row = row_of(world.engine, Comment, id=added.comment_id)
    assert (row.listing_id, row.user_id, row.body) == (listing_id, 2, body)
    with nothing_written(world.engine):
        assert store.add_comment(user_id=2, listing_id=listing_id, body=body, key="say") == added
    assert events_of(world.engine) == [
        CommentAdded(comment_id=added.comment_id, listing_id=listing_id, user_id=2, created_at=added.created_at)
    ]
    refusal(
        world.engine,
        IdempotencyConflict,
        lambda: store.add_comment(user_id=2, listing_id=listing_id, body="Other", key="say"),
    )
    another = store.add_comment(user_id=2, listing_id=listing_id, body=body, key="say-it-again")
    assert another.comment_id != added.comment_id
    assert_invariants(world.engine)


def test_a_comment_needs_a_listing_and_an_active_user(world: World) -> None:
    listing_id, draft = world.listing(), world.listing(status="draft")
    store = Store(world.engine)
    with world.engine.begin() as connection:
        connection.execute(update(User).where(User.id == 5).values(is_active=False))
    for kind, user_id, where in (
        (ListingNotFound, 2, 999_999),
        (ListingNotFound, 2, draft),
        (UserNotFound, 999_999, listing_id),
        (UserInactive, 5, listing_id),
    ):
        refusal(
            world.engine, kind, lambda u=user_id, w=where: store.add_comment(user_id=u, listing_id=w, body="?", key="k")
        )
    assert store.add_comment(user_id=SELLER, listing_id=draft, body="Notes", key="k").listing_id == draft


@pytest.mark.parametrize("body", ["", " \n\t", "\u200b", "a" * 2_001, "nul\0", "half \ud83d", "bell\a", 7, None, b"x"])
def test_a_comment_is_visible_text_of_bounded_length(tmp_path: Path, body: Any) -> None:
    world = sqlite_world(tmp_path)
    write = lambda: Store(world.engine).add_comment(user_id=2, listing_id=1, body=body, key="k")  # noqa: E731
    assert refusal(world.engine, InvalidRequest, write).field == "body"


def test_the_longest_comment_fits(world: World) -> None:
    body = "\U0001f9ff" * 2_000
    added = Store(world.engine).add_comment(user_id=2, listing_id=world.listing(), body=body, key="long")
    assert row_of(world.engine, Comment, id=added.comment_id).body == body

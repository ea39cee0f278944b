"""What holds for each store: in memory, in SQLite, in MySQL or MariaDB, and in PostgreSQL."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from threading import Barrier, Thread
from types import MappingProxyType

import pytest

from streamlit_app.store.base import BoardFilters, Request, Store
from streamlit_app.store.errors import BoardChanged, NotYours, StoreError, TooMuch
from streamlit_app.store.limits import MOST_BOARDS, MOST_CONVERSATIONS, MOST_TILES, TITLE_CHARS, utc_now
from tests.integration.store.conftest import ANNA, BEN, HARD, a_board, an_answer, kept

LONG = "x" * 65
FOREIGN_IDS = ["", LONG, "a b", "a' OR '1'='1", "a\0b", "é", "a ", "../a", "🦄"]


def test_an_answer_comes_back_as_it_was_kept(store: Store) -> None:
    one = kept("c1")
    store.keep(ANNA, one)
    assert list(store.answers(ANNA, "c1")) == [one]
    assert store.answer(ANNA, one.answer.id) == one


def test_answers_stand_in_the_order_of_their_numbers(store: Store) -> None:
    for number in (1_800_000_000_002, 3, 1_800_000_000_001):
        store.keep(ANNA, kept("c1", number))
    assert [each.number for each in store.answers(ANNA, "c1")] == [3, 1_800_000_000_001, 1_800_000_000_002]


def test_an_answer_with_the_same_number_takes_its_place(store: Store) -> None:
    store.keep(ANNA, kept("c1", 1, "before"))
    after = kept("c1", 1, "after")
    store.keep(ANNA, after)
    assert list(store.answers(ANNA, "c1")) == [after]


def test_the_newest_conversation_is_listed_first_with_its_first_question_and_its_count(store: Store) -> None:
    now = utc_now()
    store.keep(ANNA, kept("old", 1, HARD, at=now - timedelta(hours=2)))
    store.keep(ANNA, kept("new", 1, "n", at=now - timedelta(hours=1)))
    assert [head.id for head in store.conversations(ANNA)] == ["new", "old"]
    store.keep(ANNA, kept("old", 2, "later", at=now))
    heads = store.conversations(ANNA)
    assert next((head.id, head.title, head.answers, head.at) for head in heads) == ("old", HARD, 2, now)
    assert len(store.conversations(ANNA, limit=1)) == 1


def test_nobody_sees_what_is_anothers(store: Store) -> None:
    one = kept("c1")
    store.keep(ANNA, one)
    for other in (BEN, ANNA.upper(), f"{ANNA} ", f" {ANNA}", "", ANNA + "\0"):
        assert not store.conversations(other)
        assert not store.answers(other, "c1")
        assert store.answer(other, one.answer.id) is None
        store.rename_conversation(other, "c1", "mine now")
        store.delete_conversation(other, "c1")
    assert [head.title for head in store.conversations(ANNA)] == [HARD]


def test_two_people_may_have_conversations_of_the_same_id(store: Store) -> None:
    store.keep(ANNA, kept("c1", 1, "of Anna"))
    store.keep(BEN, kept("c1", 1, "of Ben"))
    store.delete_conversation(BEN, "c1")
    assert [each.request.text for each in store.answers(ANNA, "c1")] == ["of Anna"]
    assert not store.answers(BEN, "c1")


def test_a_conversation_is_renamed_for_good(store: Store) -> None:
    store.keep(ANNA, kept("c1"))
    store.rename_conversation(ANNA, "c1", f"  {HARD}\n two  ")
    store.keep(ANNA, kept("c1", 2))
    assert store.conversations(ANNA)[0].title == f"{HARD} two"


def test_a_title_that_is_too_long_is_cut_and_says_so(store: Store) -> None:
    store.keep(ANNA, kept("c1", 1, "🦄" * 500))
    title = store.conversations(ANNA)[0].title
    assert len(title) == TITLE_CHARS
    assert title.endswith("…")
    assert store.answers(ANNA, "c1")[0].request.text == "🦄" * 500


def test_a_deleted_conversation_is_gone_at_once_and_comes_back(store: Store) -> None:
    one = kept("c1")
    store.keep(ANNA, one)
    store.delete_conversation(ANNA, "c1")
    assert not store.conversations(ANNA)
    assert not store.answers(ANNA, "c1")
    assert store.answer(ANNA, one.answer.id) is None
    store.restore_conversation(BEN, "c1")
    assert not store.conversations(ANNA)
    store.restore_conversation(ANNA, "c1")
    assert list(store.answers(ANNA, "c1")) == [one]


def test_a_conversation_that_goes_on_after_it_was_deleted_is_there_again(store: Store) -> None:
    store.keep(ANNA, kept("c1", 1))
    store.delete_conversation(ANNA, "c1")
    store.keep(ANNA, kept("c1", 2))
    assert [each.number for each in store.answers(ANNA, "c1")] == [1, 2]


def test_a_list_of_conversations_is_bounded(store: Store) -> None:
    now = utc_now()
    for number in range(MOST_CONVERSATIONS + 3):
        store.keep(ANNA, kept(f"c{number}", at=now + timedelta(seconds=number)))
    heads = store.conversations(ANNA, limit=10_000)
    assert next(head.id for head in heads) == f"c{MOST_CONVERSATIONS + 2}"
    assert len(heads) == MOST_CONVERSATIONS


@pytest.mark.parametrize("foreign", FOREIGN_IDS)
def test_an_id_that_the_app_never_made_finds_nothing_and_is_not_kept(store: Store, foreign: str) -> None:
    assert not store.answers(ANNA, foreign)
    assert store.answer(ANNA, foreign) is None
    assert store.board(ANNA, foreign) is None
    for change in (store.delete_conversation, store.restore_conversation, store.delete_board, store.restore_board):
        change(ANNA, foreign)
    store.rename_conversation(ANNA, foreign, "x")
    for refused in (
        lambda: store.keep(ANNA, kept(foreign)),
        lambda: store.keep(ANNA, kept("c1", answer=replace(an_answer(), id=foreign))),
        lambda: store.save_board(ANNA, replace(a_board(), id=foreign)),
        lambda: store.set_preference(ANNA, foreign, "x"),
    ):
        with pytest.raises(TooMuch):
            refused()
    assert not store.conversations(ANNA)


def test_a_board_comes_back_as_it_was_saved(store: Store) -> None:
    filters = BoardFilters(
        date(2026, 1, 1), date(2026, 6, 30), MappingProxyType({"orders.country": ("DE", HARD), "x.y": ()})
    )
    board = a_board(filters=filters, refresh_seconds=300)
    saved = store.save_board(ANNA, board)
    assert (saved.version, saved.owner) == (1, ANNA)
    assert saved.at is not None
    assert store.board(ANNA, board.id) == saved
    assert list(store.boards(ANNA)) == [saved]
    assert replace(saved, version=0, at=None) == board


def test_a_board_is_its_owners_whatever_it_says_of_itself(store: Store) -> None:
    assert store.save_board(BEN, a_board(owner=ANNA)).owner == BEN
    assert not store.boards(ANNA)


def test_a_board_is_read_by_others_only_while_it_is_shared(store: Store) -> None:
    private = store.save_board(ANNA, a_board())
    assert store.board(BEN, private.id) is None
    assert not store.boards(BEN)
    shared = store.save_board(ANNA, replace(private, shared="house"))
    assert store.board(BEN, shared.id) == shared
    assert list(store.boards(BEN)) == [shared]
    store.save_board(ANNA, replace(shared, shared="private"))
    assert store.board(BEN, shared.id) is None


def test_a_shared_board_cannot_be_changed_by_its_reader(store: Store) -> None:
    shared = store.save_board(ANNA, a_board(shared="house"))
    for attempt in (shared, replace(shared, version=0), replace(shared, version=7)):
        with pytest.raises(NotYours):
            store.save_board(BEN, attempt)
    with pytest.raises(NotYours):
        store.delete_board(BEN, shared.id)
    store.delete_board(ANNA, shared.id)
    store.restore_board(BEN, shared.id)
    assert store.board(ANNA, shared.id) is None


def test_an_older_version_of_a_board_does_not_overwrite_a_newer_one(store: Store) -> None:
    first = store.save_board(ANNA, a_board())
    second = store.save_board(ANNA, replace(first, name="second"))
    for old in (first, replace(first, version=0), replace(first, version=9)):
        with pytest.raises(BoardChanged):
            store.save_board(ANNA, replace(old, name="lost"))
    assert store.board(ANNA, first.id) == second


def test_a_board_that_was_deleted_meanwhile_does_not_come_back_by_saving(store: Store) -> None:
    saved = store.save_board(ANNA, a_board())
    store.delete_board(ANNA, saved.id)
    with pytest.raises(BoardChanged, match="deleted"):
        store.save_board(ANNA, saved)
    with pytest.raises(BoardChanged, match="deleted"):
        store.save_board(ANNA, a_board("never-there", version=3))
    store.restore_board(ANNA, saved.id)
    assert store.save_board(ANNA, saved).version == 2


def test_the_board_that_was_saved_last_is_listed_first(store: Store) -> None:
    saved = [store.save_board(ANNA, a_board(name)) for name in ("a", "b", "c")]
    store.save_board(ANNA, saved[0])
    assert [board.id for board in store.boards(ANNA)] == ["a", "c", "b"]


def test_a_board_holds_so_many_tiles_and_not_more(store: Store) -> None:
    tile = a_board().tiles[0]
    full = store.save_board(ANNA, a_board(tiles=(tile,) * MOST_TILES))
    assert len(full.tiles) == MOST_TILES
    with pytest.raises(TooMuch):
        store.save_board(ANNA, replace(full, tiles=(tile,) * (MOST_TILES + 1)))
    with pytest.raises(TooMuch):
        huge = replace(tile, request=Request("x" * 1_000_001))
        store.save_board(ANNA, replace(full, tiles=(huge,)))
    assert store.board(ANNA, full.id) == full


def test_somebody_has_so_many_boards_and_not_more(store: Store) -> None:
    empty = a_board(name="n", tiles=())
    for number in range(MOST_BOARDS):
        store.save_board(ANNA, replace(empty, id=f"b{number}"))
    with pytest.raises(TooMuch):
        store.save_board(ANNA, replace(empty, id="one-more"))
    store.save_board(BEN, replace(empty, id="of-ben"))
    store.delete_board(ANNA, "b7")
    store.save_board(ANNA, replace(empty, id="one-more"))
    assert len(store.boards(ANNA)) == MOST_BOARDS


def test_preferences_are_kept_for_each_person(store: Store) -> None:
    assert store.preferences(ANNA) == {}
    store.set_preference(ANNA, "language", "de")
    store.set_preference(ANNA, "language", "en")
    store.set_preference(ANNA, "note", f"{HARD}\0\n")
    assert store.preferences(ANNA) == {"language": "en", "note": f"{HARD}\0\n"}
    assert store.preferences(BEN) == {}
    with pytest.raises(TooMuch):
        store.set_preference(ANNA, "note", "x" * 2_001)


def test_many_threads_keep_into_one_conversation_and_none_is_lost(store: Store) -> None:
    start, problems = Barrier(8), []

    def work(worker: int) -> None:
        start.wait(30)
        for number in range(5):
            try:
                store.keep(ANNA, kept("c1", worker * 100 + number, "q"))
                store.conversations(ANNA)
            except StoreError as error:
                problems.append(error)

    threads = [Thread(target=work, args=(each,)) for each in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    assert problems == []
    assert store.conversations(ANNA)[0].answers == 40
    assert len({each.number for each in store.answers(ANNA, "c1")}) == 40


def test_of_many_threads_that_save_the_same_version_of_a_board_one_wins(store: Store) -> None:
    first = store.save_board(ANNA, a_board())
    start, outcomes = Barrier(8), []

    def work(worker: int) -> None:
        start.wait(30)
        try:
            outcomes.append(store.save_board(ANNA, replace(first, name=f"by {worker}")))
        except BoardChanged:
            outcomes.append(None)

    threads = [Thread(target=work, args=(each,)) for each in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    winners = [each for each in outcomes if each is not None]
    assert len(outcomes) == 8
    assert winners == [store.board(ANNA, first.id)]

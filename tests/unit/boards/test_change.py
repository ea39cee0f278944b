"""Changes of a board and the filters in its address."""

from __future__ import annotations

from datetime import date

import pytest

from nl2sql.plan.periods import Period
from streamlit_app.boards import change
from streamlit_app.boards.periods import PRESETS, days_of, from_query, narrowing, to_query
from streamlit_app.store.base import Board, BoardFilters, Request, Tile

TODAY = date(2026, 3, 31)
BOARD = Board("b", "Sales", "ann@example.com", tuple(Tile(each, each, Request(each)) for each in "xyz"), version=3)


def order(board: Board) -> str:
    return "".join(each.title for each in board.tiles)


@pytest.mark.parametrize(
    ("tile", "steps", "result"), [("x", 1, "yxz"), ("x", -1, "xyz"), ("z", -2, "zxy"), ("q", 1, "xyz")]
)
def test_a_tile_moves_and_stops_at_the_ends(tile: str, steps: int, result: str) -> None:
    assert order(change.moved(BOARD, tile, steps)) == result


def test_a_removed_tile_comes_back_to_its_place_and_only_once() -> None:
    removed = change.without_tile(BOARD, "y")
    assert order(removed) == "xz"
    back = change.with_tile_at(removed, BOARD.tiles[1], 1)
    assert back.tiles == BOARD.tiles
    assert change.with_tile_at(back, BOARD.tiles[1], 0) == back


def test_a_duplicate_stands_behind_its_tile_with_an_id_of_its_own() -> None:
    twice = change.tile_twice(BOARD, "y")
    assert order(twice) == "xyyz"
    assert len({each.id for each in twice.tiles}) == 4


def test_an_empty_name_or_title_changes_nothing() -> None:
    assert change.renamed(BOARD, "  ") == BOARD
    assert change.with_title(BOARD, "x", "") == BOARD


def test_a_long_name_is_cut() -> None:
    assert len(change.renamed(BOARD, "n" * 500).name) == change.MAX_NAME


def test_a_copy_is_private_and_its_owners() -> None:
    copied = change.copied(BOARD, "Mine", "bob@example.com")
    assert (copied.owner, copied.shared, copied.version) == ("bob@example.com", "private", 0)
    assert not {each.id for each in copied.tiles} & {each.id for each in BOARD.tiles}


@pytest.mark.parametrize(
    ("period", "start", "end"),
    [
        ("last_7_days", date(2026, 3, 25), TODAY),
        ("last_30_days", date(2026, 3, 2), TODAY),
        ("last_90_days", date(2026, 1, 1), TODAY),
        ("this_month", date(2026, 3, 1), date(2026, 3, 31)),
        ("last_month", date(2026, 2, 1), date(2026, 2, 28)),
        ("this_year", date(2026, 1, 1), date(2026, 12, 31)),
        ("last_year", date(2025, 1, 1), date(2025, 12, 31)),
    ],
)
def test_a_period_ends_today_or_with_its_calendar_unit(period: str, start: date, end: date) -> None:
    assert period in PRESETS
    assert days_of(BoardFilters(period=period), TODAY) == (start, end)


def test_both_days_of_a_filter_are_within() -> None:
    filters = narrowing(BoardFilters(date(2026, 1, 5), date(2026, 1, 6)), TODAY)
    assert filters.period is not None
    assert (filters.period.start, filters.period.end) == (date(2026, 1, 5), date(2026, 1, 7))


def test_a_filter_may_be_open_and_reach_the_last_day_there_is() -> None:
    assert narrowing(BoardFilters(start=date(2026, 1, 5), end=date.max), TODAY).period == Period(
        date(2026, 1, 5), None, ""
    )


@pytest.mark.parametrize(
    "filters",
    [
        BoardFilters(),
        BoardFilters(period="last_month", values={"users.country": ("DE", "a:b &=?")}),
        BoardFilters(date(2026, 1, 5), None),
        BoardFilters(None, date(2026, 1, 5), {"categories.name": ("Jewelry & Watches",)}),
    ],
)
def test_an_address_gives_the_filters_that_made_it(filters: BoardFilters) -> None:
    query = to_query(filters)
    assert from_query(query["period"][0], query.get("where", [])) == filters


def test_an_address_without_filters_is_told_from_one_that_has_none_on() -> None:
    assert from_query(None, []) is None
    assert from_query("all", []) == BoardFilters()


@pytest.mark.parametrize("period", ["2026-13-01..", "yesterday", "..", "9999-99-99..0", "", "__class__"])
def test_an_address_that_means_nothing_filters_nothing(period: str) -> None:
    assert from_query(period, ["nonsense", ":", "a:"]) == BoardFilters()


def test_days_the_wrong_way_round_are_put_in_order() -> None:
    assert from_query("2026-02-01..2026-01-01", []) == BoardFilters(date(2026, 1, 1), date(2026, 2, 1))

"""Changes of a board, each a pure function to another board. What names no tile of it changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import get_args
from uuid import uuid4

from streamlit_app.safe import shorten
from streamlit_app.store.base import Board, Tile, Width

MAX_NAME = 80
MAX_TITLE = 120
# Each is a query of its own; more than this nobody reads on one page.
MAX_TILES = 24
WIDTHS: tuple[Width, ...] = get_args(Width)


def new_board(name: str, owner: str, tiles: tuple[Tile, ...] = ()) -> Board:
    return Board(uuid4().hex, shorten(name, MAX_NAME), owner, tiles)


def new_id() -> str:
    """Of a tile: unique on its board."""
    return uuid4().hex[:12]


def with_tile(board: Board, tile: Tile) -> Board:
    return replace(board, tiles=(*board.tiles, tile))


def with_tile_at(board: Board, tile: Tile, place: int) -> Board:
    """At its former place; nothing happens where the board has it already."""
    if any(each.id == tile.id for each in board.tiles):
        return board
    return replace(board, tiles=(*board.tiles[:place], tile, *board.tiles[place:]))


def without_tile(board: Board, tile_id: str) -> Board:
    return replace(board, tiles=tuple(each for each in board.tiles if each.id != tile_id))


def renamed(board: Board, name: str) -> Board:
    """An empty name changes nothing."""
    return replace(board, name=shorten(name, MAX_NAME) or board.name)


def with_title(board: Board, tile_id: str, title: str) -> Board:
    told = shorten(title, MAX_TITLE)
    return _changed(board, tile_id, lambda tile: replace(tile, title=told or tile.title))


def with_width(board: Board, tile_id: str, width: Width) -> Board:
    return _changed(board, tile_id, lambda tile: replace(tile, width=width))


def moved(board: Board, tile_id: str, steps: int) -> Board:
    """`steps` places later, or earlier where they are negative; it stops at the ends."""
    place = next((index for index, each in enumerate(board.tiles) if each.id == tile_id), None)
    if place is None:
        return board
    others = [each for each in board.tiles if each.id != tile_id]
    others.insert(max(0, min(place + steps, len(others))), board.tiles[place])
    return replace(board, tiles=tuple(others))


def tile_twice(board: Board, tile_id: str) -> Board:
    """The tile once more, right behind itself."""
    tiles: list[Tile] = []
    for each in board.tiles:
        tiles += [each, replace(each, id=new_id())] if each.id == tile_id else [each]
    return replace(board, tiles=tuple(tiles))


def copied(board: Board, name: str, owner: str) -> Board:
    """A private board of the owner with the same tiles, filters and timer, not yet saved."""
    tiles = tuple(replace(each, id=new_id()) for each in board.tiles)
    fresh = new_board(name, owner, tiles)
    return replace(fresh, filters=board.filters, refresh_seconds=board.refresh_seconds)


def _changed(board: Board, tile_id: str, change: Callable[[Tile], Tile]) -> Board:
    return replace(board, tiles=tuple(change(each) if each.id == tile_id else each for each in board.tiles))

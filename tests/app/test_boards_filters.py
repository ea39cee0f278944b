"""Filters of a board over the seeded database: what a tile shows equals the same rows picked out by hand."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest

from nl2sql.bootstrap import build_pipeline
from nl2sql.pipeline import Pipeline
from nl2sql.settings import load_settings
from streamlit_app.boards.choices import filter_fields
from streamlit_app.boards.compute import Found, answer_tile
from streamlit_app.boards.periods import narrowing
from streamlit_app.services import Ready
from streamlit_app.signing_in.person import PERMISSIONS, Person
from streamlit_app.store.base import BoardFilters, Request, Tile
from streamlit_app.store.memory import MemoryStore

JUNE_TO_AUGUST = BoardFilters(date(2025, 6, 1), date(2025, 8, 31))
ELECTRONICS = {"categories.name": ("Electronics",)}
OF_ELECTRONICS = """listings.category_id IN (SELECT own.id FROM categories AS own
    JOIN categories AS parent ON parent.id = own.parent_id WHERE parent.name = 'Electronics')"""


@pytest.fixture(scope="module")
def pipeline(
    tiny_database: Path, write_config: Callable[[Path, Path], Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pipeline]:
    config = write_config(tmp_path_factory.mktemp("filters"), tiny_database)
    made = build_pipeline(load_settings({"NL2SQL_CONFIG": str(config)}))
    yield made
    made.close()


def ready(pipeline: Pipeline, role: str = "analyst", **attributes: str) -> Ready:
    person = Person("ann@example.com", "Ann", role, frozenset(PERMISSIONS), attributes=attributes)
    return Ready(pipeline, person, MemoryStore())


def tile(here: Ready, question: str, filters: BoardFilters) -> Found:
    ids = iter(range(9))
    wanted = narrowing(filters, here.pipeline.today)
    return answer_tile(Tile("t", question, Request(question)), wanted, here, False, lambda: f"id{next(ids)}")


def rows(found: Found) -> list[tuple[object, ...]]:
    assert found.answer.outcome == "answered", found.answer.headline
    assert found.answer.table is not None
    return [tuple(each.values()) for each in found.answer.table.table.to_pylist()]


@pytest.mark.parametrize(
    ("question", "filters", "by_hand"),
    [
        (
            "bids per month in 2025",
            JUNE_TO_AUGUST,
            """SELECT COUNT(*) FROM bids WHERE placed_at >= '2025-06-01' AND placed_at < '2025-09-01'
            GROUP BY strftime('%Y-%m', placed_at) ORDER BY strftime('%Y-%m', placed_at)""",
        ),
        (
            "GMV in 2025",
            BoardFilters(JUNE_TO_AUGUST.start, JUNE_TO_AUGUST.end, ELECTRONICS),
            f"""SELECT SUM(current_bid) FROM listings WHERE status = 'sold' AND {OF_ELECTRONICS}
            AND closed_at >= '2025-06-01' AND closed_at < '2025-09-01'""",
        ),
        (
            "number of bids",
            BoardFilters(values={"users.country": ("DE", "FR"), **ELECTRONICS}),
            f"""SELECT COUNT(*) FROM bids JOIN listings ON listings.id = bids.listing_id
            JOIN users ON users.id = bids.bidder_id WHERE users.country IN ('DE', 'FR') AND {OF_ELECTRONICS}""",
        ),
        (
            "number of users",
            BoardFilters(period="last_year"),
            "SELECT COUNT(*) FROM users WHERE created_at >= '2025-01-01' AND created_at < '2026-01-01'",
        ),
    ],
)
def test_a_filtered_tile_equals_the_rows_picked_out_by_hand(
    pipeline: Pipeline, tiny_database: Path, question: str, filters: BoardFilters, by_hand: str
) -> None:
    found = tile(ready(pipeline), question, filters)
    assert not found.not_applied
    with sqlite3.connect(tiny_database) as connection:
        expected = [float(value) for (value,) in connection.execute(by_hand)]
    connection.close()
    assert [float(str(row[-1])) for row in rows(found)] == pytest.approx(expected)
    assert expected != [float(str(row[-1])) for row in rows(tile(ready(pipeline), question, BoardFilters()))]


def test_the_receipt_shows_the_filters_because_it_is_read_off_the_sql(pipeline: Pipeline) -> None:
    filters = BoardFilters(JUNE_TO_AUGUST.start, JUNE_TO_AUGUST.end, ELECTRONICS)
    found = tile(ready(pipeline), "GMV in 2025", filters)
    assert found.answer.receipt is not None
    told = " ".join(line.text for line in found.answer.receipt.lines if line.kind in ("filter", "period"))
    assert "Electronics" in told
    assert "1 Jun – 31 Aug 2025" in told


def test_a_comparison_of_months_is_not_cut_and_says_so(pipeline: Pipeline) -> None:
    question = "How many bids last month compared with the month before?"
    found = tile(ready(pipeline), question, JUNE_TO_AUGUST)
    assert [each.why for each in found.not_applied] == ["compared"]
    assert rows(found) == rows(tile(ready(pipeline), question, BoardFilters()))


def test_a_country_that_could_be_that_of_two_people_is_not_guessed(pipeline: Pipeline) -> None:
    found = tile(ready(pipeline), "GMV in 2025", BoardFilters(values={"users.country": ("DE",)}))
    assert [(each.why, each.words) for each in found.not_applied] == [
        ("several_ways", "buyer country / seller country")
    ]


def test_a_verified_query_is_left_as_it_is_and_says_so(pipeline: Pipeline) -> None:
    found = tile(ready(pipeline), "Category scorecard last year", JUNE_TO_AUGUST)
    assert found.answer.outcome == "answered"
    assert found.unfiltered == "no_plan"


def test_the_same_tile_shows_each_role_its_own_rows(pipeline: Pipeline) -> None:
    all_of_it = rows(tile(ready(pipeline), "number of users by country", BoardFilters()))
    german = rows(tile(ready(pipeline, "country_manager", country="DE"), "number of users by country", BoardFilters()))
    assert len(all_of_it) > 1
    assert {row[0] for row in german} == {"DE"}


def test_only_fields_and_values_that_the_role_sees_are_offered(pipeline: Pipeline) -> None:
    fields = {each.name: each.words for each in filter_fields(ready(pipeline))}
    assert fields["users.country"]["DE"] == "Germany"
    assert "Electronics" in fields["categories.name"]
    assert "Phones" not in fields["categories.name"], "those of the top level, as the dataset says"
    assert "users.email" not in fields
    assert "users.username" not in fields, "more than anybody reads through"

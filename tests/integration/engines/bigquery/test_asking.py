"""The whole way of a question over the auction's rows in the stand-in, compared with the same rows in SQLite."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from nl2sql.bootstrap import build_pipeline
from nl2sql.pipeline import Pipeline
from nl2sql.question import Question
from nl2sql.settings import load_settings

if TYPE_CHECKING:
    from tests.fakes.bigquery.server import FakeBigQuery

pytestmark = pytest.mark.xdist_group("bigquery")
DATASET = "auction"
Pipelines = tuple[Pipeline, Pipeline]


@pytest.fixture(scope="module")
def pipelines(_started: FakeBigQuery, auction_database: Path, repository: Path) -> Iterator[Pipelines]:
    from tests.fakes.bigquery.loader import load_sqlite

    _started.warehouse.create_dataset(DATASET)
    load_sqlite(_started.warehouse, DATASET, auction_database)
    common = {"NL2SQL_CACHE": "off", "NL2SQL_LEDGER": "off", "NL2SQL_AS_OF": "2026-06-30"}
    urls = (_started.url.replace("/shop", f"/{DATASET}"), f"sqlite:///{auction_database}")
    made = [build_pipeline(load_settings({"NL2SQL_DATABASE": url, **common}, folder=repository)) for url in urls]
    yield made[0], made[1]


@pytest.mark.parametrize(
    "text",
    [
        "How many listings were sold last month?",
        "Revenue by month in 2025",
        "Average rating by category",
        "How many users by country?",
        "Which listings have the most bids?",
    ],
)
def test_the_same_question_has_the_same_answer(pipelines: Pipelines, text: str) -> None:
    big, lite = (pipeline.ask(Question.parse(text)) for pipeline in pipelines)
    assert (big.outcome, lite.outcome) == ("answered", "answered"), big.headline
    assert big.table is not None
    assert lite.table is not None
    assert big.table.table.equals(lite.table.table)
    assert big.headline == lite.headline


def test_types_of_the_copy_are_bigquerys(_started: FakeBigQuery, pipelines: Pipelines) -> None:
    columns = {
        (path[2], column.name): column.type
        for path, table in _started.warehouse.tables.items()
        for column in table.columns
        if path[1] == DATASET
    }
    assert columns["users", "is_active"] == "BOOL"
    assert columns["bids", "amount"] == "NUMERIC"
    assert columns["bids", "placed_at"] == "DATETIME"
    assert columns["bids", "listing_id"] == "INT64"
    assert columns["event_outbox", "payload"] == "JSON"
    assert columns["listings", "title"] == "STRING"

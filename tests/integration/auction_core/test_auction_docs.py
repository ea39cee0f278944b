"""The page about the auction database shows queries that run and find something."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from auction_core.seed.scale import SCALES
from auction_core.tables import TABLE_NAMES

PAGE = (Path(__file__).parents[3] / "docs" / "auction-core.md").read_text(encoding="utf-8")
QUERIES = re.findall(r"```sql\n(.+?)```", PAGE, flags=re.DOTALL)


def test_the_page_shows_a_query_for_each_story() -> None:
    assert len(QUERIES) == 9


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_of_the_page_finds_rows(ask_small: Callable[..., list[tuple]], query: str) -> None:
    assert ask_small(query)


def test_the_page_names_every_table_and_scale() -> None:
    assert [name for name in TABLE_NAMES if f"`{name}`" not in PAGE] == []
    for scale in SCALES.values():
        assert f"| {scale.name} | {scale.users:,} | {scale.listings:,} | {scale.bids:,} |" in PAGE
